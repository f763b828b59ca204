package quantile

import "testing"

func TestOf(t *testing.T) { // the values of numpy.quantile
	v := []float64{1, 2, 4, 8}
	for q, want := range map[float64]float64{0: 1, 1: 8, 0.5: 3, 0.25: 1.75, 0.9: 6.8} {
		if got := Of(v, q); got-want > 1e-12 || want-got > 1e-12 {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if Of(v[:1], 0.3) != 1 {
		t.Error("of one value")
	}
}
