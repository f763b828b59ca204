package paired

import (
	"math"
	"testing"
)

func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		a, b int
		want float64
	}{ // sums of binomial coefficients by hand: 2·(1+10+45)/1024, 2·1/32
		{2, 8, 112.0 / 1024}, {5, 0, 2.0 / 32}, {0, 0, 1}, {4, 4, 1},
	} {
		if got := McNemar(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d against %d: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestBootstrap(t *testing.T) {
	right := make([]float64, 400) // the second model is right in 60 % of the samples, the first in none
	for i := range right {
		if i%5 < 3 {
			right[i] = 1
		}
	}
	measure := func(samples []int) (float64, float64) {
		sum := 0.0
		for _, i := range samples {
			sum += right[i]
		}
		return 0, sum / float64(len(samples))
	}
	d := Bootstrap(len(right), 2000, 1, measure)
	deviation := math.Sqrt(0.6 * 0.4 / 400)
	if d.Value != 0.6 || math.Abs(d.Low-(0.6-1.96*deviation)) > 0.01 || math.Abs(d.High-(0.6+1.96*deviation)) > 0.01 {
		t.Errorf("%+v", d)
	}
	if again := Bootstrap(len(right), 2000, 1, measure); again != d {
		t.Errorf("%+v again, then %+v", d, again)
	}
	none := Bootstrap(1, 3, 1, func([]int) (float64, float64) { return 0, math.NaN() })
	if !math.IsNaN(none.Low) {
		t.Errorf("%+v", none)
	}
}
