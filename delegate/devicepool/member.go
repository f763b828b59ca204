package devicepool

import (
	"time"

	"corallite/delegate/failover"
)

// member is an engine that its devices know of, so that heat can move it to the CPU.
type member struct {
	*failover.Engine
	berth berth
}

// newMember makes an engine known to its devices; one that is too hot sends it to the CPU at once.
func newMember(p *Pool, e *failover.Engine, b berth) *member {
	p.parking.Lock()
	defer p.parking.Unlock()
	m := &member{e, b}
	for _, d := range b {
		d.mu.Lock()
		d.members[m] = true
		d.mu.Unlock()
	}
	m.park()
	return m
}

// park has the CPU run the model while one of its devices is too hot. Pool.parking is held.
func (m *member) park() {
	for _, d := range m.berth {
		if reason := d.tooHot(); reason != "" {
			m.Park(reason)
			return
		}
	}
	m.Unpark()
}

func (d *device) leave(m *member) {
	without := m.Stats().Degraded
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.members, m)
	d.degraded = max(d.degraded, without)
}

// closeGrace is how long a device that is being got back may take to be closed.
const closeGrace = 2 * time.Second

// Close leaves the devices and closes the engine. A device that hangs on trial is not waited for until its deadline.
func (m *member) Close() error {
	for _, d := range m.berth {
		d.leave(m)
	}
	if s := m.Stats().State; s != failover.StateWorking && s != failover.StateParked {
		late := time.AfterFunc(closeGrace, func() {
			for _, d := range m.berth {
				d.kill()
			}
		})
		defer late.Stop()
	}
	return m.Engine.Close()
}

// changed counts what happened to an engine for its devices.
func (b berth) changed(c failover.Change) {
	for _, d := range b {
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
