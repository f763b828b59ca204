package heat

import (
	"fmt"
	"log/slog"
	"time"

	"corallite/delegate/edgetpu"
)

// Stats is what a Monitor has seen and done.
type Stats struct {
	Known bool       // there was a reading; without one the temperatures are 0
	Now   float64    // °C, the last reading
	Max   float64    // °C
	MaxAt time.Time  // when Max was first reached
	Trip  [3]float64 // °C, as edgetpu.Reading has them
	Trips [3]uint64  // how often each was crossed upwards
	Gone  bool       // it does not answer

	State      State
	Rest       float64 // pause after each run, in multiples of the run
	Throttles  uint64  // how often throttling began
	Moves      uint64  // how often the models were moved
	Throttling time.Duration
	Moved      time.Duration
}

// Stats returns the current state.
func (m *Monitor) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}

// pass adds the time since the last reading to the state that lasted through it.
func (m *Monitor) pass(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.last.IsZero() {
		switch m.stats.State {
		case Throttling:
			m.stats.Throttling += at.Sub(m.last)
		case Moved:
			m.stats.Moved += at.Sub(m.last)
		}
	}
	m.last = at
}

// show updates the stats with a reading that was processed.
func (m *Monitor) show(at time.Time, r edgetpu.Reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, p := &m.stats, &m.policy
	if !s.Known || r.Now > s.Max {
		s.Max, s.MaxAt = r.Now, at
	}
	if p.state != s.State {
		switch p.state {
		case Throttling:
			s.Throttles++
		case Moved:
			s.Moves++
		}
	}
	s.Known, s.Gone = true, false
	s.Now, s.Trip, s.Trips = r.Now, r.Trip, m.trips.times
	s.State, s.Rest = p.state, p.rest()
}

// trips watches the driver's trip points.
type trips struct {
	past  [3]bool
	times [3]uint64
}

// slowed is the clock at each trip point relative to full speed (apex_driver.c: the divider grows by one bit at each).
var slowed = [3]string{"half", "a quarter of", "an eighth of"}

// note logs the highest trip point that was newly crossed upwards, or the lowest crossed downwards, with hysteresis, so
// that each crossing is one line.
func (t *trips) note(log *slog.Logger, r edgetpu.Reading) {
	up, down := -1, -1
	for i, trip := range r.Trip {
		switch {
		case !t.past[i] && r.Now >= trip:
			t.past[i], up = true, i
			t.times[i]++
		case t.past[i] && r.Now <= trip-hysteresis:
			t.past[i] = false
			if down < 0 {
				down = i
			}
		}
	}
	if up >= 0 {
		log.Warn(fmt.Sprintf("%s, past trip point %d: the driver may run it at %s its clock", at(r.Now), up, slowed[up]),
			"trip", r.Trip[up])
	}
	if down >= 0 {
		log.Info(fmt.Sprintf("%s, below trip point %d again", at(r.Now), down), "trip", r.Trip[down])
	}
}
