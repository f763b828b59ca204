package devicepool

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/choice"
	"corallite/internal/failover"
	"corallite/tflite/tensor"
)

// A device that does not open at first is given a moment and asked once more: the first opening after a stick was
// plugged in, or after another program ended, fails often.
const (
	openTries = 2
	openPause = 300 * time.Millisecond
)

// How long an engine may take to open. libedgetpu loads a stick's firmware, which takes seconds. Before the first frame
// of a model that has a CPU model it is less: what hangs should not keep the stream waiting.
const (
	openLimit  = time.Minute
	firstLimit = 15 * time.Second
)

// placement is where one engine of a model goes: a device for each part.
type placement []*device

// describe is what events show of it.
func (at placement) describe() tensor.Device {
	devices := make([]tensor.Device, len(at))
	for i, d := range at {
		devices[i] = d.describe()
	}
	all := devices[0]
	all.Name = joinDevices(devices)
	return all
}

func (at placement) name() string { return at.describe().Name }

// placements spreads n engines over the devices. A model in one piece has a device for each engine in turn. Of one in
// segments, segment k has always the same device, so that its parameters stay there.
func placements(devices []*device, parts, n int) []placement {
	all := make([]placement, n)
	for i := range all {
		for k := range parts {
			at := i
			if parts > 1 {
				at = k
			}
			all[i] = append(all[i], devices[at%len(devices)])
		}
	}
	return all
}

// opener opens engines of one model on one accelerator.
type opener struct {
	pool    *Pool
	request Request
	item    choice.Item
	more    bool // another accelerator may run the model where this one does not
	parts   []part
}

// missed is why an accelerator runs no engine of a model.
type missed struct {
	Causes []error
	Wanted bool // as of tensor.Device
}

// open opens a model's engines. Without engines missed says why; an error is one for which nothing else is tried.
func (o opener) open(ctx context.Context) ([]tensor.Engine, missed, error) {
	devices, m, err := o.devices(ctx)
	if err != nil || len(m.Causes) > 0 {
		return nil, m, err
	}
	if !o.request.isolated(true) {
		o.pool.o.Logger.Warn("isolate: false: "+o.library()+" runs in this process, which ends when it crashes and stops when it hangs",
			"model", o.request.Model.Path())
	}
	return o.openOn(ctx, devices)
}

// library is what runs in a child, in words.
func (o opener) library() string {
	if choice.Of(o.item).External() {
		return o.item.Title()
	}
	return "libedgetpu"
}

// devices are those on which the model may run, or why there are none.
func (o opener) devices(ctx context.Context) ([]*device, missed, error) {
	r := o.request
	if !o.item.IsEdgeTPU() {
		if err := o.pool.askProvider(ctx, o.item); err != nil {
			if ctx.Err() != nil {
				return nil, missed{}, err
			}
			return nil, missed{[]error{err}, true}, nil
		}
		return []*device{o.pool.provided(o.item)}, missed{}, nil
	}
	spec, err := edgetpu.ParseSpec(r.Device)
	if err != nil {
		return nil, missed{}, err
	}
	c, err := o.pool.candidates(ctx, r)
	if err != nil || len(c.Causes) > 0 {
		return nil, missed{c.Causes, c.Wanted}, err
	}
	return o.pool.edgeTPUs(c.Devices, spec), missed{}, nil
}

// openOn opens the engines on devices. A device that cannot be opened leaves its engines to the CPU until it can; without
// the CPU it is left out.
func (o opener) openOn(ctx context.Context, devices []*device) ([]tensor.Engine, missed, error) {
	r := o.request
	o.parts = o.files()
	n := r.Engines
	if r.Spread && len(o.parts) == 1 {
		n = max(n, len(devices))
	} else if r.Spread {
		n = max(n, min(len(o.parts), len(devices)))
	}
	fallbacks, err := o.fallbacks(ctx, n)
	if err != nil {
		return nil, missed{}, err
	}
	var engines []tensor.Engine
	var causes []error
	failed := map[string]error{} // a device that failed is not waited for again
	for i, at := range placements(devices, len(o.parts), n) {
		var fallback tensor.Engine
		if fallbacks != nil {
			fallback = fallbacks[i]
		}
		e, cause, err := o.engine(ctx, at, fallback, failed)
		if cause != nil && failed[at.name()] == nil {
			failed[at.name()] = cause
			causes = append(causes, cause)
		}
		if err != nil {
			err = errors.Join(err, closeAll(engines), closeAll(fallbacks[min(i, len(fallbacks)):]))
			return nil, missed{}, err
		}
		if e != nil {
			engines = append(engines, e)
		}
	}
	if len(engines) == 0 {
		return nil, missed{causes, true}, nil
	}
	if o.more && len(failed) == len(devices) {
		return nil, missed{causes, true}, closeAll(engines)
	}
	o.announce(engines, causes)
	return engines, missed{}, nil
}

// fallbacks opens the engines on the CPU that stand behind those on devices; nil when the CPU may not run the model.
func (o opener) fallbacks(ctx context.Context, n int) ([]tensor.Engine, error) {
	cpu := o.request.Choice.OnCPU()
	if len(cpu) == 0 || !o.request.Model.ForCPU() {
		return nil, nil
	}
	return o.pool.cpuEngines(ctx, o.request, delegate.Options{Choice: cpu}, n)
}

// files are what the accelerator runs of the model.
func (o opener) files() []part {
	r := o.request
	p := part{
		model: r.Name, threads: max(r.Threads, 1), priority: r.Priority, isolate: r.isolated(true), deadline: r.Deadline,
	}
	if !o.item.IsEdgeTPU() {
		p.files, p.shapes, p.signature = r.Model.Files(), r.Shapes, r.Model.Signature()
		if p.files.CPU != "" {
			p.files.EdgeTPU = ""
		}
		p.token = tokenOf(p.path())
		return []part{p}
	}
	var all []part
	for _, m := range r.parts() {
		p.files, p.signature, p.token = delegate.Files{EdgeTPU: m.Files().EdgeTPU}, m.Signature(), m.Token()
		if p.token == 0 {
			p.token = tokenOf(p.files.EdgeTPU)
		}
		all = append(all, p)
	}
	return all
}

// tokenOf is a parameter-caching token for parameters that belong to one file alone.
func tokenOf(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // it has no error to give
	return h.Sum64()
}

// engine opens one engine. cause is why the device does not run it; without a fallback there is then no engine.
func (o opener) engine(ctx context.Context, at placement, fallback tensor.Engine, failed map[string]error) (e tensor.Engine, cause, err error) {
	primary, cause := tensor.Engine(nil), failed[at.name()]
	if cause == nil {
		limit := openLimit
		if fallback != nil {
			limit = firstLimit
		}
		primary, cause = o.first(ctx, at, limit)
	}
	if err := ctx.Err(); err != nil {
		if primary != nil {
			err = errors.Join(err, primary.Close())
		}
		return nil, nil, err
	}
	if cause != nil && fallback == nil {
		return nil, cause, nil
	}
	pool := o.pool
	fo, err := failover.New(primary, cause, failover.Options{
		Name: o.request.Name, Device: at.name(), Fallback: fallback, Backoff: at[0].backoff, GiveUp: pool.o.GiveUp, Logger: pool.o.Logger,
		Open:     func(ctx context.Context) (tensor.Engine, error) { return o.reopen(ctx, at, openLimit) },
		OnChange: at.changed, Verify: choice.Of(o.item).Checked, Unordered: o.request.Model.Unordered(),
	})
	if err != nil {
		if primary != nil {
			err = errors.Join(err, primary.Close())
		}
		return nil, nil, err
	}
	return newManagedEngine(pool, fo, at), cause, nil
}

// first opens an engine before the first frame.
func (o opener) first(ctx context.Context, at placement, limit time.Duration) (tensor.Engine, error) {
	ctx, stop := o.pool.patient(ctx)
	defer stop()
	for try := 1; ; try++ {
		e, err := o.reopen(ctx, at, limit)
		if err != nil && ctx.Err() != nil {
			return nil, &deviceError{at.name(), interruption{}}
		}
		if err == nil || try == openTries || errors.Is(err, errSlow) {
			return e, err
		}
		o.pool.o.Logger.Debug("the device did not open: once more", "model", o.request.Name, "device", at.name(), "reason", err)
		select {
		case <-time.After(openPause):
		case <-ctx.Done():
		}
	}
}

// errSlow is why a device that hangs is not opened.
var errSlow = errors.New("opening it took too long")

// reopen opens an engine on the devices of a placement.
func (o opener) reopen(ctx context.Context, at placement, limit time.Duration) (tensor.Engine, error) {
	if o.pool.o.OpenLimit > 0 {
		limit = o.pool.o.OpenLimit
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var open []tensor.Engine
	for k, p := range o.parts {
		e, err := at[k].open(within, p)
		if err != nil && ctx.Err() == nil && within.Err() != nil {
			err = &deviceError{at[k].label(), fmt.Errorf("%w, more than %v", errSlow, limit)}
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(open))
		}
		open = append(open, e)
	}
	if len(open) == 1 {
		return open[0], nil
	}
	return newChain(open)
}

// closeAll closes engines of which nobody will hear.
func closeAll[E tensor.Engine](engines []E) error {
	var errs []error
	for _, e := range engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}

// announce says once what runs a model, and what should but does not.
func (o opener) announce(engines []tensor.Engine, causes []error) {
	var devices []tensor.Device
	degraded := true
	for _, e := range engines {
		d := e.Device()
		degraded = degraded && d.Degraded
		devices = append(devices, d)
	}
	title := o.item.Title()
	message := title + " runs the model"
	if degraded {
		message = reasonOf(causes[0]) + ": the CPU runs the model until " + title + " can"
	}
	attributes := []any{"model", o.request.Model.Path(), "device", joinDevices(devices)}
	if !degraded && len(causes) > 0 {
		attributes = append(attributes, "also", errors.Join(causes...).Error())
	}
	o.pool.o.Logger.Info(message, attributes...)
}
