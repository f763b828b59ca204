package worker_test

import (
	"slices"
	"testing"

	"corallite/delegate"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

func info(name string, typ tensor.Type, shape ...int) tensor.Info {
	return tensor.Info{Name: name, Type: typ, Shape: shape}
}

// stays is a model none of whose outputs can be moved: the positions of set flags and their doubles have sizes that
// depend on the input, one output is a constant, and the input is an output too, twice.
func stays(flags int) modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{{Info: info("flags", tensor.Bool, flags)}, {Info: info("places", tensor.Int64, 1, 1)},
			{Info: info("seven", tensor.UInt8, 1), Data: []byte{7}}, {Info: info("doubles", tensor.Int64, 1, 1)}},
		Inputs: []int32{0}, Outputs: []int32{1, 3, 2, 0, 0},
		Operators: []modeltest.Operator{
			{Code: modeltest.Where, Inputs: []int32{0}, Outputs: []int32{1}},
			{Code: modeltest.Add, Inputs: []int32{1, 1}, Outputs: []int32{3}, OptionsType: modeltest.AddOptions, Options: []any{int8(0)}},
		},
	}}}
}

// TestCopiedOutputs compares outputs that cannot be moved with those of this process, while they outgrow their room,
// shrink, and vanish.
func TestCopiedOutputs(t *testing.T) {
	const flags = 5000
	f := delegate.Files{CPU: written(t, stays(flags))}
	h := host(t, f.CPU)
	local := here(t, f, delegate.Options{Choice: delegate.None})
	e, other := open(t, h, worker.Request{Files: f, Choice: delegate.None}), open(t, h, worker.Request{Files: f, Choice: delegate.None})
	for _, set := range []int{1, 1, 3, flags, 2, flags / 2, flags, 0, 7, 7} {
		for _, e := range []tensor.Engine{local, e} {
			in := e.Input(0).Data
			clear(in)
			for i := range set {
				in[len(in)-1-i*(flags/max(set, 1))] = 1
			}
			if err := e.Invoke(t.Context()); err != nil {
				t.Fatalf("%d flags: %v", set, err)
			}
		}
		for i := range local.Outputs() {
			want, got := local.Output(i), e.Output(i)
			if !slices.Equal(got.Data, want.Data) || !slices.Equal(got.Shape, want.Shape) || !slices.Equal(e.Outputs()[i].Shape, want.Shape) {
				t.Errorf("%d flags: output %d is %v with %d bytes, here %v with %d", set, i, got.Info, len(got.Data), want.Info, len(want.Data))
			}
		}
		if places, err := tensor.Of[int64](e.Output(0)); err != nil || len(places) != set {
			t.Errorf("%d flags: %d places, %v", set, len(places), err)
		}
		run(t, other, uint64(set)) // has a room of its own
	}
}

// TestVariableAsOutput reads the state of a model, which stays where it is.
func TestVariableAsOutput(t *testing.T) {
	m := modeltest.Addition(1, 4)
	g := &m.Subgraphs[0]
	g.Tensors[1].Variable = true
	g.Inputs, g.Outputs = []int32{0}, []int32{2, 1}
	f := delegate.Files{CPU: written(t, m)}
	local := here(t, f, delegate.Options{Choice: delegate.None})
	e := open(t, host(t, f.CPU), worker.Request{Files: f, Choice: delegate.None})
	for seed := range uint64(2) {
		if want, got := run(t, local, seed), run(t, e, seed); len(got[1]) != 16 || !slices.Equal(got, want) {
			t.Errorf("outputs %q, here %q", got, want)
		}
	}
}

// TestReset accumulates state over runs and resets it.
func TestReset(t *testing.T) {
	f := delegate.Files{CPU: path(t, "keras_lstm_mnist_ptq")}
	local := here(t, f, delegate.Options{Choice: delegate.None})
	e := open(t, host(t, f.CPU), worker.Request{Files: f, Choice: delegate.None})
	var first []string
	for round := range 2 {
		for k := range 3 {
			want, got := run(t, local, 1), run(t, e, 1)
			if !slices.Equal(got, want) {
				t.Errorf("round %d, run %d: the answers differ", round, k)
			}
			switch {
			case k > 0:
				if slices.Equal(got, first) {
					t.Error("the state has no effect")
				}
			case round > 0:
				if !slices.Equal(got, first) {
					t.Error("after Reset the answer is another")
				}
			default:
				first = got
			}
		}
		if err := e.Reset(); err != nil {
			t.Fatal(err)
		}
		if err := local.ResetVariables(); err != nil {
			t.Fatal(err)
		}
	}
}
