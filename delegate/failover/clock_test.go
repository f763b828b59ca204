package failover

import (
	"sync"
	"time"
)

// fakeClock stands still until a test moves it.
type fakeClock struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[chan time.Time]time.Time // until when each waits
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Unix(1e9, 0), waiters: map[chan time.Time]time.Time{}}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) (<-chan time.Time, func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := make(chan time.Time, 1)
	c.waiters[w] = c.now.Add(d)
	return w, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, waits := c.waiters[w]
		delete(c.waiters, w)
		return waits
	}
}

func (c *fakeClock) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiters)
}

// next moves to the earliest moment that somebody waits for, up to a limit (zero: none), and wakes who waits for it.
// It says whether there was one.
func (c *fakeClock) next(limit time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var earliest time.Time
	for _, at := range c.waiters {
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	if earliest.IsZero() || !limit.IsZero() && earliest.After(limit) {
		return false
	}
	c.to(earliest)
	return true
}

// pass lets time pass without waiting for those who wake up.
func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to(c.now.Add(d))
}

func (c *fakeClock) to(t time.Time) {
	c.now = t
	for w, at := range c.waiters {
		if !at.After(t) {
			delete(c.waiters, w)
			w <- t
		}
	}
}
