package devicepool

import (
	"fmt"
	"maps"
	"slices"

	"corallite/delegate/edgetpu"
	"corallite/delegate/heat"
)

// watchHeat begins to watch the temperature of a device that shows one.
func (d *device) watchHeat() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || !d.shown { // what the kernel does not know it has no temperature of
		return
	}
	if d.monitor != nil || d.at.Bus != edgetpu.PCI {
		return
	}
	o := d.pool.o.Heat
	o.Logger = d.log
	o.Read = func() (edgetpu.Reading, error) { return d.pool.o.EdgeTPU.System.Temperature(d.where()) }
	o.OnRest = d.queue.SetPace
	o.OnMove = func(reason string) { d.park(reason) }
	o.OnBack = func() { d.park("") }
	o.OnGone = d.lose
	m, err := heat.New(o)
	if err == nil {
		err = m.Start()
	}
	if err != nil {
		d.log.Warn("the temperature is not watched", "error", err)
		return
	}
	d.monitor = m
}

// park moves all engines of the device to the CPU, or with "" lets them come back.
func (d *device) park(reason string) {
	d.pool.parking.Lock()
	defer d.pool.parking.Unlock()
	// The device's lock is not held while engines move: they count that.
	d.mu.Lock()
	d.hot = reason
	members := slices.Collect(maps.Keys(d.members))
	d.mu.Unlock()
	for _, m := range members {
		m.park()
	}
}

// tooHot is why the device's engines are on the CPU; "" when it is cool enough.
func (d *device) tooHot() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hot
}

func (d *device) where() edgetpu.Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// heatOf is what a summary says of a monitor; nil before its first reading.
func heatOf(m *heat.Monitor) *Heat {
	s := m.Stats()
	if !s.Known {
		return nil
	}
	h := &Heat{
		Now: s.Now, Max: s.Max, TripPoint: s.Trip[0], State: fmt.Sprint(s.State), Moves: s.Moves,
		ShedSeconds: round(s.Shedding.Seconds()), MovedSeconds: round(s.Moved.Seconds()),
	}
	if s.Gone {
		h.State = "gone"
	}
	return h
}
