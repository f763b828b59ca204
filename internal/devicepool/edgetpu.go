package devicepool

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/heat"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// edgeTPU is the hardware of an Edge TPU.
type edgeTPU struct {
	pool *Pool

	mu      sync.Mutex
	at      edgetpu.Device // where it is; a stick may come back at another port
	name    string         // what does not move: "usb:2-1"
	logger  *slog.Logger   // with that name
	shown   bool           // whether the kernel has ever shown it
	pinned  bool           // asked for by name: no other will do
	monitor *heat.Monitor  // nil where there is no temperature
	closed  bool
}

func newEdgeTPU(p *Pool, at edgetpu.Device) *edgeTPU {
	t := &edgeTPU{pool: p, at: at, shown: slices.Contains(p.o.EdgeTPU.System.Devices(), at)}
	t.rename(p.o.EdgeTPU.System.StableName(at))
	return t
}

// rename sets the name, with the lock held or before anybody else knows t.
func (t *edgeTPU) rename(name string) {
	t.name = name
	t.logger = t.pool.o.Logger.With("device", describeEdgeTPU(name).Name)
}

func (t *edgeTPU) describe() tensor.Device {
	t.mu.Lock()
	defer t.mu.Unlock()
	return describeEdgeTPU(t.name)
}

func describeEdgeTPU(name string) tensor.Device {
	d := deviceOf(delegate.EdgeTPU[0])
	d.Name += ":" + name
	return d
}

func (t *edgeTPU) where() edgetpu.Device {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at
}

func (t *edgeTPU) path() string        { return t.where().Path }
func (t *edgeTPU) selector() string    { return t.where().String() }
func (t *edgeTPU) item() delegate.Item { return delegate.EdgeTPU[0] }

func (t *edgeTPU) log() *slog.Logger {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.logger
}

func (t *edgeTPU) child() worker.HostOptions {
	at, o := t.where(), t.pool.o
	return worker.HostOptions{
		Name: "edgetpu " + at.String(), Library: o.Library, EdgeTPU: o.EdgeTPU, Device: at, Files: o.Files,
		Access: delegate.Access{Env: o.EdgeTPUEnv},
	}
}

// locate finds out where the device is now: at its path, under the same name at another path, or, unless it was asked
// for by name, where a device of the same bus is that nobody else of the pool has.
func (t *edgeTPU) locate(gone error) error {
	system := t.pool.o.EdgeTPU.System
	t.mu.Lock()
	at, name, pinned, shown, m := t.at, t.name, t.pinned, t.shown, t.monitor
	t.mu.Unlock()
	if gone != nil && m != nil && !m.Stats().Gone {
		gone = nil // it answers again
	}
	var other *edgetpu.Device
	for _, s := range system.Devices() {
		switch {
		case s == at:
			return gone
		case system.StableName(s) == name:
			t.move(s)
			return nil
		case other == nil && !pinned && s.Bus == at.Bus && !t.pool.uses(s):
			other = &s
		}
	}
	switch {
	case other != nil:
		t.move(*other)
		return nil
	case shown:
		return fmt.Errorf("%w: %s %w", edgetpu.ErrNoDevice, name, errAway)
	}
	return nil // the library knows it and the kernel never did: a simulator
}

func (t *edgeTPU) move(to edgetpu.Device) {
	name := t.pool.o.EdgeTPU.System.StableName(to)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logger.Info("the device has moved", "from", t.at.String(), "to", to.String())
	t.at = to
	t.rename(name)
}

// pin keeps the device from being replaced by another.
func (t *edgeTPU) pin(named bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pinned = t.pinned || named
}

// opened begins to watch the temperature of a device that shows one.
func (t *edgeTPU) opened(d *device) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// What the kernel does not know it has no temperature of.
	if t.closed || !t.shown || t.monitor != nil || t.at.Bus != edgetpu.PCI {
		return
	}
	o := t.pool.o.Heat
	o.Logger = t.logger
	o.Read = func() (edgetpu.Reading, error) { return t.pool.o.EdgeTPU.System.Temperature(t.where()) }
	o.OnRest = d.queue.SetPace
	o.OnMove = func(reason string) { d.park(reason) }
	o.OnBack = func() { d.park("") }
	o.OnGone = d.lose
	m, err := heat.New(o)
	if err == nil {
		err = m.Start()
	}
	if err != nil {
		t.logger.Warn("the temperature is not watched", "error", err)
		return
	}
	t.monitor = m
}

func (t *edgeTPU) heat() *Heat {
	t.mu.Lock()
	m := t.monitor
	t.mu.Unlock()
	if m == nil {
		return nil
	}
	return heatOf(m)
}

func (t *edgeTPU) close() {
	t.mu.Lock()
	t.closed = true
	m := t.monitor
	t.monitor = nil
	t.mu.Unlock()
	if m != nil {
		m.Close()
	}
}

// uses says whether the pool has the Edge TPU at a place.
func (p *Pool) uses(at edgetpu.Device) bool {
	for _, d := range p.all() {
		if t, ok := d.hardware.(*edgeTPU); ok && t.where() == at {
			return true
		}
	}
	return false
}

// edgeTPUs gives the devices of the pool for those at some places.
func (p *Pool) edgeTPUs(at []edgetpu.Device, spec edgetpu.Spec) []*device {
	all := make([]*device, len(at))
	for i, place := range at {
		all[i] = p.device(
			func(h hardware) bool { t, ok := h.(*edgeTPU); return ok && t.where() == place },
			func() hardware { return newEdgeTPU(p, place) },
		)
		all[i].hardware.(*edgeTPU).pin(spec.One())
	}
	return all
}
