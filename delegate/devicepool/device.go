package devicepool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/failover"
	"corallite/delegate/heat"
	"corallite/delegate/scheduler"
	"corallite/delegate/worker"
	"corallite/internal/isolate"
	"corallite/tflite/tensor"
)

// errClosed is what engines get from a Pool that was closed.
var errClosed = errors.New("the pool of Edge TPUs was closed")

// device is one Edge TPU.
type device struct {
	pool    *Pool
	queue   *scheduler.Queue
	backoff *failover.Backoff

	opening sync.Mutex // held while the child is started: once, however many engines wait for it

	mu      sync.Mutex
	at      edgetpu.Device // where it is; a stick may come back at another port
	name    string         // what does not move: "usb:2-1"
	log     *slog.Logger   // with that name
	shown   bool           // whether the kernel has ever shown it
	pinned  bool           // asked for by name: no other will do
	host    *worker.Host   // nil before the first engine
	gone    error          // why the device counts as gone although the child lives
	monitor *heat.Monitor  // nil where there is no temperature
	hot     string         // why its engines are on the CPU; "" when it is cool enough
	members map[*member]bool
	closed  bool
	counts
}

func newDevice(p *Pool, at edgetpu.Device) *device {
	name := p.o.EdgeTPU.System.StableName(at)
	return &device{
		pool: p, at: at, name: name, shown: slices.Contains(p.o.EdgeTPU.System.Devices(), at), log: p.logFor(name),
		queue: scheduler.New(scheduler.Options{}), backoff: failover.NewBackoff(p.o.Backoff),
		members: map[*member]bool{},
	}
}

func (d *device) is(at edgetpu.Device) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at == at
}

// label is the device's name in events.
func (d *device) label() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return devicePrefix + d.name
}

// part is a compiled file to be run on a device.
type part struct {
	model    string // its name
	path     string
	token    uint64
	threads  int
	priority int
	isolate  bool
	deadline time.Duration
}

// open opens an engine for a part.
func (d *device) open(ctx context.Context, p part) (tensor.Engine, error) {
	client := d.queue.Client(scheduler.ClientOptions{Name: p.model, Priority: p.priority, Token: p.token, Model: p.path})
	e, err := d.openOn(ctx, p, client)
	if err != nil {
		client.Close()
		d.count(func(c *counts) { c.errors++ })
		return nil, &loss{d.label(), err}
	}
	d.watchHeat()
	return &seat{Engine: e, device: d, client: client, name: d.label()}, nil
}

func (d *device) openOn(ctx context.Context, p part, client *scheduler.Client) (tensor.Engine, error) {
	files := delegate.Files{EdgeTPU: p.path}
	if !p.isolate {
		at, err := d.locate()
		if err != nil {
			return nil, err
		}
		d.found()
		e, err := delegate.Open(ctx, files, delegate.Options{
			Choice: delegate.EdgeTPU, Device: at.String(), Threads: p.threads, EdgeTPULibrary: d.pool.o.Library,
			EdgeTPU: d.pool.o.EdgeTPU,
		})
		if err != nil {
			return nil, err
		}
		return inTurn{e, client}, nil
	}
	h, at, err := d.child(ctx)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", p.path, err)
	}
	e, err := h.Open(ctx, worker.Request{
		Files: files, Choice: delegate.EdgeTPU, Device: at.String(), Threads: p.threads, Turn: client,
		Deadline: worker.DeadlinePolicy{Fixed: p.deadline},
	})
	var death *isolate.DeathError
	switch {
	case errors.As(err, &death):
		return nil, fmt.Errorf("model %s: %w", p.path, err)
	case err != nil:
		return nil, err
	}
	return e, nil
}

// child gives the living child of the device and where the device is, starting one where there is none.
func (d *device) child(ctx context.Context) (*worker.Host, edgetpu.Device, error) {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	old, at := d.host, d.at
	d.mu.Unlock()
	if old != nil {
		select {
		case <-old.Done():
			_ = old.Close() // how it died is known to those who used it
		default:
			return old, at, nil
		}
	}
	at, err := d.locate()
	if err != nil {
		return nil, at, err
	}
	d.mu.Lock()
	log := d.log
	d.mu.Unlock()
	h, err := worker.StartHost(ctx, worker.HostOptions{
		Name: "edgetpu " + at.String(), Library: d.pool.o.Library, EdgeTPU: d.pool.o.EdgeTPU, Device: at,
		Files: d.pool.o.Files, Reach: d.pool.o.Reach, Logger: log,
	})
	if err != nil {
		return nil, at, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, at, errors.Join(errClosed, h.Close())
	}
	if old != nil {
		d.restarts++
	}
	d.host, d.gone = h, nil
	d.log.Debug("a child process has the device", "pid", h.PID(), "confinement", h.Confinement())
	return h, at, nil
}

// locate finds out where the device is now: at its path, under the same name at another path, or, unless it was asked
// for by name, where a device of the same bus is that nobody else of the pool has.
func (d *device) locate() (edgetpu.Device, error) {
	system := d.pool.o.EdgeTPU.System
	d.mu.Lock()
	at, name, pinned, shown, closed, gone, m := d.at, d.name, d.pinned, d.shown, d.closed, d.gone, d.monitor
	d.mu.Unlock()
	if closed {
		return at, errClosed
	}
	if gone != nil && m != nil && !m.Stats().Gone {
		gone = nil // it answers again
	}
	seen := system.Devices()
	var other *edgetpu.Device
	for _, s := range seen {
		switch {
		case s == at:
			return at, gone
		case system.StableName(s) == name:
			d.move(s)
			return s, nil
		case other == nil && !pinned && s.Bus == at.Bus && !d.pool.uses(s):
			other = &s
		}
	}
	switch {
	case other != nil:
		d.move(*other)
		return *other, nil
	case shown:
		return at, fmt.Errorf("%w: %s %w", edgetpu.ErrNoDevice, name, errAway)
	}
	return at, nil // the library knows it and the kernel never did: a simulator
}

func (p *Pool) uses(at edgetpu.Device) bool {
	for _, d := range p.all() {
		if d.is(at) {
			return true
		}
	}
	return false
}

func (d *device) move(to edgetpu.Device) {
	name := d.pool.o.EdgeTPU.System.StableName(to)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log.Info("the device is at another place", "from", d.at.String(), "to", to.String())
	d.at, d.name, d.log = to, name, d.pool.logFor(name)
}

// logFor is the log of the device with a name.
func (p *Pool) logFor(name string) *slog.Logger { return p.o.Logger.With("device", devicePrefix+name) }

// pin keeps the device from being replaced by another.
func (d *device) pin(named bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pinned = d.pinned || named
}

// lose makes everybody on the device see it as gone: its child is ended, and runs fail with this cause.
func (d *device) lose(cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = cause
	if d.host != nil {
		d.host.Kill()
	}
}

// kill ends its child; the engines in it fail.
func (d *device) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.host != nil {
		d.host.Kill()
	}
}

// found takes it back.
func (d *device) found() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = nil
}

// lost is why the device counts as gone; nil when it does not.
func (d *device) lost() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

func (d *device) close() error {
	d.mu.Lock()
	d.closed = true
	h, m := d.host, d.monitor
	d.host, d.monitor = nil, nil
	d.mu.Unlock()
	if m != nil {
		m.Close()
	}
	if h == nil {
		return nil
	}
	return closeHost(h, d.pool.o.Logger)
}

// closeHost ends a child. That it had died, or had to be killed for not ending, is no failure any more: who ran in it was
// told, and nobody has lost anything since.
func closeHost(h *worker.Host, log *slog.Logger) error {
	err := h.Close()
	var death *isolate.DeathError
	if errors.As(err, &death) {
		log.Debug("a child process did not end in order", "error", err)
		return nil
	}
	return err
}
