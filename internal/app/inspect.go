package app

import (
	"context"
	"errors"
	"fmt"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/assemble"
	"corallite/internal/choice"
	"corallite/internal/inspect"
	"corallite/internal/worker"
)

// InspectOptions say whom to ask about a model.
type InspectOptions struct {
	Choice    choice.Choice // beside the built-in kernels and XNNPACK; nil: the Edge TPU alone
	Device    string        // which Edge TPU, as edgetpu.ParseSpec reads it
	Library   string        // libedgetpu's path
	Shapes    [][]int       // as in delegate.Options
	Signature string        // likewise
	Progress  func(string)
}

// Asking makes askers for the delegates that are here. done ends their child processes.
func Asking(ctx context.Context, r *inspect.Report, o InspectOptions) (a inspect.Asking, done func() error, err error) {
	a = inspect.Asking{Shapes: o.Shapes, Signature: o.Signature, Progress: o.Progress}
	extra := delegate.Access{ReadWrite: assemble.ExtraPaths()}
	add := func(item choice.Item, options worker.AskerOptions, why bool) {
		options.Item, options.Access = item, extra
		a.Askers = append(a.Askers, inspect.Asked{Name: item.String(), Asker: worker.NewAsker(options), Why: why})
	}
	if !r.File.Compiled {
		add(choice.None[0], worker.AskerOptions{}, false)
		add(choice.XNNPACK[0], worker.AskerOptions{}, true)
	}
	for _, item := range o.Choice.Items() {
		p := choice.Of(item)
		switch {
		case p.CPU:
		case item.IsEdgeTPU() && r.File.Compiled:
			device, err := edgeTPUFor(ctx, o)
			if err != nil {
				if ctx.Err() != nil {
					return a, nil, ctx.Err()
				}
				a.Askers = append(a.Askers, inspect.Asked{Name: item.String(), Err: err})
				continue
			}
			add(item, worker.AskerOptions{Device: device, Library: o.Library}, false)
		case !item.IsEdgeTPU():
			add(item, worker.AskerOptions{}, true)
		}
	}
	return a, func() error {
		var errs []error
		for _, each := range a.Askers {
			if each.Asker != nil {
				errs = append(errs, each.Asker.Close())
			}
		}
		return errors.Join(errs...)
	}, nil
}

// edgeTPUFor is the first Edge TPU that fits; libedgetpu is asked in a child process.
func edgeTPUFor(ctx context.Context, o InspectOptions) (edgetpu.Device, error) {
	spec, err := edgetpu.ParseSpec(o.Device)
	if err != nil {
		return edgetpu.Device{}, err
	}
	seen, err := assemble.ProbeIsolated(ctx, o.Library)
	if err != nil {
		return edgetpu.Device{}, fmt.Errorf("no Edge TPU can be asked: %w", err)
	}
	fit, err := edgetpu.System{}.Select(spec, seen.Devices)
	if err != nil {
		return edgetpu.Device{}, err
	}
	return fit[0], nil
}
