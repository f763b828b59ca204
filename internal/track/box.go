package track

import (
	"math"

	"corallite/internal/overlap"
)

// box is xmin, ymin, xmax, ymax in pixels. Its numbers come from float32, so that products of four of them are finite.
type box [4]float64

// newBox returns a detection's box, and whether it has an area.
func newBox(b [4]float32) (box, bool) {
	var r box
	for i, v := range b {
		if r[i] = float64(v); math.IsNaN(r[i]) || math.IsInf(r[i], 0) {
			return box{}, false
		}
	}
	return r, !r.empty()
}

func (b *box) empty() bool { return !(b[2] > b[0] && b[3] > b[1]) }

func (b *box) area() float64 { return overlap.Area(*b) }

// measured is the measurement vector of the Kalman filter.
func (b *box) measured() (cx, cy, aspect, height float64) {
	height = b[3] - b[1]
	return float64((b[0] + b[2]) / 2), float64((b[1] + b[3]) / 2), (b[2] - b[0]) / height, height
}

// around is the smallest box with both; one that is empty does not count.
func (b *box) around(a *box) box {
	if b.empty() {
		return *a
	}
	return box{min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])}
}

// within is the part of b that lies in a; it may be empty.
func (b *box) within(a *box) box {
	return box{max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])}
}
