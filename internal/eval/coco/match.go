package coco

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// place is a picture and a category.
type place struct{ image, category int }

// comparison holds what is there and what was found, by place.
type comparison struct {
	kind   Kind
	maxDet int
	there  map[place][]Annotation
	found  map[place][]Detection
}

func (c *comparison) read(set Set, found []Detection) error {
	c.there, c.found = map[place][]Annotation{}, map[place][]Detection{}
	images, categories := known(set.Images), known(set.Categories)
	check := func(what string, i, image, category, points int) error {
		switch {
		case !images[image]:
			return fmt.Errorf("%s %d is of picture %d, which the set does not have", what, i+1, image)
		case !categories[category]:
			return fmt.Errorf("%s %d is of category %d, which the set does not have", what, i+1, category)
		case c.kind == Poses && points != len(sigmas):
			return fmt.Errorf("%s %d has %d key points: COCO's similarity is defined for its %d", what, i+1, points, len(sigmas))
		}
		return nil
	}
	for i, a := range set.Annotations {
		if err := check("annotation", i, a.Image, a.Category, len(a.KeyPoints)); err != nil {
			return err
		}
		p := place{a.Image, a.Category}
		c.there[p] = append(c.there[p], a)
	}
	for i, d := range found {
		if err := cmp.Or(check("detection", i, d.Image, d.Category, len(d.KeyPoints)), d.check(i)); err != nil {
			return err
		}
		p := place{d.Image, d.Category}
		c.found[p] = append(c.found[p], d)
	}
	return nil
}

func known(ids []int) map[int]bool {
	m := make(map[int]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// pair is what is there and what was found of a category in a picture, the best detections first, and how much they overlap.
type pair struct {
	kind    Kind
	there   []Annotation
	found   []Detection
	overlap [][]float64 // [detection][annotation], 0 to 1
}

func (c *comparison) pairs(images []int, category int) []*pair {
	var pairs []*pair
	for _, image := range images {
		p := &pair{kind: c.kind, there: c.there[place{image, category}], found: c.found[place{image, category}]}
		if len(p.there) == 0 && len(p.found) == 0 {
			continue
		}
		slices.SortStableFunc(p.found, func(a, b Detection) int { return cmp.Compare(b.Score, a.Score) })
		p.found = p.found[:min(len(p.found), c.maxDet)]
		for _, d := range p.found {
			row := make([]float64, len(p.there))
			for g, a := range p.there {
				if c.kind == Poses {
					row[g] = similarity(d, a)
				} else {
					row[g] = Overlap(d.Box, a)
				}
			}
			p.overlap = append(p.overlap, row)
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// Overlap is intersection over union; with a crowd, over the detection alone.
func Overlap(d Box, a Annotation) float64 {
	g := a.Box
	w := math.Min(d[2]+d[0], g[2]+g[0]) - math.Max(d[0], g[0])
	h := math.Min(d[3]+d[1], g[3]+g[1]) - math.Max(d[1], g[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	common := float64(w * h)
	all := d.Area()
	if !a.Crowd {
		all = all + g.Area() - common
	}
	return common / all
}

// similarity is COCO's object key point similarity: the mean of exp(-d²/(2·area·(2σ)²)) over the labelled points, d in
// pixels. Where no point is labelled, d is how far a point is outside of twice the box.
func similarity(d Detection, a Annotation) float64 {
	labelled := 0
	for _, p := range a.KeyPoints {
		if p.Visible > 0 {
			labelled++
		}
	}
	x0, x1 := a.Box[0]-a.Box[2], a.Box[0]+float64(a.Box[2]*2)
	y0, y1 := a.Box[1]-a.Box[3], a.Box[1]+float64(a.Box[3]*2)
	sum := 0.0
	for i, p := range a.KeyPoints {
		at := d.KeyPoints[i]
		var dx, dy float64
		if labelled > 0 {
			if p.Visible <= 0 {
				continue
			}
			dx, dy = at.X-p.X, at.Y-p.Y
		} else {
			dx = math.Max(0, x0-at.X) + math.Max(0, at.X-x1)
			dy = math.Max(0, y0-at.Y) + math.Max(0, at.Y-y1)
		}
		spread := float64(float64(sigmas[i]*2) * float64(sigmas[i]*2))
		sum += math.Exp(-float64((float64(dx*dx)+float64(dy*dy))/spread/(a.Area+epsilon)) / 2)
	}
	if labelled == 0 {
		labelled = len(a.KeyPoints)
	}
	return sum / float64(labelled)
}

// epsilon is numpy's spacing(1), which keeps 0/0 from being no number.
const epsilon = 2.220446049250313e-16

// matches is which detections of a pair are right, by threshold.
type matches struct {
	scores  []float64
	right   [][]bool // [threshold][detection]
	ignored [][]bool // the same: neither right nor wrong
	there   int      // annotations that must be found
}

// match pairs each detection, the best first, with the annotation of the highest overlap that is free. Crowds are never
// used up. What is outside of the range of areas neither must nor may not be found.
func (p *pair) match(area [2]float64) *matches {
	outside := func(v float64) bool { return v < area[0] || v > area[1] }
	order := make([]int, len(p.there)) // those that count come first
	skipped := make([]bool, len(p.there))
	m := &matches{}
	for g, a := range p.there {
		order[g] = g
		skipped[g] = a.Crowd || a.Ignored || outside(a.Area) || p.kind == Poses && unlabelled(a)
		if !skipped[g] {
			m.there++
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(toInt(skipped[a]), toInt(skipped[b])) })
	for _, d := range p.found {
		m.scores = append(m.scores, d.Score)
	}
	for _, threshold := range Thresholds {
		right, ignored := make([]bool, len(p.found)), make([]bool, len(p.found))
		taken := make([]bool, len(p.there))
		for d := range p.found {
			best, at := math.Min(threshold, 1-1e-10), -1
			for _, g := range order {
				if taken[g] && !p.there[g].Crowd {
					continue
				}
				if at >= 0 && !skipped[at] && skipped[g] {
					break // one that counts is better than any that does not
				}
				if p.overlap[d][g] < best {
					continue
				}
				best, at = p.overlap[d][g], g
			}
			if at >= 0 {
				right[d], ignored[d], taken[at] = true, skipped[at], true
			} else {
				ignored[d] = outside(p.found[d].area(p.kind))
			}
		}
		m.right, m.ignored = append(m.right, right), append(m.ignored, ignored)
	}
	return m
}

func unlabelled(a Annotation) bool {
	return !slices.ContainsFunc(a.KeyPoints, func(p KeyPoint) bool { return p.Visible > 0 })
}

// area is that of the box; of a pose, of the box around its points.
func (d Detection) area(kind Kind) float64 {
	if kind == Boxes {
		return d.Box.Area()
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range d.KeyPoints {
		x0, x1, y0, y1 = math.Min(x0, p.X), math.Max(x1, p.X), math.Min(y0, p.Y), math.Max(y1, p.Y)
	}
	return (x1 - x0) * (y1 - y0)
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// found is one detection of all pictures.
type found struct {
	score          float64
	right, ignored bool
}

// accumulate draws the curves of precision over recall for one category, size and limit.
func (e *Evaluation) accumulate(pairs []*matches, limit, k, a, m int) {
	there := 0
	for _, p := range pairs {
		there += p.there
	}
	if there == 0 {
		return
	}
	for t := range Thresholds {
		all := ranked(pairs, t, limit)
		recall, precision := curve(all, there)
		if t == 0 && a == All && m == len(e.MaxDets)-1 {
			e.best[k] = best(all, recall, precision)
		}
		last := 0.0
		if len(recall) > 0 {
			last = recall[len(recall)-1]
		}
		e.recall[e.at(t, k, a, m)] = last
		onlyFall(precision)
		for r, at := range recalls {
			i, _ := slices.BinarySearch(recall, at)
			p, score := 0.0, 0.0
			if i < len(precision) {
				p, score = precision[i], all[i].score
			}
			e.precision[e.atRecall(t, r, k, a, m)] = p
			e.scores[e.atRecall(t, r, k, a, m)] = score
		}
	}
}

// ranked are the detections of all pictures at a threshold, the best first.
func ranked(pairs []*matches, t, limit int) []found {
	var all []found
	for _, p := range pairs {
		for d := range min(limit, len(p.scores)) {
			all = append(all, found{p.scores[d], p.right[t][d], p.ignored[t][d]})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	return all
}

// curve gives recall and precision behind each detection.
func curve(all []found, there int) (recall, precision []float64) {
	recall, precision = make([]float64, len(all)), make([]float64, len(all))
	right, wrong := 0.0, 0.0
	for i, f := range all {
		if !f.ignored && f.right {
			right++
		} else if !f.ignored {
			wrong++
		}
		recall[i], precision[i] = right/float64(there), right/(wrong+right+epsilon)
	}
	return recall, precision
}

// onlyFall raises precision to the highest that follows at a higher recall.
func onlyFall(precision []float64) {
	for i := len(precision) - 1; i > 0; i-- {
		precision[i-1] = math.Max(precision[i-1], precision[i])
	}
}

// best is the threshold with the highest F1. Detections of one score are all taken or none.
func best(all []found, recall, precision []float64) (b Best) {
	for i, f := range all {
		if i+1 < len(all) && all[i+1].score == f.score {
			continue
		}
		if r, p := recall[i], precision[i]; r+p > 0 && 2*r*p/(r+p) > b.F1 {
			b = Best{f.score, 2 * r * p / (r + p), p, r}
		}
	}
	return b
}
