package devicepool

import (
	"context"
	"errors"
	"fmt"

	"corallite/internal/scheduler"
	"corallite/tflite/tensor"
)

// deviceEngine wraps an engine with its device's stable name, and counts runs and errors.
type deviceEngine struct {
	tensor.Engine
	device *device
	client *scheduler.Client
	shown  tensor.Device // as it was when the engine was opened
}

// Device names the device as it was when the engine was opened.
func (e *deviceEngine) Device() tensor.Device { return e.shown }

// Invoke runs the engine, unless its device counts as gone.
func (e *deviceEngine) Invoke(ctx context.Context) error {
	err := e.device.lost()
	if err == nil {
		err = e.Engine.Invoke(ctx)
	}
	switch {
	case err == nil:
		e.device.runs.Add(1)
		return nil
	case ctx.Err() != nil:
		return err
	}
	e.device.count(func(c *counts) { c.errors++ })
	// That the device is gone explains an error better than what followed from it.
	if gone := e.device.lost(); gone != nil && !errors.Is(err, gone) {
		err = fmt.Errorf("%w (%w)", gone, err)
	}
	return &deviceError{e.shown.Name, err}
}

// Reset sets the variable tensors to their start, where the engine can.
func (e *deviceEngine) Reset() error {
	if r, ok := e.Engine.(interface{ Reset() error }); ok {
		return r.Reset()
	}
	return nil
}

// Close closes the engine and leaves the queue.
func (e *deviceEngine) Close() error {
	err := e.Engine.Close()
	e.client.Close()
	return err
}

// scheduledEngine is an engine in this process that shares a device.
type scheduledEngine struct {
	tensor.Engine
	client *scheduler.Client
}

// Invoke waits for its turn and runs.
func (e scheduledEngine) Invoke(ctx context.Context) error {
	if err := e.client.Acquire(ctx); err != nil {
		return err
	}
	defer e.client.Release()
	return e.Engine.Invoke(ctx)
}
