package scheduler

import "time"

// Clock is the time that a Queue lives in. Its methods are called with the Queue locked, so that AfterFunc must not
// call f itself.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) Timer // as time.AfterFunc
}

// Timer is what a Queue uses of a *time.Timer.
type Timer interface {
	Reset(d time.Duration) bool
	Stop() bool
}

// systemClock is the machine's time.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
