// Package binary measures how well scores tell two kinds of samples apart: curves and areas, errors at a threshold, rates
// of a detector per hour. Positives are the samples that should score high.
package binary

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Scores are of the positive and the negative samples. Any finite range will do: only the order matters, but for DPrime.
type Scores struct{ Positive, Negative []float64 }

// Check refuses scores that are no numbers.
func (s Scores) Check() error {
	for _, v := range slices.Concat(s.Positive, s.Negative) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("a score is %v, which is no number", v)
		}
	}
	return nil
}

// Point is what happens at a threshold: samples with that score or more count as positive.
type Point struct {
	Threshold float64
	True      int // positives found
	False     int // negatives taken for positives
}

// Points gives a point for each score that occurs, from the highest, behind one at +Inf where nothing is found.
func (s Scores) Points() []Point {
	type sample struct {
		score    float64
		positive bool
	}
	all := make([]sample, 0, len(s.Positive)+len(s.Negative))
	for _, v := range s.Positive {
		all = append(all, sample{v, true})
	}
	for _, v := range s.Negative {
		all = append(all, sample{v, false})
	}
	slices.SortFunc(all, func(a, b sample) int { return cmp.Compare(b.score, a.score) })
	points := []Point{{Threshold: math.Inf(1)}}
	for i, a := range all {
		p := points[len(points)-1]
		p.Threshold = a.score
		if a.positive {
			p.True++
		} else {
			p.False++
		}
		if i > 0 && a.score == all[i-1].score { // equal scores are one step
			points[len(points)-1] = p
		} else {
			points = append(points, p)
		}
	}
	return points
}

// empty reports whether one of the kinds is missing, so that nothing can be told apart.
func (s Scores) empty() bool { return len(s.Positive) == 0 || len(s.Negative) == 0 }

// AUC is the area under the receiver operating characteristic, 0 to 1: the probability that a positive scores higher than a
// negative, equal scores counting half (Mann-Whitney). NaN without samples of both kinds.
func (s Scores) AUC() float64 { return s.area(1) }

// PartialAUC is the area up to a rate of false positives, standardized to 0.5 for chance and 1 for perfect (McClish 1989),
// as DCASE and MLPerf Tiny give pAUC with 0.1. NaN without samples of both kinds.
func (s Scores) PartialAUC(maxFalse float64) float64 {
	lowest := float64(0.5 * maxFalse * maxFalse)
	return 0.5 * (1 + (s.area(maxFalse)-lowest)/(maxFalse-lowest))
}

// area is that under the curve up to a rate of false positives, by trapezoids.
func (s Scores) area(maxFalse float64) float64 {
	if s.empty() {
		return math.NaN()
	}
	area, x0, y0 := 0.0, 0.0, 0.0
	for _, p := range s.Points()[1:] {
		x, y := float64(p.False)/float64(len(s.Negative)), float64(p.True)/float64(len(s.Positive))
		if x > maxFalse {
			at := y0 + float64((y-y0)*((maxFalse-x0)/(x-x0)))
			return area + float64((maxFalse-x0)*((y0+at)/2))
		}
		area, x0, y0 = area+float64((x-x0)*((y0+y)/2)), x, y
	}
	return area
}

// AveragePrecision is the area under precision over recall as a sum of steps, without interpolation, as scikit-learn's
// average_precision_score. NaN without positives.
func (s Scores) AveragePrecision() float64 {
	if len(s.Positive) == 0 {
		return math.NaN()
	}
	sum, before := 0.0, 0
	for _, p := range s.Points()[1:] {
		sum += float64(float64(p.True-before) / float64(len(s.Positive)) * (float64(p.True) / float64(p.True+p.False)))
		before = p.True
	}
	return sum
}

// F1 is the harmonic mean of precision and recall at a point, 0 if nothing is found.
func (s Scores) F1(p Point) float64 {
	if p.True == 0 {
		return 0
	}
	return float64(2*p.True) / float64(p.True+p.False+len(s.Positive))
}

// BestF1 is the point of the highest F1, the one with the highest threshold of several.
func (s Scores) BestF1() Point {
	best := Point{Threshold: math.Inf(1)}
	for _, p := range s.Points() {
		if s.F1(p) > s.F1(best) {
			best = p
		}
	}
	return best
}

// AtFalse is the point with the lowest threshold at which at most a share of the negatives (0 to 1) is taken for positives.
func (s Scores) AtFalse(share float64) Point {
	var at Point
	for _, p := range s.Points() {
		if float64(p.False) <= float64(share*float64(len(s.Negative)))+1e-9 {
			at = p
		}
	}
	return at
}

// EqualError is the rate at which as many positives are missed as negatives are taken for positives, between the two
// points around it. NaN without samples of both kinds.
func (s Scores) EqualError() float64 {
	if s.empty() {
		return math.NaN()
	}
	x0, y0 := 0.0, 1.0
	for _, p := range s.Points()[1:] {
		x, y := float64(p.False)/float64(len(s.Negative)), 1-float64(p.True)/float64(len(s.Positive))
		if x >= y {
			if d := (x - x0) + (y0 - y); d > 0 {
				return x0 + float64((x-x0)*((y0-x0)/d))
			}
			return x
		}
		x0, y0 = x, y
	}
	return x0
}

// DPrime is the distance of the means in units of the root of the mean of the variances. NaN without two of each kind.
func (s Scores) DPrime() float64 {
	if len(s.Positive) < 2 || len(s.Negative) < 2 {
		return math.NaN()
	}
	mp, vp := moments(s.Positive)
	mn, vn := moments(s.Negative)
	return (mp - mn) / math.Sqrt((vp+vn)/2)
}

// moments are the mean and the variance (of the sample, n-1).
func moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	for _, x := range v {
		variance += float64((x - mean) * (x - mean))
	}
	return mean, variance / float64(len(v)-1)
}
