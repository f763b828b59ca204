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
	add := func(item choice.Item, why bool) {
		asked := inspect.Asked{Name: item.String(), Why: why}
		options, err := AskerOn(ctx, item, o.Device, o.Library)
		if asked.Err = err; err == nil {
			asked.Asker = worker.NewAsker(options)
		}
		a.Askers = append(a.Askers, asked)
	}
	if !r.File.Compiled {
		add(choice.None[0], false)
		add(choice.XNNPACK[0], true)
	}
	for _, item := range o.Choice.Items() {
		if !choice.Of(item).CPU && (r.File.Compiled || !item.IsEdgeTPU()) {
			add(item, !item.IsEdgeTPU())
		}
	}
	if err := ctx.Err(); err != nil {
		return a, nil, err
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

// AskerOn is an item of a choice on this machine, for a child process that has nothing else.
func AskerOn(ctx context.Context, item choice.Item, device, library string) (o worker.AskerOptions, err error) {
	o = worker.AskerOptions{Item: item, Access: delegate.Access{ReadWrite: assemble.ExtraPaths()}}
	if item.IsEdgeTPU() {
		o.Library = library
		o.Device, err = edgeTPUFor(ctx, device, library)
	}
	return o, err
}

// edgeTPUFor is the first Edge TPU that fits; libedgetpu is asked in a child process.
func edgeTPUFor(ctx context.Context, device, library string) (edgetpu.Device, error) {
	spec, err := edgetpu.ParseSpec(device)
	if err != nil {
		return edgetpu.Device{}, err
	}
	seen, err := assemble.ProbeIsolated(ctx, library)
	if err != nil {
		return edgetpu.Device{}, fmt.Errorf("no Edge TPU can be asked: %w", err)
	}
	fit, err := edgetpu.System{}.Select(spec, seen.Devices)
	if err != nil {
		return edgetpu.Device{}, err
	}
	return fit[0], nil
}
