// Package clock is time that a test can hold.
package clock

import "time"

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// After gives a channel that gets a value once d has passed, and a function that frees what it takes.
	After(d time.Duration) (passed <-chan time.Time, stop func() bool)
}

// System is the machine's time.
type System struct{}

// Now is the machine's time.
func (System) Now() time.Time { return time.Now() }

// After waits in the machine's time.
func (System) After(d time.Duration) (<-chan time.Time, func() bool) {
	t := time.NewTimer(d)
	return t.C, t.Stop
}
