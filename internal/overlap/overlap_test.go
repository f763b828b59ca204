package overlap

import (
	"math"
	"testing"
)

func TestOverlap(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	a := [4]float64{0, 0, 10, 10}
	for _, c := range []struct {
		b                      [4]float64
		shared, iou, ofSmaller float64
	}{
		{a, 100, 1, 1}, {[4]float64{5, 0, 15, 10}, 50, 1.0 / 3, 0.5}, {[4]float64{2, 2, 4, 7}, 10, 0.1, 1},
		{[4]float64{10, 0, 20, 10}, 0, 0, 0}, {[4]float64{30, 30, 40, 40}, 0, 0, 0}, {[4]float64{8, 8, 2, 2}, 0, 0, 0},
		{[4]float64{2, 2, 2, 9}, 0, 0, 0}, {[4]float64{nan, 0, 5, 5}, 0, 0, 0}, {[4]float64{-inf, -inf, inf, inf}, 100, 0, 1},
	} {
		for _, swap := range []bool{false, true} {
			x, y := a, c.b
			if swap {
				x, y = y, x
			}
			if Shared(x, y) != c.shared || math.Abs(IoU(x, y)-c.iou) > 1e-15 || OfSmaller(x, y) != c.ofSmaller {
				t.Errorf("%v and %v: %g, %g, %g, want %g, %g, %g", x, y, Shared(x, y), IoU(x, y), OfSmaller(x, y), c.shared, c.iou, c.ofSmaller)
			}
		}
	}
	if got := IoU([4]float32{0, 0, 10, 10}, [4]float32{5, 0, 15, 10}); got != float32(1)/3 {
		t.Errorf("in float32: %g", got)
	}
}
