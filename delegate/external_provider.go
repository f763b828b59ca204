package delegate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"corallite/delegate/plugin"
	"corallite/tflite"
)

// externalProvider runs models through any external delegate of TensorFlow Lite, a library of the NPU's vendor.
var externalProvider = Provider{
	Name: externalName, Kind: externalName, LeavesCPUFree: true, Checked: true,
	Title: Item.Label,
	Probe: func(_ context.Context, i Item, _ Options) error {
		l, err := plugin.Load(i.Library)
		if err != nil {
			return err
		}
		return l.Close()
	},
	Open:   openExternal,
	Access: externalAccess,
}

// openExternal opens engines each with a delegate of its own. The model is the CPU's, of which the library takes what it can;
// where there is none, it is the one compiled for the Edge TPU, which libedgetpu takes by this interface too.
func openExternal(ctx context.Context, m *Model, item Item, o Options, n int) (Opened, error) {
	library, err := plugin.Load(item.Library)
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
		return nil, fmt.Errorf("model %s with %s: %w", f.path, item.Library, err)
	}
	if n.Idle() {
		return nil, errors.Join(&idleError{f.path, item.Library}, n.Close())
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

// npuNodes are the device nodes of NPUs and GPUs that vendors' libraries open: Vivante (i.MX), Mali, DRM (Rockchip, Intel),
// Ethos-U, Qualcomm's DSP and GPU, and the allocators of memory that they share.
var npuNodes = []string{
	"/dev/galcore", "/dev/mali*", "/dev/dri", "/dev/ethosu*", "/dev/rknpu*", "/dev/adsprpc-smd*", "/dev/fastrpc-*", "/dev/kgsl-3d0",
	"/dev/ion", "/dev/dma_heap", "/dev/rga", "/dev/mpp_service", "/dev/accel",
}

// externalAccess lets the library's process use the library, the NPU, and the files that its options and Paths name.
func externalAccess(i Item) Access {
	a := Access{Read: []string{"/sys"}, Env: i.Env}
	if filepath.Base(i.Library) != i.Library {
		a.Read = append(a.Read, filepath.Dir(i.Library)) // what it loads often lies beside it
	}
	for _, pattern := range npuNodes {
		nodes, _ := filepath.Glob(pattern) // it is well formed
		a.ReadWrite = append(a.ReadWrite, nodes...)
	}
	for _, key := range slices.Sorted(maps.Keys(i.Options)) {
		if value := i.Options[key]; filepath.IsAbs(value) {
			a.ReadWrite = append(a.ReadWrite, existing(value))
		}
	}
	a.ReadWrite = append(a.ReadWrite, i.Paths...)
	return a
}

// existing is a path, or where a file of that name is still to be made the folder for it.
func existing(path string) string {
	if _, err := os.Stat(path); err != nil && filepath.Dir(path) != "/" {
		return filepath.Dir(path)
	}
	return path
}
