package tflite

import (
	"fmt"
	"math"

	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// Inputs describes the inputs in order.
func (i *Interpreter) Inputs() []tensor.Info { return i.io.inInfos }

// Outputs describes the outputs in order. The shape of an output whose size depends on the data is known after
// Invoke, and so is its description.
func (i *Interpreter) Outputs() []tensor.Info { return i.io.outInfos }

// Input is a view of input i's memory, to be written before Invoke; the zero Tensor when there is no such input or
// the interpreter is closed. A string input is set with SetStrings instead.
func (i *Interpreter) Input(k int) tensor.Tensor { return i.io.input(k) }

// Output is a view of output i's memory as the last Invoke left it; the zero Tensor when there is no such output or
// the interpreter is closed.
func (i *Interpreter) Output(k int) tensor.Tensor { return i.io.output(k) }

// Resize gives an input another shape and allocates the tensors again: all views taken before are void, and what
// inputs and variables held is lost. After an error Invoke fails until a Resize succeeds.
func (i *Interpreter) Resize(input int, shape []int) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	if input < 0 || input >= len(i.io.inInfos) {
		return fmt.Errorf("tflite: invalid input %d (the model has %d)", input, len(i.io.inInfos))
	}
	if i.sharesWeights() {
		if _, err := dimensions(i.io.inInfos[input], shape); err != nil {
			return err
		}
		return keepsShape(i.io.inInfos[input], shape)
	}
	if err := i.resize(input, shape); err != nil {
		return err
	}
	return i.allocate()
}

// resize gives an input another shape; allocate must follow.
func (i *Interpreter) resize(input int, shape []int) error {
	dims, err := dimensions(i.io.inInfos[input], shape)
	if err != nil {
		return err
	}
	if i.entry != nil {
		if s := Status(i.entry.Resize(i.io.inInfos[input].Name, dims)); s != OK {
			return i.failed("TfLiteSignatureRunnerResizeInputTensor", s)
		}
		return nil
	}
	if s := Status(i.interp.ResizeInputTensor(input, dims)); s != OK {
		return i.failed("TfLiteInterpreterResizeInputTensor", s)
	}
	return nil
}

// dimensions checks a new shape for a tensor and gives it as C takes it. go-tflite takes the address of the first
// dimension, so the slice has a capacity of one even when the shape is a scalar's.
func dimensions(info tensor.Info, shape []int) ([]int32, error) {
	size := int64(max(info.Type.Size(), 1))
	dims := make([]int32, 0, len(shape)+1)
	for _, d := range shape {
		if d <= 0 || d > math.MaxInt32 || size > math.MaxInt32/int64(d) {
			return nil, fmt.Errorf("invalid shape %[2]s for tensor %[1]q (want dimensions of at least 1, and less than 2 GiB)",
				info.Name, tensor.ShapeString(shape))
		}
		size *= int64(d)
		dims = append(dims, int32(d))
	}
	if len(dims) == 0 {
		return nil, fmt.Errorf("invalid shape for tensor %q: it cannot be a scalar", info.Name)
	}
	return dims, nil
}

// SetStrings fills a string input; there must be as many strings as the input has elements (Resize changes that).
func (i *Interpreter) SetStrings(input int, values ...string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	if input < 0 || input >= len(i.io.inInfos) {
		return fmt.Errorf("tflite: invalid input %d (the model has %d)", input, len(i.io.inInfos))
	}
	info := i.io.inInfos[input]
	switch {
	case i.entry != nil:
		return fmt.Errorf("tflite: strings cannot be set in an interpreter of the signature %q", i.signature)
	case info.Type != tensor.String:
		return fmt.Errorf("input %q has type %s, not string", info.Name, info.Type)
	case info.Elements() != len(values):
		return fmt.Errorf("input %q of shape %s needs %d strings, not %d", info.Name, tensor.ShapeString(info.Shape),
			info.Elements(), len(values))
	}
	buffer, err := tensor.AppendStrings(nil, values...)
	if err != nil {
		return err
	}
	if err := need("TfLiteTensorRealloc"); err != nil {
		return err
	}
	t := capi.InputTensor(i.interp, input)
	if t == nil {
		return i.failed("TfLiteInterpreterGetInputTensor", Failed)
	}
	if s := Status(capi.Realloc(t, len(buffer))); s != OK {
		return i.failed("TfLiteTensorRealloc", s)
	}
	if s := Status(capi.CopyFrom(t, buffer)); s != OK {
		return i.failed("TfLiteTensorCopyFromBuffer", s)
	}
	return i.refresh()
}

// Variables are views of the variable tensors of the main graph, which keep their contents from one run to the next:
// the state of an LSTM. They are valid until the next Invoke, Resize or Close. (State behind VAR_HANDLE, as in the
// streaming wake-word models, is no tensor and cannot be seen.)
func (i *Interpreter) Variables() ([]tensor.Tensor, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, ErrClosed
	}
	if err := need("TfLiteInterpreterGetTensor"); err != nil {
		return nil, err
	}
	views := make([]tensor.Tensor, len(i.variables))
	for k, index := range i.variables {
		v, err := capi.ViewOf(capi.Tensor(i.interp, index))
		if err != nil {
			return nil, err
		}
		info := i.graph[index]
		set(&views[k], &info, v)
	}
	return views, nil
}
