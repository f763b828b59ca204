package microwakeword

import (
	"context"
	"errors"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// fake is an engine with a memory of some runs: its answer is the maximum first value of the rows of those runs.
type fake struct {
	in, out []tensor.Info
	input   []byte
	output  [1]byte
	depth   int
	past    []byte
	runs    int
	resets  int
	fails   bool
	closed  bool
}

// newFake returns a fake that takes stride rows.
func newFake(stride, depth int) *fake {
	return &fake{
		in: []tensor.Info{{Name: "rows", Type: tensor.Int8, Shape: []int{1, stride, Channels},
			Quantization: tensor.PerTensor(0.1, -128)}},
		out: []tensor.Info{{Name: "probability", Type: tensor.UInt8, Shape: []int{1, 1},
			Quantization: tensor.PerTensor(1./256, 0)}},
		input: make([]byte, stride*Channels), depth: depth,
	}
}

var errFake = errors.New("the fake fails")

func (f *fake) Inputs() []tensor.Info   { return f.in }
func (f *fake) Outputs() []tensor.Info  { return f.out }
func (f *fake) Device() pipeline.Device { return pipeline.Device{Name: "cpu:fake"} }

func (f *fake) Input(int) tensor.Tensor {
	if f.closed {
		return tensor.Tensor{}
	}
	return tensor.Tensor{Info: f.in[0], Data: f.input}
}

func (f *fake) Output(int) tensor.Tensor { return tensor.Tensor{Info: f.out[0], Data: f.output[:]} }

func (f *fake) Invoke(ctx context.Context) error {
	if f.fails {
		return errFake
	}
	f.runs++
	greatest := byte(0)
	for i := 0; i < len(f.input); i += Channels {
		greatest = max(greatest, f.input[i]+128)
	}
	if len(f.past) >= f.depth {
		f.past = f.past[:copy(f.past, f.past[1:])]
	}
	f.past = append(f.past, greatest)
	f.output[0] = 0
	for _, v := range f.past {
		f.output[0] = max(f.output[0], v)
	}
	return ctx.Err()
}

func (f *fake) Close() error {
	f.closed = true
	return nil
}

// resettable is a fake with Reset.
type resettable struct{ *fake }

func (r resettable) Reset() error {
	r.resets++
	r.past = nil
	return nil
}
