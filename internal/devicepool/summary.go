package devicepool

import (
	"math"
	"sync/atomic"
	"time"
)

// Summary is what happened to one device since the Pool was made. Its JSON stands in `corallite run --summary`.
type Summary struct {
	Name            string  `json:"name"`             // "edgetpu:usb:2-1"
	Path            string  `json:"path"`             // where it is, or was last
	Runs            uint64  `json:"runs"`             // of all models
	BusySeconds     float64 `json:"busy_seconds"`     // in runs
	Errors          uint64  `json:"errors"`           // runs and openings that failed
	Failovers       uint64  `json:"failovers"`        // times that an engine lost it in a run
	Restores        uint64  `json:"restores"`         // times that an engine took it back
	Restarts        uint64  `json:"restarts"`         // of its child process
	DegradedSeconds float64 `json:"degraded_seconds"` // that an engine was without it, at most
	Swaps           uint64  `json:"swaps"`            // runs that had to load other parameters first
	SwapMS          float64 `json:"swap_ms"`          // what one of them cost, on average; 0: not measured
	Heat            *Heat   `json:"heat,omitempty"`   // nil: it shows no temperature
}

// Heat is a device's temperature in °C.
type Heat struct {
	Now       float64 `json:"now"`
	Max       float64 `json:"max"`
	TripPoint float64 `json:"trip_point"` // the first one
	State     string  `json:"state"`      // as heat.State has it; "gone" when the device does not answer
	Moves     uint64  `json:"moves"`      // to the CPU

	ThrottledSeconds float64 `json:"throttled_seconds"` // in which it rested between runs
	MovedSeconds     float64 `json:"moved_seconds"`     // in which its models were on the CPU
}

// Summaries are of all devices that were used, in the order in which they were first used.
func (p *Pool) Summaries() []Summary {
	all := []Summary{}
	for _, d := range p.all() {
		all = append(all, d.summary())
	}
	return all
}

// counts is what a device counts; all but runs under its lock.
type counts struct {
	runs                                  atomic.Uint64
	errors, failovers, restores, restarts uint64
	degraded                              time.Duration // the longest that an engine now closed was without it
}

func (d *device) count(f func(*counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.counts)
}

func (d *device) summary() Summary {
	turns, shown, path, warmth := d.queue.Stats(), d.describe(), d.path(), d.heat()
	d.mu.Lock()
	defer d.mu.Unlock()
	degraded := d.degraded
	for m := range d.engines {
		degraded = max(degraded, m.Stats().Degraded)
	}
	s := Summary{
		Name: shown.Name, Path: path, Runs: d.runs.Load(), BusySeconds: round(turns.Busy.Seconds()),
		Errors: d.errors, Failovers: d.failovers, Restores: d.restores, Restarts: d.restarts,
		DegradedSeconds: round(degraded.Seconds()),
		Swaps:           turns.Swaps, SwapMS: round(turns.MeanSwapCost().Seconds() * 1e3), Heat: warmth,
	}
	return s
}

// round rounds to thousandths.
func round(x float64) float64 { return math.Round(x*1e3) / 1e3 }
