package keyword

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"corallite/internal/audio/mel"
)

// TestRange gives values by their height over a floor below the window's loudest, for powers and for magnitudes, which
// have half as many units for a dB.
func TestRange(t *testing.T) {
	for _, c := range []struct {
		spectrum mel.Spectrum
		std      []float64
		span     float64 // of 20 dB
	}{
		{mel.Power, nil, 2 * math.Ln10}, {mel.Magnitude, nil, math.Ln10}, {mel.Power, []float64{4}, math.Ln10 / 2},
	} {
		r := rand.New(rand.NewPCG(1, 5))
		o := melOptions(r)
		o.Spectrum, o.Mean, o.Std = c.spectrum, nil, c.std
		const rows = 12
		plain, lifted := bothWays(t, r, o, rows, func(o *Options) { o.RangeDB = 20 })
		floors := 0
		for k, raw := range plain {
			loudest := float64(slices.Max(raw))
			for i, v := range raw {
				want := max(float64(v)-loudest+c.span, 0)
				if got := float64(lifted[k][i]); math.Abs(got-want) > 1e-4 {
					t.Fatalf("%s: window %d, value %d: %g, want %g", c.spectrum, k, i, got, want)
				}
				if want == 0 {
					floors++
				}
			}
		}
		if floors == 0 {
			t.Errorf("%s: no value lay below the floor", c.spectrum)
		}
	}
}
