package failover

import (
	"sync/atomic"
	"time"
)

// State is where an Engine stands in the diagram of the package.
type State string

const (
	StateWorking State = "working"  // the device runs the model
	StateParked  State = "parked"   // the device could, and the fallback does
	StateWaiting State = "waiting"  // the device is lost, and tried again at Stats.Next
	StateOpening State = "opening"  // it is being opened
	StateTrial   State = "on trial" // it is open and must show that it answers rightly
	StateClosed  State = "closed"
)

// Stats are what an Engine has done since New.
type Stats struct {
	State        State
	Runs         uint64        // runs that gave outputs: DeviceRuns + FallbackRuns
	DeviceRuns   uint64        // those on the device; runs on trial do not count
	FallbackRuns uint64        // those on the fallback
	Errors       uint64        // runs that failed, on the device or the fallback, and waits for the device that were given up
	Failovers    uint64        // how often the device was lost in a run
	Restores     uint64        // how often it was taken back
	Tries        uint64        // how often it was opened again, or nearly
	Rejected     uint64        // how often it was opened again and failed its trial
	Degraded     time.Duration // without the device, lost or parked, until now
	Reason       string        // why the device does not run the model; "" when it does
	Next         time.Time     // when it is tried next, in StateWaiting
}

// counts are what is counted without the lock.
type counts struct {
	device, fallback, errors, tries atomic.Uint64
}

// Stats gives them as they are now.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := Stats{
		State: e.phase, DeviceRuns: e.counts.device.Load(), FallbackRuns: e.counts.fallback.Load(), Errors: e.counts.errors.Load(),
		Failovers: e.failovers, Restores: e.restores, Tries: e.counts.tries.Load(), Rejected: e.rejected, Degraded: e.degraded,
	}
	s.Runs = s.DeviceRuns + s.FallbackRuns
	switch {
	case e.device == nil:
		s.Reason = e.lost.reason
	case e.parked != nil:
		s.State, s.Reason = StateParked, e.parked.reason
	default:
		s.State = StateWorking
	}
	if s.State == StateWaiting {
		s.Next = e.next
	}
	if e.closed.Load() {
		s.State = StateClosed
	}
	if !e.since.IsZero() {
		s.Degraded += e.clock.Now().Sub(e.since)
	}
	return s
}

// account adds up the time without the device, after each change, with the lock held.
func (e *Engine) account() {
	now := e.clock.Now()
	if !e.since.IsZero() {
		e.degraded += now.Sub(e.since)
	}
	e.since = time.Time{}
	if e.device == nil || e.parked != nil {
		e.since = now
	}
}
