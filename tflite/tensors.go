package tflite

import (
	"fmt"
	"math"

	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// Inputs describes the inputs in order.
func (n *Interpreter) Inputs() []tensor.Info { return n.io.inInfos }

// Outputs describes the outputs in order. The shape of an output whose size depends on the data is known after
// Invoke, and so is its description.
func (n *Interpreter) Outputs() []tensor.Info { return n.io.outInfos }

// Input is a view of input i's memory, to be written before Invoke; the zero Tensor when there is no such input or
// the interpreter is closed. A string input is set with SetStrings instead.
func (n *Interpreter) Input(i int) tensor.Tensor { return n.io.input(i) }

// Output is a view of output i's memory as the last Invoke left it; the zero Tensor when there is no such output or
// the interpreter is closed.
func (n *Interpreter) Output(i int) tensor.Tensor { return n.io.output(i) }

// Resize gives an input another shape and allocates the tensors anew: all views taken before are void, and what
// inputs and variables held is lost. After an error Invoke fails until a Resize succeeds.
func (n *Interpreter) Resize(input int, shape []int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	if input < 0 || input >= len(n.io.inInfos) {
		return fmt.Errorf("input %d of %d", input, len(n.io.inInfos))
	}
	if n.sharesWeights() {
		if _, err := dimensions(n.io.inInfos[input], shape); err != nil {
			return err
		}
		return keepsShape(n.io.inInfos[input], shape)
	}
	if err := n.resize(input, shape); err != nil {
		return err
	}
	return n.allocate()
}

// resize gives an input another shape; allocate must follow.
func (n *Interpreter) resize(input int, shape []int) error {
	dims, err := dimensions(n.io.inInfos[input], shape)
	if err != nil {
		return err
	}
	if s := Status(n.interp.ResizeInputTensor(input, dims)); s != OK {
		return n.failed("TfLiteInterpreterResizeInputTensor", s)
	}
	return nil
}

// dimensions checks a new shape for a tensor and gives it as C takes it. go-tflite takes the address of the first
// dimension, so the slice has room for one even when the shape is a scalar's.
func dimensions(info tensor.Info, shape []int) ([]int32, error) {
	size := int64(max(info.Type.Size(), 1))
	dims := make([]int32, 0, len(shape)+1)
	for _, d := range shape {
		if d <= 0 || d > math.MaxInt32 || size > math.MaxInt32/int64(d) {
			return nil, fmt.Errorf("tensor %q can not have the shape %s: dimensions are at least 1, and all of it less than 2 GiB",
				info.Name, tensor.ShapeString(shape))
		}
		size *= int64(d)
		dims = append(dims, int32(d))
	}
	if len(dims) == 0 {
		return nil, fmt.Errorf("tensor %q can not be resized to a scalar", info.Name)
	}
	return dims, nil
}

// SetStrings fills a string input; there must be as many strings as the input has elements (Resize changes that).
func (n *Interpreter) SetStrings(input int, values ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	if input < 0 || input >= len(n.io.inInfos) {
		return fmt.Errorf("input %d of %d", input, len(n.io.inInfos))
	}
	info := n.io.inInfos[input]
	switch {
	case info.Type != tensor.String:
		return fmt.Errorf("input %q holds %s, not string", info.Name, info.Type)
	case info.Elements() != len(values):
		return fmt.Errorf("input %q of shape %s takes %d strings, not %d", info.Name, tensor.ShapeString(info.Shape),
			info.Elements(), len(values))
	}
	buffer, err := tensor.AppendStrings(nil, values...)
	if err != nil {
		return err
	}
	if err := need("TfLiteTensorRealloc"); err != nil {
		return err
	}
	t := capi.InputTensor(n.interp, input)
	if t == nil {
		return n.failed("TfLiteInterpreterGetInputTensor", Failed)
	}
	if s := Status(capi.Realloc(t, len(buffer))); s != OK {
		return n.failed("TfLiteTensorRealloc", s)
	}
	if s := Status(capi.CopyFrom(t, buffer)); s != OK {
		return n.failed("TfLiteTensorCopyFromBuffer", s)
	}
	return n.refresh()
}

// Variables are views of the variable tensors of the main graph, which keep their contents from one run to the next:
// the state of an LSTM. They are valid until the next Invoke, Resize or Close. (State behind VAR_HANDLE, as in the
// streaming wake-word models, is no tensor and can not be seen.)
func (n *Interpreter) Variables() ([]tensor.Tensor, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, ErrClosed
	}
	if err := need("TfLiteInterpreterGetTensor"); err != nil {
		return nil, err
	}
	views := make([]tensor.Tensor, len(n.variables))
	for i, index := range n.variables {
		v, err := capi.ViewOf(capi.Tensor(n.interp, index))
		if err != nil {
			return nil, err
		}
		info := n.graph[index]
		set(&views[i], &info, v)
	}
	return views, nil
}
