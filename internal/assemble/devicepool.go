package assemble

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"corallite/configs"
	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/devicepool"
	"corallite/internal/filesum"
	"corallite/internal/heat"
	"corallite/internal/worker"
	"corallite/models"
)

// ExtraPathsEnv is the variable that lists further files and folders, as PATH does, that child processes may use: what a
// libedgetpu needs that is not the real one.
const ExtraPathsEnv = "CORALLITE_EXTRA_PATHS"

// NewDevicePool makes the pool of Edge TPUs for the models that will be opened. It opens none. When ctx ends, devices that
// are not open yet are not waited for.
func NewDevicePool(ctx context.Context, all []configs.Model, tpu configs.EdgeTPU, logger *slog.Logger) (*devicepool.Pool, error) {
	o, err := DevicePoolOptions(all, tpu, logger)
	if err != nil {
		return nil, err
	}
	return devicepool.New(ctx, o)
}

// ExtraPaths are further files and folders that child processes may use.
func ExtraPaths() []string { return filepath.SplitList(os.Getenv(ExtraPathsEnv)) }

// ProbeIsolated asks libedgetpu for its devices in a child process.
func ProbeIsolated(ctx context.Context, library string) (edgetpu.Inventory, error) {
	return worker.Enumerate(ctx, worker.EnumerateOptions{Library: library, Access: delegate.Access{ReadWrite: ExtraPaths()}})
}

// ProbeProvider probes a provider that is not the CPU in a child process.
func ProbeProvider(ctx context.Context, item delegate.Item) error {
	return worker.Probe(ctx, worker.ProbeOptions{Item: item, ExtraPaths: ExtraPaths()})
}

// DevicePoolOptions are what the configuration and the environment say of the Edge TPUs.
func DevicePoolOptions(all []configs.Model, tpu configs.EdgeTPU, logger *slog.Logger) (devicepool.Options, error) {
	performance, err := edgetpu.ParsePerformance(tpu.Performance)
	if err != nil {
		return devicepool.Options{}, err
	}
	mode, err := heat.ParseMode(tpu.Heat)
	if err != nil {
		return devicepool.Options{}, err
	}
	store, err := models.Open(models.Options{})
	if err != nil {
		return devicepool.Options{}, err
	}
	o := devicepool.Options{
		Library: tpu.Library, EdgeTPU: edgetpu.Options{Performance: performance}, Heat: heat.Options{Mode: mode},
		ExtraPaths: ExtraPaths(), EdgeTPUEnv: tpu.Env, Verified: worker.NewVerifiedModels(store.Folder("tried")).WithSums(filesum.Cache(store.Folder("sums"))), Logger: logger,
	}
	for _, m := range all {
		// An error is told when the model is opened.
		if files, err := delegate.ResolveFiles(m.Path, m.EdgeTPU); err == nil {
			if files.EdgeTPU != "" {
				o.Files = append(o.Files, files.EdgeTPU)
			}
			if len(m.Delegate.OnCPUModel()) > 0 {
				o.Files = append(o.Files, files.CPU)
			}
		}
		o.Files = append(o.Files, m.Segments...)
		o.Named = append(o.Named, m.Device)
	}
	return o, nil
}
