package failover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"corallite/internal/panicerr"
	"corallite/tflite/tensor"
)

// memory is where inputs lie: in an engine, or in savedInputs while there is none.
type memory interface {
	Input(i int) tensor.Tensor
}

// unit is one engine, and what is known of it. A panic of it is an error.
type unit struct {
	tensor.Engine
	state state
	epoch uint64 // the Backoff's when it was last seen working
}

// state says where in a sequence of runs an engine is.
type state int

const (
	justReset   state = iota // opened or reset, no run since
	running                  // all runs since then have ended
	interrupted              // the last run did not end, so what it left behind is unknown
)

// resetter is an engine that can begin a new sequence of runs.
type resetter interface{ Reset() error }

func (u *unit) invoke(ctx context.Context) (err error) {
	defer panicerr.Recover(&err, "the engine")
	u.state = interrupted
	if err = u.Engine.Invoke(ctx); err == nil {
		u.state = running
	}
	return err
}

// reset resets the engine, where it can.
func (u *unit) reset() (err error) {
	r, can := u.Engine.(resetter)
	if !can || u.state == justReset {
		return nil
	}
	defer panicerr.Recover(&err, "the engine")
	if err = r.Reset(); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	u.state = justReset
	return nil
}

// close closes the engine; nil is safe.
func (u *unit) close() (err error) {
	if u == nil {
		return nil
	}
	defer panicerr.Recover(&err, "the engine")
	return u.Engine.Close()
}

// savedInputs are copies of inputs, for the time without an engine.
type savedInputs []tensor.Tensor

func (s savedInputs) Input(i int) tensor.Tensor {
	if i < 0 || i >= len(s) {
		return tensor.Tensor{}
	}
	return s[i]
}

// saveInputs copies n inputs.
func saveInputs(from memory, n int) savedInputs {
	h := make(savedInputs, n)
	for i := range h {
		t := from.Input(i)
		h[i] = tensor.Tensor{Info: cloneInfo(t.Info), Data: slices.Clone(t.Data)}
	}
	return h
}

// copyInputs copies n inputs from one place to another.
func copyInputs(to, from memory, n int) error {
	for i := range n {
		src, dst := from.Input(i), to.Input(i)
		if len(src.Data) != len(dst.Data) {
			return fmt.Errorf("input %d (%s) has %d bytes here and %d there", i, src.Name, len(src.Data), len(dst.Data))
		}
		copy(dst.Data, src.Data)
	}
	return nil
}

// ports describe the inputs and outputs of a model, in memory of their own.
type ports struct {
	inputs, outputs []tensor.Info
}

func portsOf(e tensor.Engine) ports {
	return ports{cloneInfos(e.Inputs()), cloneInfos(e.Outputs())}
}

// check says what an engine has that differs. Shapes of outputs may become known, or change, with a run; a trial
// compares them.
func (p ports) check(e tensor.Engine) error {
	inputs, outputs := e.Inputs(), e.Outputs()
	if len(inputs) != len(p.inputs) || len(outputs) != len(p.outputs) {
		return fmt.Errorf("%d inputs and %d outputs, not %d and %d", len(inputs), len(outputs), len(p.inputs), len(p.outputs))
	}
	var errs []error
	for i, want := range p.inputs {
		if !inputs[i].Same(want) {
			errs = append(errs, fmt.Errorf("input %d is %v, not %v", i, inputs[i], want))
		}
	}
	for i, want := range p.outputs {
		got := outputs[i]
		if want.Shape = got.Shape; !got.Same(want) {
			errs = append(errs, fmt.Errorf("output %d is %v, not %v", i, got, p.outputs[i]))
		}
	}
	return errors.Join(errs...)
}

func cloneInfos(infos []tensor.Info) []tensor.Info {
	all := make([]tensor.Info, len(infos))
	for i, t := range infos {
		all[i] = cloneInfo(t)
	}
	return all
}

// cloneInfo copies what may point into an engine's memory.
func cloneInfo(t tensor.Info) tensor.Info {
	t.Name, t.Shape = strings.Clone(t.Name), slices.Clone(t.Shape)
	t.Quantization.Scales = slices.Clone(t.Quantization.Scales)
	t.Quantization.ZeroPoints = slices.Clone(t.Quantization.ZeroPoints)
	return t
}
