package heat

import (
	"fmt"
	"time"
)

// State is what is being done.
type State int

const (
	Normal     State = iota // nothing
	Throttling              // the device rests between runs
	Moved                   // its models run on the CPU
)

// String is the state's name.
func (s State) String() string {
	switch s {
	case Normal:
		return "normal"
	case Throttling:
		return "throttling"
	case Moved:
		return "moved"
	default:
		return fmt.Sprintf("state(%d)", int(s))
	}
}

const (
	// doublings is how often the time away is doubled at most.
	doublings = 5
	// most is how many times the first time away is the longest, and also how long a device must run to have one
	// doubling taken back.
	most = 20
	// recovery is the part of the way that a device's share of work rises at a reading.
	recovery = 0.25
	// fine is the least change of a device's share of work that anybody is told.
	fine = 0.01
)

// policy decides. It has no clock and no locks: time comes with the readings.
type policy struct {
	mode       Mode
	thresholds Thresholds // as they were given
	least      float64    // share of the time at work at the longest rest
	canMove    bool
	firstAway  time.Duration

	state State
	// work is the share of the time that the device may be at work. Its rest after a run of d is d (1/work - 1).
	work   float64
	since  time.Time     // Moved: when it moved; else since when it counts as having run without moving
	away   time.Duration // Moved: how long at least
	double int           // how often the next time away is doubled
}

func newPolicy(o Options) policy {
	return policy{
		mode: o.Mode, thresholds: o.Thresholds, least: 1 / (1 + o.MaxRest), canMove: o.OnMove != nil, firstAway: o.Away,
		work: 1,
	}
}

// step takes a temperature in °C, and trip point 0.
func (p *policy) step(at time.Time, now, trip float64) {
	limits := p.thresholds.resolve(trip)
	if p.since.IsZero() {
		p.since = at
	}
	switch {
	case p.mode == Off:
	case p.state == Moved:
		if now <= limits.Back && at.Sub(p.since) >= p.away {
			p.state, p.since = Normal, at
			p.throttle(now, limits)
		}
	case now >= limits.Move && p.canMove:
		p.move(at)
	default:
		p.settle(at)
		p.throttle(now, limits)
	}
}

// move sends the models to the CPU. They will come back to a device that rests as much as it can, because that was
// not enough.
func (p *policy) move(at time.Time) {
	p.state, p.since = Moved, at
	p.away = min(p.firstAway<<p.double, most*p.firstAway)
	p.double = min(p.double+1, doublings)
	if p.mode == Throttle {
		p.work = p.least
	}
}

// settle takes a doubling back for each time that the device has run long enough.
func (p *policy) settle(at time.Time) {
	if at.Sub(p.since) >= most*p.firstAway {
		p.since = at
		p.double = max(0, p.double-1)
	}
}

// throttle sets the share of work of a device that has not moved.
func (p *policy) throttle(now float64, limits Thresholds) {
	if p.mode != Throttle {
		return
	}
	part := min(max((now-limits.Throttle)/(limits.Move-limits.Throttle), 0), 1)
	want := 1 - float64((1-p.least)*part)
	if want > p.work {
		want = p.work + float64((want-p.work)*recovery)
	}
	if p.work = want; p.work > 1-fine {
		p.work = 1
	}
	switch {
	case now >= limits.Throttle || p.work < 1:
		p.state = Throttling
	case now <= limits.Throttle-hysteresis:
		p.state = Normal
	}
}

// rest is after each run, in multiples of it.
func (p *policy) rest() float64 { return 1/p.work - 1 }
