package failover

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/backoff"
	"corallite/internal/clock"
)

// BackoffOptions of NewBackoff. Zero values mean the defaults.
type BackoffOptions struct {
	First       time.Duration  // the wait after a first failure; 1 s
	Max         time.Duration  // the longest wait; 60 s
	Factor      float64        // what each failure in a row multiplies the wait by, at least 1; 2
	Jitter      float64        // the part of each wait that is taken off at random, 0 to 1; 0
	StableAfter time.Duration  // how long the device must work until its failures are forgotten; 60 s
	Clock       clock.Clock    // nil: the system's
	Random      func() float64 // 0 to 1, for Jitter; nil: math/rand/v2's
}

// Backoff says when a device that failed is tried again. After the n-th failure in a row the wait is
//
//	min(Max, First × Factor^(n−1)), less a random part of up to Jitter of it.
//
// In a row means that the device did not work for StableAfter in between, so that one which comes back and fails soon
// is tried ever more seldom. One that works that long begins with First again.
//
// All engines of a device share one, and see its failure each for itself: it counts once. Failures are told apart by
// an epoch, the number of failures counted so far. An engine remembers the epoch in which it saw the device work, and
// its failure is a new one only if none was counted since.
type Backoff struct {
	o     BackoffOptions
	epoch atomic.Uint64

	mu       sync.Mutex
	failures int       // in a row
	next     time.Time // when the device may be tried
	since    time.Time // when it was first seen working in this epoch; zero: not yet
}

// NewBackoff makes a Backoff for one device.
func NewBackoff(o BackoffOptions) *Backoff {
	if o.First <= 0 {
		o.First = time.Second
	}
	if o.Max <= 0 {
		o.Max = time.Minute
	}
	if o.StableAfter <= 0 {
		o.StableAfter = time.Minute
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	return &Backoff{o: o}
}

// State says how many failures there were in a row, and when the device may be tried; zero: at once.
func (b *Backoff) State() (failures int, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures, b.next
}

// failed counts a failure of a device that was seen working, or was tried, in epoch, and says when it may be tried.
func (b *Backoff) failed(epoch uint64) (next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch != b.epoch.Load() {
		return b.next
	}
	now := b.o.Clock.Now()
	if !b.since.IsZero() && now.Sub(b.since) >= b.o.StableAfter {
		b.failures = 0
	}
	b.failures++
	b.next = now.Add(b.delay())
	b.since = time.Time{}
	b.epoch.Add(1)
	return b.next
}

func (b *Backoff) delay() time.Duration {
	p := backoff.Policy{First: b.o.First, Max: b.o.Max, Factor: b.o.Factor, Jitter: b.o.Jitter, Random: b.o.Random}
	return p.Wait(b.failures)
}

// works notes that the device was seen working in epoch.
func (b *Backoff) works(epoch uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch == b.epoch.Load() && b.since.IsZero() {
		b.since = b.o.Clock.Now()
	}
}

// wait returns when the device may be tried, or ctx's error.
func (b *Backoff) wait(ctx context.Context) error {
	for {
		_, next := b.State()
		d := next.Sub(b.o.Clock.Now())
		if d <= 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		over, stop := b.o.Clock.After(d)
		select {
		case <-over:
		case <-ctx.Done():
		}
		stop()
	}
}
