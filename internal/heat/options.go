package heat

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/internal/clock"
)

// Mode says what is done about heat.
type Mode string

const (
	Throttle Mode = "throttle" // let the device rest; where that is not enough, move to the CPU
	CPU      Mode = "cpu"      // move to the CPU
	Off      Mode = "off"      // only watch
)

// ParseMode reads a mode as configurations spell it; "" is Throttle.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case "":
		return Throttle, nil
	case Throttle, CPU, Off:
		return m, nil
	default:
		return "", fmt.Errorf("heat %q: want throttle, cpu or off", s)
	}
}

// Where thresholds lie when they are not given, in °C below another.
const (
	moveBelowTrip     = 2
	throttleBelowMove = 8
	backBelowMove     = 5
)

// hysteresis is how far below its beginning a state ends that has no threshold for that, in °C.
const hysteresis = 2

// Thresholds are where something begins or ends, in °C. A Move of 0 stands for 2 °C below trip point 0, a Throttle of 0
// for 8 °C below Move, a Back of 0 for 5 °C below Move.
type Thresholds struct {
	Throttle float64 // resting begins
	Move     float64 // models go to the CPU
	Back     float64 // they come back
}

// Validate says which thresholds do not fit together.
func (t Thresholds) Validate() error {
	for _, v := range []float64{t.Throttle, t.Move, t.Back} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("heat: %v °C is no threshold", v)
		}
	}
	if t.Move == 0 && (t.Throttle != 0 || t.Back != 0) {
		return errors.New("heat: throttling or coming back was given a threshold, and moving was not: give it one too")
	}
	if t.Move == 0 {
		return nil
	}
	all := t.resolve(0)
	for _, c := range []struct {
		what string
		at   float64
	}{{"throttling begins", all.Throttle}, {"models come back", all.Back}} {
		if c.at > all.Move-1 {
			return fmt.Errorf("heat: %s at %g °C: want at least 1 °C below moving, which is at %g °C", c.what, c.at, all.Move)
		}
	}
	return nil
}

// resolve fills in what was not given.
func (t Thresholds) resolve(trip float64) Thresholds {
	if t.Move == 0 {
		t.Move = trip - moveBelowTrip
	}
	if t.Throttle == 0 {
		t.Throttle = t.Move - throttleBelowMove
	}
	if t.Back == 0 {
		t.Back = t.Move - backBelowMove
	}
	return t
}

// Defaults of Options.
const (
	DefaultInterval = 2 * time.Second
	DefaultMaxRest  = 9
	DefaultAway     = 30 * time.Second
)

// Options of a Monitor. The zero Options throttle with the defaults, and reach nobody.
type Options struct {
	Mode       Mode // "": Throttle
	Thresholds Thresholds
	// MaxRest is the longest rest after a run, in multiples of the run; 0: DefaultMaxRest, a tenth of the time at work.
	MaxRest float64
	// Away is how long models stay on the CPU at least when they have moved for the first time; 0: DefaultAway. All
	// other times of moving follow from it.
	Away time.Duration

	// Read reads the device's temperature, mostly edgetpu.System.Temperature. nil: readings come through Feed only.
	Read     func() (edgetpu.Reading, error)
	Interval time.Duration // between readings; 0: DefaultInterval

	// Those who are told; each may be nil. They are called one at a time and in order, from Feed or the Monitor's own
	// goroutine. They must not call Feed or Close, which wait for them.

	// OnRest gets the rest after each run in multiples of the run (scheduler.Queue.SetPace), when it has changed.
	OnRest func(rest float64)
	// OnMove says that the models are to run on the CPU, and why, for events. Where it is nil nobody moves.
	OnMove func(reason string)
	// OnBack says that they may come back. A rest that goes with it was told before.
	OnBack func()
	// OnGone says that the device no longer answers; err wraps edgetpu.ErrGone.
	OnGone func(err error)

	Logger *slog.Logger // nil: none
	Clock  clock.Clock  // nil: the machine's time
}

// complete checks the options and fills in the defaults.
func (o Options) complete() (Options, error) {
	mode, err := ParseMode(string(o.Mode))
	if err != nil {
		return o, err
	}
	o.Mode = mode
	if err := o.Thresholds.Validate(); err != nil {
		return o, err
	}
	if !(o.MaxRest >= 0) || math.IsInf(o.MaxRest, 0) { // NaN too
		return o, fmt.Errorf("heat: a longest rest of %v runs: want 0 or more", o.MaxRest)
	}
	if o.Away < 0 || o.Interval < 0 {
		return o, fmt.Errorf("heat: away for %v, readings every %v: want no negative times", o.Away, o.Interval)
	}
	if o.MaxRest == 0 {
		o.MaxRest = DefaultMaxRest
	}
	if o.Away == 0 {
		o.Away = DefaultAway
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	return o, nil
}
