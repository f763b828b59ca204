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

// Mode is what to do about heat.
type Mode string

const (
	Throttle Mode = "throttle" // pause the device; where that is not enough, move to the CPU
	CPU      Mode = "cpu"      // move to the CPU
	Off      Mode = "off"      // only watch
)

// ParseMode parses a mode of a configuration; "" is Throttle.
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

// Default distances between thresholds, in °C.
const (
	moveBelowTrip     = 2
	throttleBelowMove = 8
	backBelowMove     = 5
)

// hysteresis is how far below its start a state without its own end threshold ends, in °C.
const hysteresis = 2

// Thresholds are where states begin or end, in °C. A Move of 0 means 2 °C below trip point 0, a Throttle of 0 means 8
// °C below Move, a Back of 0 means 5 °C below Move.
type Thresholds struct {
	Throttle float64 // pauses begin
	Move     float64 // models move to the CPU
	Back     float64 // they come back
}

// Validate returns an error for thresholds that contradict each other.
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

// resolve fills in the defaults.
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

// Options of a Monitor. The zero Options throttle with the defaults and have no callbacks.
type Options struct {
	Mode       Mode // "": Throttle
	Thresholds Thresholds
	// MaxRest is the longest pause after a run, in multiples of the run; 0: DefaultMaxRest, which is 10 % busy time.
	MaxRest float64
	// Away is the minimum time on the CPU after the first move; 0: DefaultAway. All other times of moving follow from
	// it.
	Away time.Duration

	// Read reads the device's temperature, usually edgetpu.System.Temperature. nil: readings come only through Feed.
	Read     func() (edgetpu.Reading, error)
	Interval time.Duration // between readings; 0: DefaultInterval

	// The callbacks; each may be nil. They are called one at a time and in order, from Feed or the Monitor's own
	// goroutine. They must not call Feed or Close, which wait for them.

	// OnRest gets the pause after each run in multiples of the run (scheduler.Queue.SetPace), when it has changed.
	OnRest func(rest float64)
	// OnMove is called when models must move to the CPU, with the reason for events. If nil, models never move.
	OnMove func(reason string)
	// OnBack is called when they may come back. OnRest is called before it if the pause changes too.
	OnBack func()
	// OnGone is called when the device no longer answers; err wraps edgetpu.ErrGone.
	OnGone func(err error)

	Logger *slog.Logger // nil: none
	Clock  clock.Clock  // nil: the system clock
}

// complete validates the options and fills in the defaults.
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
