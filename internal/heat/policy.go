package heat

import (
	"fmt"
	"time"
)

// State is the current measure against heat.
type State int

const (
	Normal     State = iota // nothing
	Throttling              // the device pauses between runs
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
	// doublings is the maximum number of doublings of the time away.
	doublings = 5
	// most is the ratio of the longest time away to the first, and also how long (in first times away) a device must
	// run to undo one doubling.
	most = 20
	// recovery is the fraction of the missing busy time that a device regains per reading.
	recovery = 0.25
	// fine is the smallest change of the share of busy time that is reported.
	fine = 0.01
)

// policy decides. It has no clock and no locks: the time comes with the readings.
type policy struct {
	mode       Mode
	thresholds Thresholds // as given
	least      float64    // share of busy time at the longest pause
	canMove    bool
	firstAway  time.Duration

	state State
	// work is the maximum share of busy time. The pause after a run of d is d (1/work - 1).
	work   float64
	since  time.Time     // Moved: when it moved; else the start of the time without moves
	away   time.Duration // Moved: the minimum time away
	double int           // doublings of the next time away
}

func newPolicy(o Options) policy {
	return policy{
		mode: o.Mode, thresholds: o.Thresholds, least: 1 / (1 + o.MaxRest), canMove: o.OnMove != nil, firstAway: o.Away,
		work: 1,
	}
}

// step takes a temperature and trip point 0, in °C.
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

// move sends the models to the CPU. When they come back, the device starts with the longest pause, because that was not
// enough before.
func (p *policy) move(at time.Time) {
	p.state, p.since = Moved, at
	p.away = min(p.firstAway<<p.double, most*p.firstAway)
	p.double = min(p.double+1, doublings)
	if p.mode == Throttle {
		p.work = p.least
	}
}

// settle undoes one doubling for each time that the device has run long enough.
func (p *policy) settle(at time.Time) {
	if at.Sub(p.since) >= most*p.firstAway {
		p.since = at
		p.double = max(0, p.double-1)
	}
}

// throttle sets the share of busy time of a device that has not moved.
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

// rest is the pause after each run, in multiples of the run.
func (p *policy) rest() float64 { return 1/p.work - 1 }
