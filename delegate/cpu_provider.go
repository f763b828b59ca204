package delegate

import (
	"context"
	"errors"

	"corallite/tflite"
)

// xnnpackProvider is the CPU through XNNPACK.
var xnnpackProvider = Implementation{
	Probe: func(_ context.Context, _ Item, o Options) error {
		x, err := tflite.NewXNNPACK(o.Threads)
		if err == nil {
			x.Delete()
		}
		return err
	},
	Open: func(_ context.Context, m *Model, _ Item, o Options, n int) (Opened, error) {
		return openCPU(m, o, n, func(w *tflite.Weights) ([]tflite.Delegate, error) {
			x, err := w.NewXNNPACK(o.Threads)
			return []tflite.Delegate{x}, err
		})
	},
}

// builtinProvider is the CPU through the runtime's built-in kernels, which run every valid model.
var builtinProvider = Implementation{
	Probe: func(context.Context, Item, Options) error { return nil },
	Open: func(_ context.Context, m *Model, _ Item, o Options, n int) (Opened, error) {
		return openCPU(m, o, n, nil)
	},
}

var errNothingTaken = errors.New("it takes none of the model's operators, which the built-in kernels run (delegate: auto or none)")

// openCPU opens the CPU's model n times; delegates is nil for the built-in kernels.
func openCPU(m *Model, o Options, n int, delegates func(*tflite.Weights) ([]tflite.Delegate, error)) (Opened, error) {
	options := tflite.Options{Threads: o.Threads, Logger: o.Logger, Shapes: o.Shapes, Signature: o.Signature, Builtin: delegates == nil, Observe: o.Observe, Profile: o.Profile}
	all, err := m.cpu.loaded.Interpreters(n, options, delegates)
	if err == nil && all[0].Idle() {
		err = errNothingTaken
		for _, i := range all {
			err = errors.Join(err, i.Close())
		}
	}
	if err != nil {
		return Opened{Causes: []error{err}}, nil
	}
	runners := make([]Runner, n)
	for i, each := range all {
		runners[i] = each
	}
	return Opened{Runners: runners}, nil
}
