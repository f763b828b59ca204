package devicepool

import (
	"time"

	"corallite/internal/failover"
)

// managedEngine is an engine that its devices know of, so that heat can move it to the CPU.
type managedEngine struct {
	*failover.Engine
	placement placement
}

// newManagedEngine makes an engine known to its devices; one that is too hot sends it to the CPU at once.
func newManagedEngine(p *Pool, e *failover.Engine, at placement) *managedEngine {
	p.parking.Lock()
	defer p.parking.Unlock()
	m := &managedEngine{e, at}
	for _, d := range at {
		d.mu.Lock()
		d.engines[m] = true
		d.mu.Unlock()
	}
	m.park()
	return m
}

// park has the CPU run the model while one of its devices is too hot. Pool.parking is held.
func (m *managedEngine) park() {
	for _, d := range m.placement {
		if reason := d.tooHot(); reason != "" {
			m.Park(reason)
			return
		}
	}
	m.Unpark()
}

func (d *device) leave(m *managedEngine) {
	without := m.Stats().Degraded
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.engines, m)
	d.degraded = max(d.degraded, without)
}

// closeGrace is how long a device that is being got back may take to be closed.
const closeGrace = 2 * time.Second

// Close leaves the devices and closes the engine. A device that hangs on trial is not waited for until its deadline.
func (m *managedEngine) Close() error {
	for _, d := range m.placement {
		d.leave(m)
	}
	if s := m.Stats().State; s != failover.StateWorking && s != failover.StateParked {
		late := time.AfterFunc(closeGrace, func() {
			for _, d := range m.placement {
				d.kill()
			}
		})
		defer late.Stop()
	}
	return m.Engine.Close()
}

// changed counts what happened to an engine for its devices.
func (at placement) changed(c failover.Change) {
	for _, d := range at {
		d.count(func(n *counts) {
			switch c.Kind {
			case failover.Failover:
				n.failovers++
			case failover.Restored:
				n.restores++
			}
		})
	}
}
