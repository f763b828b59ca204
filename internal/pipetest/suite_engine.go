package pipetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// EngineCase tells the suite about an Engine.
type EngineCase struct {
	// Open opens a new engine. The suite closes it.
	Open func() (pipeline.Engine, error)
	// Fill writes input i. Nil: bytes that count up.
	Fill func(i int, input tensor.Tensor)
	// Wait is how long any call may take; 0 means 10 seconds.
	Wait time.Duration
}

// TestEngine checks the contract of pipeline.Engine, a subtest for each rule.
func TestEngine(t *testing.T, c EngineCase) {
	t.Helper()
	subtests(t, c.checks())
}

// CheckEngine checks the contract of pipeline.Engine and returns what is wrong.
func CheckEngine(c EngineCase) error { return runAll(c.checks()) }

func (c EngineCase) checks() []check {
	if c.Wait == 0 {
		c.Wait = defaultWait
	}
	if c.Fill == nil {
		c.Fill = func(_ int, input tensor.Tensor) {
			for i := range input.Data {
				input.Data[i] = byte(i)
			}
		}
	}
	on := func(f func(pipeline.Engine) error) func() error {
		return func() error {
			e, err := c.Open()
			if err != nil {
				return fmt.Errorf("open: %w", err)
			}
			return errors.Join(f(e), within(c.Wait, "Close", e.Close))
		}
	}
	return []check{
		{"tensors", on(c.tensors)},
		{"device", on(device)},
		{"same input, same output", on(c.deterministic)},
		{"opened again, same output", on(c.openedAgain)},
		{"ended context", on(c.endedContext)},
		{"close without invoke", on(func(e pipeline.Engine) error { return closeTwice(e) })},
		{"use after close", on(c.afterClose)},
	}
}

// fits says whether a tensor is what its description promises.
func fits(what string, i int, info tensor.Info, t tensor.Tensor) error {
	if t.Name != info.Name || t.Type != info.Type {
		return fmt.Errorf("%s %d is %v, described as %v", what, i, t.Info, info)
	}
	if size := t.Type.Size(); size > 0 && len(t.Data) != t.Elements()*size {
		return fmt.Errorf("%s %d (%v) has %d bytes, not %d", what, i, t.Info, len(t.Data), t.Elements()*size)
	}
	return nil
}

func (c EngineCase) tensors(e pipeline.Engine) error {
	if len(e.Inputs()) == 0 || len(e.Outputs()) == 0 {
		return fmt.Errorf("%d inputs and %d outputs", len(e.Inputs()), len(e.Outputs()))
	}
	for i, info := range e.Inputs() {
		in := e.Input(i)
		if !in.Same(info) {
			return fmt.Errorf("input %d is %v, described as %v", i, in.Info, info)
		}
		if err := fits("input", i, info, in); err != nil {
			return err
		}
		for k := range in.Data { // the memory is there and can be written
			in.Data[k] = 0
		}
	}
	if err := c.invoke(e); err != nil {
		return err
	}
	for i, info := range e.Outputs() {
		if err := fits("output", i, info, e.Output(i)); err != nil {
			return err
		}
	}
	return device(e)
}

func device(e pipeline.Engine) error {
	d := e.Device()
	if d.Name == "" {
		return errors.New("the device has no name")
	}
	if d.Degraded && d.Reason == "" {
		return errors.New("the device is degraded without a reason")
	}
	return nil
}

// invoke fills the inputs and runs the engine.
func (c EngineCase) invoke(e pipeline.Engine) error {
	for i := range e.Inputs() {
		c.Fill(i, e.Input(i))
	}
	return within(c.Wait, "Invoke", func() error { return e.Invoke(context.Background()) })
}

// outputs runs the engine and copies what came out.
func (c EngineCase) outputs(e pipeline.Engine) ([][]byte, error) {
	if err := c.invoke(e); err != nil {
		return nil, err
	}
	var all [][]byte
	for i := range e.Outputs() {
		all = append(all, bytes.Clone(e.Output(i).Data))
	}
	return all, nil
}

func sameOutputs(a, b [][]byte) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d outputs and %d", len(a), len(b))
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return fmt.Errorf("output %d differs", i)
		}
	}
	return nil
}

func (c EngineCase) deterministic(e pipeline.Engine) error {
	first, err := c.outputs(e)
	if err != nil {
		return err
	}
	second, err := c.outputs(e)
	if err != nil {
		return fmt.Errorf("second run: %w", err)
	}
	return sameOutputs(first, second)
}

func (c EngineCase) openedAgain(a pipeline.Engine) error {
	first, err := c.outputs(a)
	if err != nil {
		return err
	}
	if err := a.Close(); err != nil { // before the next: a device may serve one engine at a time
		return fmt.Errorf("close: %w", err)
	}
	b, err := c.Open()
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	second, err := c.outputs(b)
	return errors.Join(err, sameOutputs(first, second), b.Close())
}

func (c EngineCase) endedContext(e pipeline.Engine) error {
	first, err := c.outputs(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = within(c.Wait, "Invoke with an ended context", func() error { return e.Invoke(ctx) })
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("Invoke with an ended context gives %v, not the context's error", err)
	}
	again, err := c.outputs(e)
	if err != nil {
		return fmt.Errorf("Invoke after one with an ended context: %w", err)
	}
	return sameOutputs(first, again)
}

func (c EngineCase) afterClose(e pipeline.Engine) error {
	if err := c.invoke(e); err != nil {
		return err
	}
	inputs, outputs := len(e.Inputs()), len(e.Outputs())
	if err := closeTwice(e); err != nil {
		return err
	}
	if err := within(c.Wait, "Invoke after Close", func() error { return e.Invoke(context.Background()) }); err == nil {
		return errors.New("Invoke after Close gives no error")
	}
	for i := range inputs {
		if in := e.Input(i); len(in.Data) > 0 {
			return fmt.Errorf("input %d gives memory after Close", i)
		}
	}
	for i := range outputs {
		if out := e.Output(i); len(out.Data) > 0 {
			return fmt.Errorf("output %d gives memory after Close", i)
		}
	}
	_, _, _ = e.Inputs(), e.Outputs(), e.Device() // must not crash
	return nil
}
