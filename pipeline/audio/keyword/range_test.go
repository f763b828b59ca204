package keyword

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corallite/pipeline/audio/mel"
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
		plain, lifted := newFake(floats("in", 1, rows, o.Bins, 1), floats("out", 2), silent), newFake(floats("in", 1, rows, o.Bins, 1), floats("out", 2), silent)
		plain.keep, lifted.keep = true, true
		options := Options{Mel: o, Step: time.Duration(o.HopMS * 1e6), Labels: []string{"a", "b"}}
		sound := noise(r, 700)
		whole(t, open(t, plain, options), sound)
		options.RangeDB = 20
		whole(t, open(t, lifted, options), sound)
		if len(plain.windows) != len(lifted.windows) || len(plain.windows) == 0 {
			t.Fatalf("%d and %d runs", len(plain.windows), len(lifted.windows))
		}
		floors := 0
		for k, raw := range plain.windows {
			loudest := float64(slices.Max(raw))
			for i, v := range raw {
				want := max(float64(v)-loudest+c.span, 0)
				if got := float64(lifted.windows[k][i]); math.Abs(got-want) > 1e-4 {
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
