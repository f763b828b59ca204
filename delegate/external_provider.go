package delegate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"corallite/internal/plugin"
	"corallite/tflite"
)

// externalProvider runs models through any external delegate of TensorFlow Lite, a library of the NPU's vendor.
var externalProvider = Implementation{
	Probe: func(_ context.Context, i Item, _ Options) error {
		l, err := plugin.Load(i.LibraryPath())
		if err != nil {
			return err
		}
		return l.Close()
	},
	Open: openExternal,
}

// openExternal opens engines each with a delegate of its own. The model is the CPU's, of which the library takes what it can;
// where there is none, it is the one compiled for the Edge TPU, which libedgetpu takes by this interface too.
func openExternal(ctx context.Context, m *Model, item Item, o Options, n int) (Opened, error) {
	library, err := plugin.Load(item.LibraryPath())
	if err != nil {
		return Opened{Causes: []error{err}, Wanted: true}, nil
	}
	var all []Runner
	for range n {
		r, err := openOneExternal(ctx, library, m.one(), item, o)
		if err != nil {
			for _, r := range all {
				err = errors.Join(err, r.Close())
			}
			err = errors.Join(err, library.Close())
			if ctx.Err() != nil {
				return Opened{}, ctx.Err()
			}
			return Opened{Causes: []error{err}, Wanted: true}, nil
		}
		all = append(all, r)
	}
	return Opened{Runners: all, Wanted: true}, nil
}

func openOneExternal(ctx context.Context, library *plugin.Library, f *file, item Item, o Options) (Runner, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var options []plugin.Option
	for _, key := range slices.Sorted(maps.Keys(item.Options)) {
		options = append(options, plugin.Option{Key: key, Value: item.Options[key]})
	}
	d, err := library.Create(options)
	if err != nil {
		return nil, err
	}
	n, err := withDelegate(f, d, o)
	if err != nil {
		// A model that is broken fails on the CPU too, which says so.
		return nil, fmt.Errorf("model %s with %s: %w", f.path, item.LibraryPath(), err)
	}
	if n.Idle() {
		return nil, errors.Join(&idleError{f.path, item.LibraryPath()}, n.Close())
	}
	return n, nil
}

// idleError is a library that runs nothing of a model.
type idleError struct{ model, library string }

func (e *idleError) Error() string {
	return fmt.Sprintf("model %s: %s %s", e.model, e.library, e.Reason())
}

// Reason is the error without the library, which stands beside it in events.
func (e *idleError) Reason() string {
	return "takes none of the model's operators; is it quantized as the library wants it?"
}

var _ tflite.Delegate = (*plugin.Delegate)(nil)
