package devicepool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"corallite/delegate"
	"corallite/internal/failover"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// openCPU opens a model's engines on the CPU; refused says why not on something better, where that was looked for.
func (p *Pool) openCPU(ctx context.Context, r Request, cpu delegate.Choice, refused []delegate.FallbackReason, wanted bool) ([]tensor.Engine, error) {
	o := delegate.Options{Choice: cpu, Refused: refused, Wanted: wanted, Logger: p.o.Logger}
	quiet := len(r.Choice) == 0 && !wanted
	if quiet {
		o.Logger = nil
	}
	all, err := p.cpuEngines(ctx, r, o, r.Engines)
	if err == nil && quiet {
		p.tellCPU(r, all[0].Device(), refused)
	}
	return all, err
}

// tellCPU says on a machine that has no Edge TPU, where nobody asked for one, that the CPU runs the models: once, not for
// each. The details are there for who wants them.
func (p *Pool) tellCPU(r Request, d tensor.Device, refused []delegate.FallbackReason) {
	p.mu.Lock()
	told := p.told
	p.told = true
	p.mu.Unlock()
	if !told {
		p.o.Logger.Info("no Edge TPU found: the CPU runs the models")
	}
	p.o.Logger.Debug("the CPU runs the model", "model", r.Model.Path(), "device", d.Name, "why", reasons(refused))
}

func (p *Pool) cpuEngines(ctx context.Context, r Request, o delegate.Options, n int) ([]tensor.Engine, error) {
	o.Threads, o.Shapes = max(r.Threads, 1), r.Shapes
	if !r.isolated(false) || !r.Model.ForCPU() {
		all, err := r.Model.Open(ctx, o, n)
		engines := make([]tensor.Engine, len(all))
		for i, e := range all {
			engines[i] = e
		}
		return engines, err
	}
	var engines []tensor.Engine
	for range n {
		e, err := p.isolatedCPU(ctx, r, o)
		if err != nil {
			return nil, errors.Join(err, closeAll(engines))
		}
		engines = append(engines, e)
	}
	return engines, nil
}

// isolatedCPU opens one engine in a child of its own, so that engines of one model can work side by side. When the
// child dies another takes its place, and the frame in hand is run there.
func (p *Pool) isolatedCPU(ctx context.Context, r Request, o delegate.Options) (tensor.Engine, error) {
	open := func(ctx context.Context) (tensor.Engine, error) { return p.childCPU(ctx, r, o) }
	first, err := open(ctx)
	if err != nil {
		return nil, err
	}
	e, err := failover.New(first, nil, failover.Options{
		Name: r.Name, Open: open, Backoff: failover.NewBackoff(p.o.Backoff), GiveUp: p.o.GiveUp, Logger: p.o.Logger,
	})
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	return e, nil
}

// childCPU starts a child that runs nothing but this model.
func (p *Pool) childCPU(ctx context.Context, r Request, o delegate.Options) (tensor.Engine, error) {
	path := r.Model.Files().CPU
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	h, err := worker.StartHost(ctx, worker.HostOptions{Name: "model " + r.Name, Files: []string{path}, Logger: p.o.Logger})
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	e, err := h.Open(ctx, worker.Request{
		Files: delegate.Files{CPU: path}, Choice: o.Choice, Refused: o.Refused, Threads: o.Threads, Shapes: o.Shapes, Signature: r.Model.Signature(),
		Deadline: worker.DeadlinePolicy{Fixed: r.Deadline},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model %s: %w", path, err), h.Close())
	}
	device := e.Device()
	device.Wanted = device.Degraded && o.Wanted
	return hostedEngine{e, h, device, p.o.Logger}, nil
}

// hostedEngine is an engine with a child of its own.
type hostedEngine struct {
	*worker.Engine
	host   *worker.Host
	device tensor.Device
	log    *slog.Logger
}

// Device says what runs the model in the child.
func (e hostedEngine) Device() tensor.Device { return e.device }

// Close closes the engine and ends its child.
func (e hostedEngine) Close() error { return errors.Join(e.Engine.Close(), closeHost(e.host, e.log)) }
