package devicepool

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/failover"
	"corallite/tflite/tensor"
)

// A device that does not open at first is given a moment and asked once more: the first opening after a stick was
// plugged in, or after another program ended, fails often.
const (
	openTries = 2
	openPause = 300 * time.Millisecond
)

// How long an engine may take to open. libedgetpu loads a stick's firmware, which takes seconds. Before the first frame
// of a model that has a CPU twin it is less: what hangs should not keep the stream waiting.
const (
	openLimit  = time.Minute
	firstLimit = 15 * time.Second
)

// berth is where one engine of a model goes: a device for each part.
type berth []*device

// name names the devices.
func (b berth) name() string {
	names := make([]string, len(b))
	for i, d := range b {
		names[i] = d.label()
	}
	return joinDevices(names)
}

// berths spreads n engines over the devices. A model in one piece has a device for each engine in turn. Of one in
// segments, segment k has always the same device, so that its parameters stay there.
func (p *Pool) berths(devices []*device, parts, n int) []berth {
	all := make([]berth, n)
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

// openDevices opens a model's engines on devices. A device that cannot be opened leaves its engines to their CPU twins
// until it can; without a twin it is left out.
func (p *Pool) openDevices(ctx context.Context, r Request, at []edgetpu.Device) ([]tensor.Engine, error) {
	spec, err := edgetpu.ParseSpec(r.Device)
	if err != nil {
		return nil, err
	}
	devices := make([]*device, len(at))
	for i, d := range at {
		devices[i] = p.device(d)
		devices[i].pin(spec.One())
	}
	parts := r.parts()
	n := r.Engines
	if r.Spread && len(parts) == 1 {
		n = max(n, len(devices))
	} else if r.Spread {
		n = max(n, min(len(parts), len(devices)))
	}
	twins, err := p.openTwins(ctx, r, n)
	if err != nil {
		return nil, err
	}
	o := opener{p, r, partsOf(r)}
	var engines []tensor.Engine
	var causes []error
	failed := map[string]error{} // a device that failed is not waited for again
	for i, b := range p.berths(devices, len(parts), n) {
		var twin tensor.Engine
		if twins != nil {
			twin = twins[i]
		}
		e, cause, err := o.engine(ctx, b, twin, failed)
		if cause != nil && failed[b.name()] == nil {
			failed[b.name()] = cause
			causes = append(causes, cause)
		}
		if err != nil {
			err = errors.Join(err, closeAll(engines), closeAll(twins[min(i, len(twins)):]))
			return nil, err
		}
		if e != nil {
			engines = append(engines, e)
		}
	}
	if len(engines) == 0 {
		return nil, delegate.CannotRun(r.Model.Path(), causes)
	}
	p.announce(r, engines, causes)
	return engines, nil
}

// openTwins opens the CPU's engines that stand behind those on devices; nil when the CPU may not run the model.
func (p *Pool) openTwins(ctx context.Context, r Request, n int) ([]tensor.Engine, error) {
	if r.Choice == delegate.EdgeTPU || !r.Model.ForCPU() {
		return nil, nil
	}
	return p.cpuEngines(ctx, r, delegate.Options{Choice: delegate.Auto, Refused: []error{errStandsBehind}}, n)
}

// errStandsBehind is why a twin does not look for an Edge TPU. Nobody reads it: failover gives the reason.
var errStandsBehind = errors.New("it stands behind the Edge TPU")

// opener opens engines of one model.
type opener struct {
	f     *Pool
	r     Request
	parts []part
}

func partsOf(r Request) []part {
	var all []part
	for _, m := range r.parts() {
		p := part{
			model: r.Name, path: m.Files().EdgeTPU, token: m.Token(), threads: max(r.Threads, 1), priority: r.Priority,
			isolate: r.isolated(true), deadline: r.Deadline,
		}
		if p.token == 0 { // the parameters belong to this file alone
			h := fnv.New64a()
			_, _ = h.Write([]byte(p.path)) // it has no error to give
			p.token = h.Sum64()
		}
		all = append(all, p)
	}
	return all
}

// engine opens one engine. cause is why the device does not run it; without a twin there is then no engine.
func (o opener) engine(ctx context.Context, b berth, twin tensor.Engine, failed map[string]error) (e tensor.Engine, cause, err error) {
	primary, cause := tensor.Engine(nil), failed[b.name()]
	if cause == nil {
		limit := openLimit
		if twin != nil {
			limit = firstLimit
		}
		primary, cause = o.first(ctx, b, limit)
	}
	if err := ctx.Err(); err != nil {
		if primary != nil {
			err = errors.Join(err, primary.Close())
		}
		return nil, nil, err
	}
	if cause != nil && twin == nil {
		return nil, cause, nil
	}
	fo, err := failover.New(primary, cause, failover.Options{
		Name: o.r.Name, Device: b.name(), Twin: twin, Backoff: b[0].backoff, GiveUp: o.f.o.GiveUp, Logger: o.f.o.Logger,
		Open:     func(ctx context.Context) (tensor.Engine, error) { return o.open(ctx, b, openLimit) },
		OnChange: b.changed,
	})
	if err != nil {
		if primary != nil {
			err = errors.Join(err, primary.Close())
		}
		return nil, nil, err
	}
	return newMember(o.f, fo, b), cause, nil
}

// first opens an engine before the first frame.
func (o opener) first(ctx context.Context, b berth, limit time.Duration) (tensor.Engine, error) {
	ctx, stop := o.f.patient(ctx)
	defer stop()
	for try := 1; ; try++ {
		e, err := o.open(ctx, b, limit)
		if err != nil && ctx.Err() != nil {
			return nil, &loss{b.name(), interruption{}}
		}
		if err == nil || try == openTries || errors.Is(err, errSlow) {
			return e, err
		}
		o.f.o.Logger.Debug("the device did not open: once more", "model", o.r.Name, "device", b.name(), "reason", err)
		select {
		case <-time.After(openPause):
		case <-ctx.Done():
		}
	}
}

// errSlow is why a device that hangs is not opened.
var errSlow = errors.New("opening it took too long")

// open opens an engine on the devices of a berth.
func (o opener) open(ctx context.Context, b berth, limit time.Duration) (tensor.Engine, error) {
	if o.f.o.OpenLimit > 0 {
		limit = o.f.o.OpenLimit
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var open []tensor.Engine
	for k, p := range o.parts {
		e, err := b[k].open(within, p)
		if err != nil && ctx.Err() == nil && within.Err() != nil {
			err = &loss{b[k].label(), fmt.Errorf("%w, more than %v", errSlow, limit)}
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
func (p *Pool) announce(r Request, engines []tensor.Engine, causes []error) {
	var names []string
	seen := map[string]bool{}
	degraded := true
	for _, e := range engines {
		d := e.Device()
		degraded = degraded && d.Degraded
		if !seen[d.Name] {
			seen[d.Name] = true
			names = append(names, d.Name)
		}
	}
	message := "the Edge TPU runs the model"
	if degraded {
		message = reasonOf(causes[0]) + ": the CPU runs the model until the Edge TPU can"
	}
	attributes := []any{"model", r.Model.Path(), "device", joinDevices(names)}
	if !degraded && len(causes) > 0 {
		attributes = append(attributes, "also", errors.Join(causes...).Error())
	}
	p.o.Logger.Info(message, attributes...)
}
