package tflite

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// place is C memory for every tensor that can be moved, freed after the interpreter: cleanups run backwards, so it is
// asked for before the interpreter is made.
type place struct{ all [][]byte }

func newPlace(t testing.TB) *place {
	p := &place{}
	t.Cleanup(func() {
		for _, m := range p.all {
			capi.Free(m)
		}
	})
	return p
}

// with gives a memory of n bytes, and 16 behind it, filled with something.
func (p *place) with(n int) []byte {
	m := capi.Memory(n + 16)
	for i := range m {
		m[i] = 0xa5
	}
	p.all = append(p.all, m)
	return m[:n]
}

func (p *place) each(can []bool, tensorAt func(int) tensor.Tensor) [][]byte {
	memories := make([][]byte, len(can))
	for i, yes := range can {
		if yes {
			memories[i] = p.with(len(tensorAt(i).Data))
		}
	}
	return memories
}

// move moves all that can be moved.
func (p *place) move(t *testing.T, n *Interpreter) (inputs, outputs [][]byte) {
	t.Helper()
	in, out, err := n.Movable()
	if err != nil {
		t.Fatal(err)
	}
	inputs, outputs = p.each(in, n.Input), p.each(out, n.Output)
	if err := n.UseMemory(inputs, outputs); err != nil {
		t.Fatal(err)
	}
	return inputs, outputs
}

// lies says whether a view is that memory.
func lies(view tensor.Tensor, memory []byte) bool {
	return len(view.Data) == len(memory) && unsafe.SliceData(view.Data) == unsafe.SliceData(memory)
}

// TestUseMemory runs every model of the test data in memory of its own, on both kinds of kernels: the answers are
// those of a plain interpreter, to the bit, and are found in that memory, which may be changed again.
func TestUseMemory(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(testdata.Path(t, "models/split_concat.tflite")), "*.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".tflite")
		if strings.Contains(name, "_edgetpu") || name == "model_invoking_error" {
			continue // they do not run on the CPU
		}
		for _, kernels := range []string{"xnnpack", "builtin"} {
			t.Run(name+"/"+kernels, func(t *testing.T) {
				noLeak(t)
				options := func() Options {
					if kernels == "builtin" {
						return Options{Builtin: true}
					}
					return Options{Delegates: xnn(t, 2)}
				}
				plain, p := open1(t, path, options()), newPlace(t)
				moved := open1(t, path, options())
				for round := range uint64(2) {
					inputs, outputs := p.move(t, moved)
					if slices.ContainsFunc(slices.Concat(inputs, outputs), func(m []byte) bool { return m == nil }) {
						t.Fatal("a tensor cannot be moved")
					}
					for seed := range uint64(2) {
						want, got := must(answer(plain, 2*round+seed)), must(answer(moved, 2*round+seed))
						if !sameOutputs(got, want) || !sameOutputs(outputs, want) {
							t.Errorf("round %d, input %d: the answers differ", round, seed)
						}
					}
					for i, m := range inputs {
						if !lies(moved.Input(i), m) {
							t.Errorf("input %d is elsewhere", i)
						}
					}
					for i, m := range outputs {
						if !lies(moved.Output(i), m) {
							t.Errorf("output %d is elsewhere", i)
						}
					}
					for _, m := range p.all {
						if tail := m[len(m)-16:]; slices.ContainsFunc(tail, func(b byte) bool { return b != 0xa5 }) {
							t.Errorf("bytes behind a tensor were changed: %x", tail)
						}
					}
				}
			})
		}
	}
}

// stays is a model of whose tensors most cannot be moved: places (of "where") and their doubles have sizes that the
// input decides, one output is a constant, and the input is given out too.
func stays() modeltest.Model {
	info := func(name string, typ tensor.Type, shape ...int) tensor.Info {
		return tensor.Info{Name: name, Type: typ, Shape: shape}
	}
	constant := modeltest.Tensor{Info: info("seven", tensor.UInt8, 1), Data: []byte{7}}
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{{Info: info("flags", tensor.Bool, 4)}, {Info: info("places", tensor.Int64, 1, 1)}, constant,
			{Info: info("doubles", tensor.Int64, 1, 1)}},
		Inputs: []int32{0}, Outputs: []int32{1, 3, 2, 0},
		Operators: []modeltest.Operator{
			{Code: modeltest.Where, Inputs: []int32{0}, Outputs: []int32{1}},
			{Code: modeltest.Add, Inputs: []int32{1, 1}, Outputs: []int32{3}, OptionsType: modeltest.AddOptions, Options: []any{int8(0)}},
		},
	}}}
}

// TestMovable: only the input can be moved, and all the rest works beside it.
func TestMovable(t *testing.T) {
	p := newPlace(t)
	n := new1(t, stays(), Options{})
	in, out, err := n.Movable()
	if err != nil || !slices.Equal(in, []bool{true}) || !slices.Equal(out, make([]bool, 4)) {
		t.Fatalf("inputs %v, outputs %v, %v", in, out, err)
	}
	flags := p.with(4)
	if err := n.UseMemory([][]byte{flags}, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags string
		want  []int64
	}{{"\x01\x00\x01\x01", []int64{0, 2, 3}}, {"\x00\x00\x00\x00", nil}, {"\x01\x01\x01\x01", []int64{0, 1, 2, 3}}} {
		copy(flags, c.flags)
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := must(tensor.Of[int64](n.Output(0))); !slices.Equal(got, c.want) {
			t.Errorf("%q: %v", c.flags, got)
		}
		if double := must(tensor.Of[int64](n.Output(1))); len(double) != len(c.want) || len(double) > 0 && double[len(double)-1] != 2*c.want[len(double)-1] {
			t.Errorf("%q: doubles %v", c.flags, double)
		}
		if n.Output(2).Data[0] != 7 || string(n.Output(3).Data) != c.flags {
			t.Errorf("%q: %v, %v", c.flags, n.Output(2).Data, n.Output(3).Data)
		}
	}
}

func TestUseMemoryRefuses(t *testing.T) {
	p := newPlace(t)
	odd, small, good := p.with(64)[1:], p.with(15), p.with(16)
	sum := new1(t, modeltest.Addition(1, 4), Options{})
	where := new1(t, stays(), Options{})
	for _, c := range []struct {
		name    string
		n       *Interpreter
		in, out [][]byte
		want    string
	}{
		{"odd address", sum, [][]byte{good, odd}, nil, "the memory of input 1 is not aligned to 64 bytes"},
		{"too small", sum, nil, [][]byte{small}, "output 0 needs 16 bytes, its memory has 15"},
		{"too many", sum, [][]byte{nil, nil, good}, nil, "memory for 3 inputs, but the model has 2"},
		{"unknown size", where, nil, [][]byte{good}, "output 0 cannot be moved"},
		{"after an unknown size", where, nil, [][]byte{nil, good}, "output 1 cannot be moved"},
		{"constant", where, nil, [][]byte{nil, nil, good}, "output 2 cannot be moved"},
		{"moved as an input", where, nil, [][]byte{nil, nil, nil, good}, "output 3 cannot be moved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := c.n.Input(0)
			clear(before.Data)
			if err := c.n.UseMemory(c.in, c.out); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
			if !lies(c.n.Input(0), before.Data) {
				t.Error("an input was moved")
			}
			if err := c.n.Invoke(context.Background()); err != nil {
				t.Errorf("the interpreter does not run any more: %v", err)
			}
		})
	}
	if err := sum.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sum.Movable(); !errors.Is(err, ErrClosed) || !errors.Is(sum.UseMemory([][]byte{good}, nil), ErrClosed) {
		t.Errorf("a closed interpreter: %v", err)
	}
}

// TestMovedResize: within its memory a tensor may change its shape; beyond it the runtime refuses.
func TestMovedResize(t *testing.T) {
	m := modeltest.Addition(4)
	p := newPlace(t)
	n := new1(t, m, Options{})
	inputs, outputs := p.move(t, n)
	if err := errors.Join(n.Resize(0, []int{2, 2}), n.Resize(1, []int{2, 2})); err != nil {
		// Between the two the shapes do not fit each other; the second makes good.
		if err := n.Resize(1, []int{2, 2}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range inputs {
		copy(must(tensor.Of[float32](n.Input(i))), []float32{1, 2, 3, 4})
	}
	if err := n.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !lies(n.Output(0), outputs[0]) || !slices.Equal(must(tensor.Of[float32](n.Output(0))), []float32{2, 4, 6, 8}) {
		t.Errorf("output %v", n.Output(0))
	}
	_ = n.Resize(0, []int{5})
	if err := n.Resize(1, []int{5}); err == nil || n.Invoke(context.Background()) == nil || n.Input(0).Data != nil {
		t.Errorf("5 floats in the memory of 4: %v", err)
	}
}
