package failover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/clock"
	"corallite/tflite/tensor"
)

// ErrClosed is what Invoke returns after Close.
var ErrClosed = errors.New("the engine is closed")

// The defaults of Options.
const (
	DefaultTrial  = 3
	DefaultGiveUp = 2 * time.Minute
)

// Options of New.
type Options struct {
	Name   string // the model's, in logs and changes
	Device string // the device's there, until primary or what Open opens says otherwise

	// Open opens an engine on the device again. It is called by one goroutine at a time, returns soon after ctx has
	// ended, and what it opened belongs to the Engine. Required.
	Open func(ctx context.Context) (tensor.Engine, error)

	Fallback tensor.Engine // runs the model on the CPU; nil: none
	Backoff  *Backoff      // shared by all engines of one device; nil: one of its own. Its clock is the Engine's too
	Trial    int           // right answers wanted before the device is taken back; 0: DefaultTrial
	// Verify has the first answers of the device compared with the fallback's, as many as Trial: a device that answers otherwise
	// is lost as one that fails. It needs a Fallback.
	Verify bool
	// Unordered says that the order of an output's values is not worth comparing, as of detections that are sorted by scores
	// which two devices round differently.
	Unordered bool
	GiveUp    time.Duration // without a fallback, how long Invoke waits for the device; 0: DefaultGiveUp, negative: until its context ends

	Logger *slog.Logger // nil: nothing is logged

	// OnChange, when set, is told of every change. It is called by the goroutine that runs the engine and by others,
	// must return soon, and must call neither Invoke nor Close.
	OnChange func(Change)
}

// Engine runs one model on a device, and on its fallback while the device does not work. It is a [tensor.Engine]: Inputs,
// Outputs, Input, Output and Invoke are for one goroutine at a time. Device, Stats, Park, Unpark and Close may be
// called by others at any time.
type Engine struct {
	o       Options
	log     *slog.Logger
	backoff *Backoff
	clock   clock.Clock
	ports   ports // what every engine of the model must have

	running  sync.Mutex // held by Invoke and, at its end, by Close
	fallback *unit      // nil: none
	front    memory     // where the caller writes inputs
	verified int        // runs of the device that were compared with the fallback's and were right
	last     *unit      // whose outputs the caller reads; nil: there are none

	shown  atomic.Pointer[tensor.Device]
	closed atomic.Bool
	counts counts

	work       context.Context // ends with Close
	stop       context.CancelFunc
	background sync.WaitGroup // the goroutine that gets the device back
	back       chan struct{}  // wakes an Invoke that waits for the device
	once       sync.Once
	closeErr   error

	mu        sync.Mutex // held for moments, never while an engine works
	device    *unit      // nil: lost
	name      string     // of the device, when it was there last
	lost      *cause     // why it is lost, or was
	lostAt    time.Time
	phase     State     // of a lost device
	next      time.Time // when it is tried next
	tried     string    // why the last try failed
	parked    *cause    // nil: not parked
	since     time.Time // of the time without the device; zero: it runs the model
	degraded  time.Duration
	failovers uint64
	restores  uint64
	rejected  uint64
	firsts    firsts
}

var _ tensor.Engine = (*Engine)(nil)

// New makes an engine of primary, which is open on the device. Where that is nil, unavailable says why; the fallback then
// runs the model and the device is tried at once in the background. Inputs and outputs of primary and Fallback must be
// described alike. The Engine owns both and closes them; after an error they stay with the caller.
func New(primary tensor.Engine, unavailable error, o Options) (*Engine, error) {
	if unavailable == nil {
		unavailable = errors.New("the device is not open yet")
	}
	switch {
	case o.Open == nil:
		return nil, fmt.Errorf("model %s: Options.Open is nil: the device could not come back", o.Name)
	case primary == nil && o.Fallback == nil:
		return nil, fmt.Errorf("model %s: %w; and it has no fallback to run on the CPU", o.Name, unavailable)
	}
	e := &Engine{o: o, log: o.Logger, name: o.Device, backoff: o.Backoff, back: make(chan struct{}, 1)}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.log = e.log.With("model", o.Name)
	if e.backoff == nil {
		e.backoff = NewBackoff(BackoffOptions{})
	}
	e.clock = e.backoff.o.Clock
	if e.o.Trial <= 0 {
		e.o.Trial = DefaultTrial
	}
	if e.o.GiveUp == 0 {
		e.o.GiveUp = DefaultGiveUp
	}
	if o.Fallback != nil {
		e.fallback = &unit{Engine: o.Fallback}
		e.ports, e.front, e.last = portsOf(o.Fallback), e.fallback, e.fallback
	}
	if primary != nil {
		if err := e.begin(primary); err != nil {
			return nil, fmt.Errorf("model %s: %s and its fallback on %s: %w", o.Name, primary.Device().Name, o.Fallback.Device().Name, err)
		}
	}
	e.firsts.enough = make(chan struct{})
	e.work, e.stop = context.WithCancel(context.Background())
	if primary == nil {
		e.lost, e.lostAt, e.phase = causeOf(unavailable), e.clock.Now(), StateWaiting
		e.tried = e.lost.reason // who made the engine has said so
		e.account()
		e.show(e.degradedDevice(e.lost))
		e.background.Add(1)
		go e.recovery(nil)
	}
	return e, nil
}

// begin takes the engine that New was given.
func (e *Engine) begin(primary tensor.Engine) error {
	if e.fallback == nil {
		e.ports = portsOf(primary)
	} else if err := e.ports.check(primary); err != nil {
		return err
	}
	e.device = &unit{Engine: primary, epoch: e.backoff.epoch.Load()}
	e.backoff.works(e.device.epoch)
	e.front, e.last = e.device, e.device
	e.name = primary.Device().Name
	e.show(primary.Device())
	return nil
}

// Inputs describes the inputs.
func (e *Engine) Inputs() []tensor.Info { return e.ports.inputs }

// Outputs describes the outputs as the last run left them.
func (e *Engine) Outputs() []tensor.Info {
	if e.last == nil || e.closed.Load() {
		return e.ports.outputs
	}
	return e.last.Outputs()
}

// Input is a view of input i, in the memory of what runs the model now. It is valid until the next Invoke: after that
// something else may run it. What the inputs hold goes along.
func (e *Engine) Input(i int) tensor.Tensor {
	if i < 0 || i >= len(e.ports.inputs) || e.closed.Load() {
		return tensor.Tensor{}
	}
	return tensor.Tensor{Info: e.ports.inputs[i], Data: e.front.Input(i).Data}
}

// Output is a view of output i of the last run, valid until the next Invoke; the zero Tensor when that run failed.
func (e *Engine) Output(i int) tensor.Tensor {
	if e.last == nil || e.closed.Load() {
		return tensor.Tensor{}
	}
	return e.last.Output(i)
}

// Device says what ran the model last, and before the first run what will. While that is the fallback it is degraded, for
// the reason for which the device was lost or parked.
func (e *Engine) Device() tensor.Device { return *e.shown.Load() }

// show sets what Device says.
func (e *Engine) show(d tensor.Device) {
	if p := e.shown.Load(); p == nil || *p != d {
		now := d // a variable of its own, so that only a change allocates
		e.shown.Store(&now)
	}
}

// degradedDevice is the fallback as Device shows it.
func (e *Engine) degradedDevice(why *cause) tensor.Device {
	d := e.fallback.Device()
	d.Degraded, d.Reason, d.Wanted = true, why.reason, true
	return d
}

// Close ends the work in the background, waits for it and for an Invoke under way, and closes the device's engine and
// the fallback. A native run cannot be cut short from here; who cannot wait for it ends its context. Twice is safe.
func (e *Engine) Close() error {
	e.once.Do(func() {
		e.closed.Store(true)
		e.stop()
		e.running.Lock()
		defer e.running.Unlock()
		// Only an Invoke starts the goroutine, so none comes any more.
		e.background.Wait()
		e.closeErr = errors.Join(e.device.close(), e.fallback.close())
	})
	return e.closeErr
}
