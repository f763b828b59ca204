// Package sinktest has what tests of sinks that work in the background share: a clock whose waits end when a test says
// so, and somebody whom the sink tells of its failures.
package sinktest

import (
	"slices"
	"sync"
	"time"
)

// Clock is a clock.Clock that stands. A wait goes on until Pass, or until its length is in Skip.
type Clock struct {
	Skip func(d time.Duration) bool // waits that are over at once; nil: none

	mu    sync.Mutex
	now   time.Time
	all   []time.Duration
	held  []wait        // that go on
	begun chan struct{} // closed and replaced when a wait begins
}

// wait is a wait that goes on.
type wait struct {
	length time.Duration
	passed chan time.Time
}

// New makes a clock that stands at a time.
func New(now time.Time) *Clock {
	return &Clock{now: now, begun: make(chan struct{})}
}

// Now is where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock. It ends no wait.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// After begins a wait.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	c.all = append(c.all, d)
	if c.Skip != nil && c.Skip(d) {
		ch <- c.now
	} else {
		c.held = append(c.held, wait{d, ch})
	}
	close(c.begun)
	c.begun = make(chan struct{})
	return ch, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		before := len(c.held)
		c.held = slices.DeleteFunc(c.held, func(w wait) bool { return w.passed == ch })
		return len(c.held) < before
	}
}

// Waits are the lengths of all waits that have begun.
func (c *Clock) Waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// Pass ends the youngest wait of that length that goes on. While there is none it waits for one to begin.
func (c *Clock) Pass(d time.Duration) {
	for {
		c.mu.Lock()
		passed := false
		for i := len(c.held) - 1; i >= 0 && !passed; i-- {
			if h := c.held[i]; h.length == d {
				h.passed <- c.now
				c.held = slices.Delete(c.held, i, i+1)
				passed = true
			}
		}
		begun := c.begun
		c.mu.Unlock()
		if passed {
			return
		}
		<-begun
	}
}
