// Package clock makes time replaceable in tests.
package clock

import "time"

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// After returns a channel that receives a value after d, and a function that stops the timer.
	After(d time.Duration) (passed <-chan time.Time, stop func() bool)
}

// System is the system clock.
type System struct{}

// Now returns the current time.
func (System) Now() time.Time { return time.Now() }

// After waits for d on the system clock.
func (System) After(d time.Duration) (<-chan time.Time, func() bool) {
	t := time.NewTimer(d)
	return t.C, t.Stop
}
