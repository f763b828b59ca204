package devicepool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"corallite/delegate"
	"corallite/internal/choice"
	"corallite/internal/failover"
	"corallite/internal/isolate"
	"corallite/internal/scheduler"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// errClosed is what engines get from a Pool that was closed.
var errClosed = errors.New("the pool of devices was closed")

// hardware is what a device is: an Edge TPU, or what the library of an external delegate drives. Its methods may be called
// by several goroutines.
type hardware interface {
	// describe is the device as events show it.
	describe() tensor.Device
	// path is where it is, for a Summary.
	path() string
	// item is how it stands in a choice.Choice.
	item() choice.Item
	// locate makes sure that it is there. gone is why it counts as gone, nil when it does not; so is the result.
	locate(gone error) error
	// selector is its device string, as delegate.Options.Device has it.
	selector() string
	// child are the options of its child process, but for the log.
	child() worker.HostOptions
	// opened is called when an engine was opened on it.
	opened(*device)
	// heat is how warm it is; nil where that is not shown.
	heat() *Heat
	// close ends what it has started.
	close()
	log() *slog.Logger
}

// device is one accelerator that several engines share.
type device struct {
	pool *Pool
	hardware
	queue   *scheduler.Queue
	backoff *failover.Backoff

	opening sync.Mutex // held while the child is started: once, however many engines wait for it

	mu      sync.Mutex
	host    *worker.Host // nil before the first engine
	gone    error        // why the device counts as gone although the child lives
	hot     string       // why its engines are on the CPU; "" when it is cool enough
	engines map[*managedEngine]bool
	closed  bool
	counts
}

func newDevice(p *Pool, h hardware) *device {
	return &device{
		pool: p, hardware: h, queue: scheduler.New(scheduler.Options{}), backoff: failover.NewBackoff(p.o.Backoff),
		engines: map[*managedEngine]bool{},
	}
}

// label is the device's name in events.
func (d *device) label() string { return d.describe().Name }

// part is a file to be run on a device.
type part struct {
	model     string // its name
	files     delegate.Files
	shapes    [][]int
	signature string // "": the main graph
	token     uint64
	threads   int
	priority  int
	isolate   bool
	deadline  time.Duration
}

// path is the file's.
func (p part) path() string {
	if p.files.EdgeTPU != "" {
		return p.files.EdgeTPU
	}
	return p.files.CPU
}

// open opens an engine for a part.
func (d *device) open(ctx context.Context, p part) (tensor.Engine, error) {
	client := d.queue.Client(scheduler.ClientOptions{Name: p.model, Priority: p.priority, Token: p.token, Model: p.path()})
	e, err := d.openOn(ctx, p, client)
	if err != nil {
		client.Close()
		d.count(func(c *counts) { c.errors++ })
		return nil, &deviceError{d.label(), err}
	}
	d.opened(d)
	return &deviceEngine{Engine: e, device: d, client: client, shown: d.describe()}, nil
}

func (d *device) openOn(ctx context.Context, p part, client *scheduler.Client) (tensor.Engine, error) {
	choice := choice.Choice{d.item()}
	if !p.isolate {
		if err := d.find(); err != nil {
			return nil, err
		}
		d.found()
		e, err := delegate.Open(ctx, p.files, delegate.Options{
			Choice: choice, Device: d.selector(), Threads: p.threads, Shapes: p.shapes, Signature: p.signature, EdgeTPULibrary: d.pool.o.Library,
			EdgeTPU: d.pool.o.EdgeTPU,
		})
		if err != nil {
			return nil, err
		}
		return scheduledEngine{e, client}, nil
	}
	h, err := d.process(ctx)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", p.path(), err)
	}
	e, err := h.Open(ctx, worker.Request{
		Files: p.files, Choice: choice, Device: d.selector(), Threads: p.threads, Shapes: p.shapes, Signature: p.signature, Turn: client,
		Deadline: worker.DeadlinePolicy{Fixed: p.deadline},
	})
	var death *isolate.DeathError
	switch {
	case errors.As(err, &death):
		return nil, fmt.Errorf("model %s: %w", p.path(), err)
	case err != nil:
		return nil, err
	}
	return e, nil
}

// find is hardware.locate for a device of a pool that is open.
func (d *device) find() error {
	d.mu.Lock()
	closed, gone := d.closed, d.gone
	d.mu.Unlock()
	if closed {
		return errClosed
	}
	return d.locate(gone)
}

// process gives the living child of the device, starting one where there is none.
func (d *device) process(ctx context.Context) (*worker.Host, error) {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	old := d.host
	d.mu.Unlock()
	if old != nil {
		select {
		case <-old.Done():
			_ = old.Close() // how it died is known to those who used it
		default:
			return old, nil
		}
	}
	if err := d.find(); err != nil {
		return nil, err
	}
	o := d.child()
	o.Logger = d.log()
	o.Access.ReadWrite = append(o.Access.ReadWrite, d.pool.o.ExtraPaths...)
	h, err := worker.StartHost(ctx, o)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.Join(errClosed, h.Close())
	}
	if old != nil {
		d.restarts++
	}
	d.host, d.gone = h, nil
	d.log().Debug("a child process has the device", "pid", h.PID(), "confinement", h.Confinement())
	return h, nil
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

func (d *device) shut() error {
	d.mu.Lock()
	d.closed = true
	h := d.host
	d.host = nil
	d.mu.Unlock()
	d.close()
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
