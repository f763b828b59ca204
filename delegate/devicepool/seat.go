package devicepool

import (
	"context"
	"errors"
	"fmt"

	"corallite/delegate/scheduler"
	"corallite/tflite/tensor"
)

// seat is an engine on a device: it names the device by what does not move, and counts.
type seat struct {
	tensor.Engine
	device *device
	client *scheduler.Client
	name   string
}

// Device names the device as it was when the engine was opened.
func (s *seat) Device() tensor.Device { return tensor.Device{Name: s.name} }

// Invoke runs the engine, unless its device counts as gone.
func (s *seat) Invoke(ctx context.Context) error {
	err := s.device.lost()
	if err == nil {
		err = s.Engine.Invoke(ctx)
	}
	switch {
	case err == nil:
		s.device.runs.Add(1)
		return nil
	case ctx.Err() != nil:
		return err
	}
	s.device.count(func(c *counts) { c.errors++ })
	// That the device is gone explains an error better than what followed from it.
	if gone := s.device.lost(); gone != nil && !errors.Is(err, gone) {
		err = fmt.Errorf("%w (%w)", gone, err)
	}
	return &loss{s.name, err}
}

// Reset sets the variable tensors to their start, where the engine can.
func (s *seat) Reset() error {
	if r, ok := s.Engine.(interface{ Reset() error }); ok {
		return r.Reset()
	}
	return nil
}

// Close closes the engine and leaves the queue.
func (s *seat) Close() error {
	err := s.Engine.Close()
	s.client.Close()
	return err
}

// inTurn is an engine in this process that shares a device.
type inTurn struct {
	tensor.Engine
	client *scheduler.Client
}

// Invoke waits for its turn and runs.
func (e inTurn) Invoke(ctx context.Context) error {
	if err := e.client.Acquire(ctx); err != nil {
		return err
	}
	defer e.client.Release()
	return e.Engine.Invoke(ctx)
}
