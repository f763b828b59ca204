package backoff

import (
	"math"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	const s = time.Second
	half := func() float64 { return 0.5 }
	for _, c := range []struct {
		policy Policy
		want   []time.Duration // after 0, 1, 2 … failures
	}{
		{Policy{First: s, Max: 5 * s}, []time.Duration{s, s, 2 * s, 4 * s, 5 * s, 5 * s}},
		{Policy{First: s, Factor: 0.5}, []time.Duration{s, s, s}},
		{Policy{First: s, Factor: 3, Max: time.Minute}, []time.Duration{s, s, 3 * s, 9 * s, 27 * s, 60 * s}},
		{Policy{First: 4 * s, Max: 8 * s, Jitter: 0.5, Random: half}, []time.Duration{3 * s, 3 * s, 6 * s, 6 * s}},
		{Policy{First: s, Jitter: 7, Random: half}, []time.Duration{s / 2, s / 2, s}},
	} {
		for n, want := range c.want {
			if got := c.policy.Wait(n); got != want {
				t.Errorf("%+v after %d failures: %v, want %v", c.policy, n, got, want)
			}
		}
	}
	if got := (Policy{First: s}).Wait(math.MaxInt); got != math.MaxInt64 {
		t.Errorf("without a limit: %v", got)
	}
	for range 100 {
		if d := (Policy{First: s, Jitter: 0.5}).Wait(1); d <= s/2 || d > s {
			t.Errorf("at random: %v", d)
		}
	}
}
