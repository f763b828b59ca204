package worker

import (
	"math"
	"testing"
	"time"
)

// TestDeadline checks the deadline of the next run after some runs.
func TestDeadline(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name   string
		policy DeadlinePolicy
		first  time.Duration
		ran    []time.Duration
		want   time.Duration
	}{
		{"first", DeadlinePolicy{}, 0, nil, 10 * time.Second},
		{"first, as wanted", DeadlinePolicy{}, 3 * time.Second, nil, 3 * time.Second},
		{"first, not less than the fixed one", DeadlinePolicy{Fixed: time.Minute}, 0, nil, time.Minute},
		{"first, with a short fixed one", DeadlinePolicy{Fixed: ms}, 0, nil, 10 * time.Second},
		{"fixed", DeadlinePolicy{Fixed: 50 * ms}, 0, []time.Duration{time.Hour, time.Hour}, 50 * ms},
		{"floor", DeadlinePolicy{}, 0, []time.Duration{4 * ms}, time.Second},
		{"floor, as wanted", DeadlinePolicy{Floor: 100 * ms}, 0, []time.Duration{4 * ms}, 100 * ms},
		{"factor", DeadlinePolicy{}, 0, []time.Duration{100 * ms}, 2 * time.Second},
		{"factor, as wanted", DeadlinePolicy{Factor: 3}, 0, []time.Duration{time.Second}, 3 * time.Second},
		{"the longest at once", DeadlinePolicy{}, 0, []time.Duration{100 * ms, 100 * ms, 640 * ms}, 12800 * ms},
		{"fading", DeadlinePolicy{}, 0, []time.Duration{740 * ms, 100 * ms}, 14600 * ms},
		{"no time at all", DeadlinePolicy{}, 0, []time.Duration{0}, time.Second},
		{"less than none", DeadlinePolicy{}, 0, []time.Duration{-time.Hour}, time.Second},
		{"for ever", DeadlinePolicy{}, 0, []time.Duration{math.MaxInt64}, math.MaxInt64 / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeadline(c.policy, c.first)
			for _, took := range c.ran {
				d.ran(took)
			}
			if got := d.next(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestDeadlineFades approaches the current run times: after 64 runs about a third of the difference is left.
func TestDeadlineFades(t *testing.T) {
	d := newDeadline(DeadlinePolicy{Floor: time.Millisecond, Factor: 1}, 0)
	d.ran(time.Second)
	for range 64 {
		d.ran(100 * time.Millisecond)
	}
	if got := d.next(); got < 420*time.Millisecond || got > 440*time.Millisecond {
		t.Errorf("%v after 64 runs of 100 ms", got)
	}
	for range 1000 {
		d.ran(100 * time.Millisecond)
	}
	if got := d.next(); got < 100*time.Millisecond || got > 101*time.Millisecond {
		t.Errorf("%v after many runs of 100 ms", got)
	}
}
