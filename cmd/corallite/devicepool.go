package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"corallite/configs"
	"corallite/delegate"
	"corallite/delegate/devicepool"
	"corallite/delegate/edgetpu"
	"corallite/delegate/heat"
	"corallite/delegate/worker"
	"corallite/models"
)

// reachEnv lists further files and folders, as PATH does, that child processes may use: what a libedgetpu needs that is
// not the real one.
const reachEnv = "CORALLITE_REACH"

// newDevicePool makes the pool of Edge TPUs for the models that a command will open. It opens none. When ctx ends, devices
// that are not open yet are not waited for.
func newDevicePool(ctx context.Context, all []configs.Model, logger *slog.Logger) (*devicepool.Pool, error) {
	o, err := devicePoolOptions(all, configs.EdgeTPU{}, logger)
	if err != nil {
		return nil, err
	}
	o.Patience = ctx
	return devicepool.New(o)
}

// unlessStopped is err of what is meant to go on until a signal comes, unless it says that one came before all was there.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// reach are further files and folders that child processes may use.
func reach() []string { return filepath.SplitList(os.Getenv(reachEnv)) }

// lookApart asks libedgetpu for its devices in a child process.
func lookApart(ctx context.Context, library string) (edgetpu.Seen, error) {
	return worker.Look(ctx, worker.LookOptions{Library: library, Reach: reach()})
}

// devicePoolOptions are what the configuration and the environment say of the Edge TPUs.
func devicePoolOptions(all []configs.Model, tpu configs.EdgeTPU, logger *slog.Logger) (devicepool.Options, error) {
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
		Reach: reach(), Tried: worker.NewTried(store.Folder("tried")), Logger: logger,
	}
	for _, m := range all {
		// An error is told when the model is opened.
		if files, err := delegate.ResolveFiles(m.Path, m.EdgeTPU); err == nil && files.EdgeTPU != "" {
			o.Files = append(o.Files, files.EdgeTPU)
		}
		o.Files = append(o.Files, m.Segments...)
		o.Named = append(o.Named, m.Device)
	}
	return o, nil
}
