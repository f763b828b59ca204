// Package clocktest has the clock that tests hold.
package clocktest

import (
	"slices"
	"sync"
	"time"

	"corallite/internal/clock"
)

// Clock is a clock.Clock that stands still until a test moves it.
type Clock struct {
	// Skip says which waits are over at once; nil: none. Set it before the clock is used.
	Skip func(d time.Duration) bool
	// Runs has the clock move to the end of each wait that is skipped.
	Runs bool

	mu    sync.Mutex
	now   time.Time
	all   []time.Duration
	held  []wait
	begun chan struct{} // closed and replaced when a wait begins
}

// wait is a wait that goes on.
type wait struct {
	length time.Duration
	until  time.Time
	passed chan time.Time
}

var _ clock.Clock = (*Clock)(nil)

// New makes a clock that stands at a time.
func New(now time.Time) *Clock { return &Clock{now: now, begun: make(chan struct{})} }

// Running makes a clock that stands at a time and moves to the end of each wait as soon as it begins.
func Running(now time.Time) *Clock {
	c := New(now)
	c.Skip, c.Runs = func(time.Duration) bool { return true }, true
	return c
}

// Now is where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After begins a wait.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := wait{d, c.now.Add(d), make(chan time.Time, 1)}
	c.all = append(c.all, d)
	if c.Skip != nil && c.Skip(d) {
		if c.Runs && w.until.After(c.now) {
			c.moveTo(w.until)
		}
		w.passed <- c.now
	} else {
		c.held = append(c.held, w)
	}
	close(c.begun)
	c.begun = make(chan struct{})
	return w.passed, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		before := len(c.held)
		c.held = slices.DeleteFunc(c.held, func(h wait) bool { return h.passed == w.passed })
		return len(c.held) < before
	}
}

// Advance moves the clock and ends the waits that are over then.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moveTo(c.now.Add(d))
}

func (c *Clock) moveTo(t time.Time) {
	c.now = t
	c.held = slices.DeleteFunc(c.held, func(w wait) bool {
		if w.until.After(t) {
			return false
		}
		w.passed <- t
		return true
	})
}

// Next moves the clock to the earliest end of a wait, not beyond limit where that is not zero. It says whether there was
// one.
func (c *Clock) Next(limit time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held) == 0 {
		return false
	}
	earliest := slices.MinFunc(c.held, func(a, b wait) int { return a.until.Compare(b.until) }).until
	if !limit.IsZero() && earliest.After(limit) {
		return false
	}
	c.moveTo(earliest)
	return true
}

// Pass ends the youngest wait of that length without moving the clock. While there is none it waits for one to begin.
func (c *Clock) Pass(d time.Duration) {
	c.until(func() bool {
		for i := len(c.held) - 1; i >= 0; i-- {
			if w := c.held[i]; w.length == d {
				w.passed <- c.now
				c.held = slices.Delete(c.held, i, i+1)
				return true
			}
		}
		return false
	})
}

// Await waits until so many waits go on, and gives the length of the one that began last.
func (c *Clock) Await(n int) (last time.Duration) {
	c.until(func() bool {
		if len(c.held) < n {
			return false
		}
		last = c.all[len(c.all)-1]
		return true
	})
	return last
}

// until asks done, with the clock locked, each time that a wait begins.
func (c *Clock) until(done func() bool) {
	for {
		c.mu.Lock()
		ok, begun := done(), c.begun
		c.mu.Unlock()
		if ok {
			return
		}
		<-begun
	}
}

// Waits are the lengths of all waits that have begun.
func (c *Clock) Waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// Waiting is how many waits go on.
func (c *Clock) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.held)
}
