package replay

import (
	"math"
	"slices"

	"corallite/internal/assignment"
)

// leastIoU is the overlap from which two boxes may be the same thing, and sameIoU that from which boxes of other labels are.
const (
	leastIoU = 0.3
	sameIoU  = 0.5
)

// beyond reports whether a difference is not tolerated. A millionth is what decimals cost.
func beyond(difference, tolerance float64) bool { return difference > tolerance+1e-6 }

// compare compares the things of one kind. count is the number of things, each pair counted once.
func (c *Comparison) compare(was, is group) (changes []Change, count int) {
	a, b := was.things, is.things
	pairs := match(a, b)
	usedA, usedB := make([]bool, len(a)), make([]bool, len(b))
	for _, p := range pairs {
		usedA[p[0]], usedB[p[1]] = true, true
		if ch, changed := c.pair(&a[p[0]], &b[p[1]]); changed {
			changes = append(changes, ch)
		}
	}
	// Of alternatives, one that is not listed has a score below all that are: it is as if it were 0.
	ranked := was.ranked || is.ranked
	for i := range a {
		if !usedA[i] && (!ranked || beyond(a[i].score, c.tolerances.Score)) {
			changes = append(changes, Change{Kind: Vanished, Was: a[i].state()})
		}
	}
	for i := range b {
		if !usedB[i] && (!ranked || beyond(b[i].score, c.tolerances.Score)) {
			changes = append(changes, Change{Kind: Appeared, Is: b[i].state()})
		}
	}
	if ranked && len(a) > 0 && len(b) > 0 && a[0].label != b[0].label {
		changes = append([]Change{{Kind: Label, Was: a[0].state(), Is: b[0].state()}}, changes...)
	}
	return changes, len(a) + len(b) - len(pairs)
}

// pair compares a thing with itself in the other run.
func (c *Comparison) pair(a, b *thing) (Change, bool) {
	ch := Change{Was: a.state(), Is: b.state()}
	near := nearness(a, b)
	if a.vector != nil || b.vector != nil {
		ch.Is.Score = cosine(a.vector, b.vector)
	}
	switch {
	case a.label != b.label:
		ch.Kind = Label
	case beyond(c.tolerances.IoU, near):
		ch.Kind, ch.IoU = Moved, &near
	case a.class != b.class:
		ch.Kind = Label
		ch.Was.Label, ch.Is.Label = a.label+": "+a.class, b.label+": "+b.class
	case !slices.Equal(a.zones, b.zones):
		ch.Kind = Zones
	case beyond(math.Abs(ch.Was.Score-ch.Is.Score), c.tolerances.Score):
		ch.Kind = Score
	default:
		return ch, false
	}
	return ch, true
}

// match pairs things: with boxes, those of a label so that the sum of overlaps is the highest, and of what is left those that
// lie upon each other under other labels; without, those of a label in their order.
func match(a, b []thing) (pairs [][2]int) {
	freeB := make([]bool, len(b))
	for i := range freeB {
		freeB[i] = true
	}
	var left []int
	for i := range a {
		if a[i].box != nil {
			left = append(left, i)
			continue
		}
		for j := range b {
			if freeB[j] && b[j].box == nil && a[i].label == b[j].label || a[i].vector != nil && b[j].vector != nil {
				pairs, freeB[j] = append(pairs, [2]int{i, j}), false
				break
			}
		}
	}
	for _, labels := range []bool{true, false} {
		var right []int
		for j := range b {
			if freeB[j] && b[j].box != nil {
				right = append(right, j)
			}
		}
		weights, found := make([]float64, len(left)*len(right)), make([]int, len(left))
		for i, l := range left {
			for j, r := range right {
				iou := overlap(*a[l].box, *b[r].box)
				if labels && a[l].label == b[r].label && iou >= leastIoU || !labels && iou >= sameIoU {
					weights[i*len(right)+j] = iou
				}
			}
		}
		var s assignment.Solver
		s.Solve(len(left), len(right), weights, found)
		var rest []int
		for i, j := range found {
			if j < 0 {
				rest = append(rest, left[i])
				continue
			}
			pairs, freeB[right[j]] = append(pairs, [2]int{left[i], right[j]}), false
		}
		left = rest
	}
	return pairs
}
