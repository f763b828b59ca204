package failover

import (
	"context"
	"errors"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
)

func TestBackoffLaw(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name string
		o    BackoffOptions
		// What happens: a positive number is how long the device works before it fails, zero a try that fails.
		worked []time.Duration
		want   []time.Duration // the wait after each
	}{
		{"the defaults", BackoffOptions{}, make([]time.Duration, 9), []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s, 60 * s}},
		{"flapping is damped", BackoffOptions{}, []time.Duration{s, s, 59 * s, s}, []time.Duration{s, 2 * s, 4 * s, 8 * s}},
		{"stable is forgiven", BackoffOptions{}, []time.Duration{s, s, 60 * s, s}, []time.Duration{s, 2 * s, s, 2 * s}},
		{"waits do not make it stable", BackoffOptions{Max: 90 * s, Factor: 10}, make([]time.Duration, 4), []time.Duration{s, 10 * s, 90 * s, 90 * s}},
		{"constant", BackoffOptions{First: 5 * s, Factor: 1}, make([]time.Duration, 3), []time.Duration{5 * s, 5 * s, 5 * s}},
		{"a factor below 1", BackoffOptions{Factor: 0.5}, make([]time.Duration, 2), []time.Duration{s, s}},
		{"jitter", BackoffOptions{Jitter: 0.5, Random: func() float64 { return 0.5 }}, make([]time.Duration, 2), []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond}},
		{"without end", BackoffOptions{First: time.Hour, Max: 1 << 62, Factor: 1e300}, make([]time.Duration, 3), []time.Duration{time.Hour, 1 << 62, 1 << 62}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := clocktest.New(time.Unix(1e9, 0))
			c.o.Clock = clock
			b := NewBackoff(c.o)
			for i, worked := range c.worked {
				if worked > 0 {
					b.works(b.epoch.Load())
					clock.Advance(worked)
				}
				next := b.failed(b.epoch.Load())
				if got := next.Sub(clock.Now()); got != c.want[i] {
					t.Errorf("wait %d is %v, want %v", i+1, got, c.want[i])
				}
				if _, at := b.State(); at != next {
					t.Errorf("State says %v, want %v", at, next)
				}
				if c.want[i] < time.Hour {
					clock.Advance(c.want[i])
				}
			}
		})
	}
}

// TestOneFailureCountsOnce has 16 engines see one failure, at once or when they run next.
func TestOneFailureCountsOnce(t *testing.T) {
	clock := clocktest.New(time.Unix(1e9, 0))
	b := NewBackoff(BackoffOptions{Clock: clock})
	epoch := b.epoch.Load()
	b.works(epoch)
	for range 16 {
		b.failed(epoch)
	}
	if n, next := b.State(); n != 1 || next != clock.Now().Add(time.Second) {
		t.Errorf("%d failures, next %v", n, next)
	}
	clock.Advance(time.Minute)
	b.failed(epoch) // an engine that had no frame for so long
	if n, _ := b.State(); n != 1 {
		t.Errorf("%d failures", n)
	}
	b.failed(b.epoch.Load()) // it tried again
	if n, _ := b.State(); n != 2 {
		t.Errorf("%d failures", n)
	}
	b.works(epoch) // what is told late does not count as working now
	clock.Advance(time.Hour)
	b.failed(b.epoch.Load())
	if n, _ := b.State(); n != 3 {
		t.Errorf("%d failures", n)
	}
}

func TestWaitEnds(t *testing.T) {
	clock := clocktest.New(time.Unix(1e9, 0))
	b := NewBackoff(BackoffOptions{Clock: clock})
	b.failed(0)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.wait(ctx) }()
	until(t, "the wait", func() bool { return clock.Waiting() == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || clock.Waiting() != 0 {
		t.Errorf("error %v, %d still wait", err, clock.Waiting())
	}

	// Another failure makes those wait longer who wait already.
	go func() { done <- b.wait(context.Background()) }()
	until(t, "the wait", func() bool { return clock.Waiting() == 1 })
	b.failed(1)
	clock.Advance(time.Second)
	until(t, "the longer wait", func() bool { return clock.Waiting() == 1 })
	clock.Advance(time.Second)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
