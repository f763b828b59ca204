// Package coco measures detectors and pose models as the COCO benchmark does: average precision and recall over ten
// thresholds of overlap, three sizes of objects and three limits of detections per picture.
//
// It gives pycocotools' numbers (2.0.11, cocoeval.py; the rules are described at cocodataset.org, "Detection
// Evaluation") to the last digits, with two differences: an annotation may have the number 0, which pycocotools takes
// for "no match" without a word, and no detections at all are a result of 0 instead of an error.
package coco

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Box is left, top, width and height in pixels.
type Box [4]float64

// Area is the box's area in square pixels.
func (b Box) Area() float64 { return float64(b[2] * b[3]) }

// KeyPoint is a point in pixels. Of an annotation Visible is 0 (not labelled), 1 (hidden) or 2 (seen).
type KeyPoint struct{ X, Y, Visible float64 }

// Annotation is one thing that is really there.
type Annotation struct {
	Image, Category int
	Box             Box
	Area            float64 // of the thing itself, in square pixels, which its mask may make smaller than the box
	Crowd           bool    // many things in one box: any number of detections in it are neither right nor wrong
	Ignored         bool    // need not be found, and what finds it is neither right nor wrong (VOC's difficult)
	KeyPoints       []KeyPoint
}

// Detection is one thing that a model found.
type Detection struct {
	Image, Category int
	Box             Box
	Score           float64
	KeyPoints       []KeyPoint // Visible is not looked at
}

// Set is what is to be found: all pictures, also those without annotations, and all categories.
type Set struct {
	Images      []int
	Categories  []int
	Annotations []Annotation
}

// Kind is what of a thing is compared.
type Kind int

// Boxes are compared by intersection over union, key points by object key point similarity.
const (
	Boxes Kind = iota
	Poses
)

// The sizes of objects, by Annotation.Area: all; below 32²; 32² to 96²; above 96² square pixels.
const (
	All = iota
	Small
	Medium
	Large
	sizes
)

// sizeRanges are inclusive on both sides, as in pycocotools.
var sizeRanges = [sizes][2]float64{{0, 1e5 * 1e5}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e5 * 1e5}}

// Thresholds are the overlaps from which on a detection is right: 0.50 to 0.95 in steps of 0.05.
var Thresholds = linspace(0.5, 0.95, 10)

// recalls are where precision is read: 0 to 1 in steps of 0.01.
var recalls = linspace(0, 1, 101)

// linspace gives the values that numpy's gives, whose last bits decide about recalls that fall on one of them.
func linspace(from, to float64, n int) []float64 {
	step := (to - from) / float64(n-1)
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float64(i)*step) + from
	}
	v[n-1] = to
	return v
}

// sigmas are the spreads of people's 17 key points in COCO's order, nose to ankles, as COCO measured them.
var sigmas = [17]float64{.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089}

// Evaluation is the outcome, from which averages are taken.
type Evaluation struct {
	Categories []int
	MaxDets    []int // the limits of detections per category and picture
	// precision[t][r][k][a][m]: by threshold, recall, category, size and limit; -1: nothing of the category and size is there.
	precision []float64
	recall    []float64 // the same without r
	scores    []float64 // of the detections where precision is read, as precision
	best      []Best    // by category
}

// Best is the score threshold of a category with the highest F1 at an overlap of 0.5.
type Best struct{ Threshold, F1, Precision, Recall float64 }

// Best gives a category's (an index in Categories), of zeros when nothing of it was found.
func (e *Evaluation) Best(category int) Best { return e.best[category] }

// Evaluate compares what was found with what is there. Detections of equal score count in the order of detections.
// It fails for pictures and categories that the set does not have, and for scores and boxes that are no numbers.
func Evaluate(set Set, found []Detection, kind Kind) (*Evaluation, error) {
	e := &Evaluation{Categories: sorted(set.Categories), MaxDets: []int{1, 10, 100}}
	if kind == Poses {
		e.MaxDets = []int{20}
	}
	c := &comparison{kind: kind, maxDet: e.MaxDets[len(e.MaxDets)-1]}
	if err := c.read(set, found); err != nil {
		return nil, err
	}
	images := sorted(set.Images)
	nt, nk, nm := len(Thresholds), len(e.Categories), len(e.MaxDets)
	e.precision = filled(nt * len(recalls) * nk * sizes * nm)
	e.scores = filled(len(e.precision))
	e.recall = filled(nt * nk * sizes * nm)
	e.best = make([]Best, nk)
	for k, category := range e.Categories {
		pairs := c.pairs(images, category)
		for a := range sizes {
			if kind == Poses && a == Small {
				continue // COCO has no small people
			}
			matched := make([]*matches, len(pairs))
			for i, p := range pairs {
				matched[i] = p.match(sizeRanges[a])
			}
			for m, limit := range e.MaxDets {
				e.accumulate(matched, limit, k, a, m)
			}
		}
	}
	return e, nil
}

// Average is the mean of the precision (or, with recall, of the highest recall) over thresholds, categories and recalls.
type Average struct {
	Recall    bool
	Threshold float64 // one of Thresholds; 0: all
	Size      int     // All, Small, Medium or Large
	MaxDets   int     // one of Evaluation.MaxDets; 0: the highest
	Category  int     // index in Evaluation.Categories plus 1; 0: all
}

// Mean gives an average, 0 to 1; -1 when there is nothing of the kind in the set.
func (e *Evaluation) Mean(of Average) float64 {
	m := len(e.MaxDets) - 1
	if of.MaxDets != 0 {
		m = slices.Index(e.MaxDets, of.MaxDets)
	}
	if m < 0 {
		return -1
	}
	sum, n := 0.0, 0
	for t, threshold := range Thresholds {
		if of.Threshold != 0 && math.Abs(of.Threshold-threshold) > 1e-9 {
			continue
		}
		for k := range e.Categories {
			if of.Category != 0 && of.Category-1 != k {
				continue
			}
			if of.Recall {
				if v := e.recall[e.at(t, k, of.Size, m)]; v > -1 {
					sum, n = sum+v, n+1
				}
				continue
			}
			for r := range recalls {
				if v := e.precision[e.atRecall(t, r, k, of.Size, m)]; v > -1 {
					sum, n = sum+v, n+1
				}
			}
		}
	}
	if n == 0 {
		return -1
	}
	return sum / float64(n)
}

// Curve gives the precision at recalls of 0 to 1 in steps of 0.01, of a category (an index in Categories) at a threshold (an
// index in Thresholds) for all sizes, and the scores of the detections there. nil: nothing of it is in the set.
func (e *Evaluation) Curve(category, threshold int) (precision, scores []float64) {
	m := len(e.MaxDets) - 1
	for r := range recalls {
		at := e.atRecall(threshold, r, category, All, m)
		if e.precision[at] < 0 {
			return nil, nil
		}
		precision, scores = append(precision, e.precision[at]), append(scores, e.scores[at])
	}
	return precision, scores
}

func (e *Evaluation) at(t, k, a, m int) int {
	return ((t*len(e.Categories)+k)*sizes+a)*len(e.MaxDets) + m
}

func (e *Evaluation) atRecall(t, r, k, a, m int) int {
	return (((t*len(recalls)+r)*len(e.Categories)+k)*sizes+a)*len(e.MaxDets) + m
}

// Line is a row of the twelve (for poses ten) that COCO's tools print.
type Line struct {
	Name  string // "AP", "AP50", "APs", "AR10" and so on
	Value float64
}

// Lines are COCO's rows.
func (e *Evaluation) Lines() []Line {
	averages := []struct {
		name string
		of   Average
	}{
		{"AP", Average{}}, {"AP50", Average{Threshold: 0.5}}, {"AP75", Average{Threshold: 0.75}},
		{"APs", Average{Size: Small}}, {"APm", Average{Size: Medium}}, {"APl", Average{Size: Large}},
		{"AR1", Average{Recall: true, MaxDets: 1}}, {"AR10", Average{Recall: true, MaxDets: 10}}, {"AR100", Average{Recall: true, MaxDets: 100}},
		{"ARs", Average{Recall: true, Size: Small}}, {"ARm", Average{Recall: true, Size: Medium}}, {"ARl", Average{Recall: true, Size: Large}},
	}
	if len(e.MaxDets) == 1 { // poses
		averages = append(averages[:3:3], averages[4:6]...)
		for _, a := range slices.Clone(averages) {
			a.name, a.of.Recall = "AR"+a.name[2:], true
			averages = append(averages, a)
		}
	}
	lines := make([]Line, len(averages))
	for i, a := range averages {
		lines[i] = Line{a.name, e.Mean(a.of)}
	}
	return lines
}

func filled(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = -1
	}
	return v
}

func sorted(ids []int) []int {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// check refuses what cannot be compared.
func (d Detection) check(i int) error {
	for _, v := range append(d.Box[:], d.Score) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("detection %d of picture %d has a box or score that is no number: %v, score %v", i+1, d.Image, d.Box, d.Score)
		}
	}
	if cmp.Compare(d.Box[2], 0) < 0 || cmp.Compare(d.Box[3], 0) < 0 {
		return fmt.Errorf("detection %d of picture %d has a box of negative size: %v (left, top, width, height)", i+1, d.Image, d.Box)
	}
	return nil
}
