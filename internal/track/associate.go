package track

import (
	"slices"

	"corallite/internal/assignment"
	"corallite/internal/overlap"
	"corallite/pipeline"
)

// minIoUUnsure is the minimum overlap with a tentative object, from ByteTrack's implementation.
const minIoUUnsure = 0.3

// weight says how well a candidate fits an object; not at all at 0 and below.
type weight func(*object, *candidate) float64

// pick selects the objects for the next stage.
func (t *Tracker) pick(want func(*object) bool) {
	t.some = t.some[:0]
	for i := range t.objects {
		if want(&t.objects[i]) {
			t.some = append(t.some, i)
		}
	}
}

// overlapping weights pairs by how much they overlap by more than least, so that good pairs are not sacrificed for one more
// marginal pair; this equals ByteTrack's assignment with a cost limit.
func overlapping(least float64) weight {
	return func(o *object, c *candidate) float64 { return overlap.IoU(o.expected, c.box) - least }
}

// The second look at objects that no detection overlaps. The further they may have moved since they were last found, the
// further away it looks.
const (
	maxDistance = 2.5 // standard deviations
	minSameSize = 0.7 // the smaller height, as a part of the larger
)

// near weights pairs by how near a detection of about the same size is.
func near(o *object, c *candidate) float64 {
	a, b := o.expected[3]-o.expected[1], c.box[3]-c.box[1]
	if !(min(a, b) >= minSameSize*max(a, b)) {
		return 0
	}
	return 1 - o.motion.distance(c.box, c.score)/(maxDistance*maxDistance)
}

// associate assigns candidates to the picked objects so that the sum of the weights above 0 is maximal, and returns the
// remaining candidates.
func (t *Tracker) associate(candidates []int, w weight, detections []pipeline.Detection) (left []int) {
	rows, cols := len(t.some), len(candidates)
	if rows == 0 || cols == 0 {
		return candidates
	}
	t.weights = assignment.Zeroed(t.weights, rows*cols)
	for r, i := range t.some {
		o := &t.objects[i]
		for c, k := range candidates {
			d := &t.candidates[k]
			if t.sameClass(o, d) {
				t.weights[r*cols+c] = max(0, w(o, d))
			}
		}
	}
	t.match = assignment.Zeroed(t.match, rows)
	t.solver.Solve(rows, cols, t.weights, t.match)
	for r, c := range t.match {
		if c >= 0 {
			t.found(&t.objects[t.some[r]], &t.candidates[candidates[c]], detections)
			candidates[c] = -1
		}
	}
	return slices.DeleteFunc(candidates, func(k int) bool { return k < 0 })
}

// sameClass reports whether an object may get a candidate, by its class.
func (t *Tracker) sameClass(o *object, c *candidate) bool {
	return t.o.AcrossClasses || c.index == o.track.Index
}
