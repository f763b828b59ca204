package devicepool

import (
	"fmt"
	"maps"
	"slices"

	"corallite/internal/heat"
)

// park moves all engines of the device to the CPU, or with "" lets them come back.
func (d *device) park(reason string) {
	d.pool.parking.Lock()
	defer d.pool.parking.Unlock()
	// The device's lock is not held while engines move: they count that.
	d.mu.Lock()
	d.hot = reason
	engines := slices.Collect(maps.Keys(d.engines))
	d.mu.Unlock()
	for _, m := range engines {
		m.park()
	}
}

// tooHot is why the device's engines are on the CPU; "" when it is cool enough.
func (d *device) tooHot() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hot
}

// heatOf is what a summary says of a monitor; nil before its first reading.
func heatOf(m *heat.Monitor) *Heat {
	s := m.Stats()
	if !s.Known {
		return nil
	}
	h := &Heat{
		Now: s.Now, Max: s.Max, TripPoint: s.Trip[0], State: fmt.Sprint(s.State), Moves: s.Moves,
		ThrottledSeconds: round(s.Throttling.Seconds()), MovedSeconds: round(s.Moved.Seconds()),
	}
	if s.Gone {
		h.State = "gone"
	}
	return h
}
