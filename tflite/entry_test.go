package tflite

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// TestInterpreterOfSignature runs each signature of a model as an interpreter of its own: inputs and outputs are the
// signature's, in its order and under its names.
func TestInterpreterOfSignature(t *testing.T) {
	model := modeltest.TwoSignatures(3).Bytes()
	for name, o := range map[string]Options{"xnnpack": {}, "builtin": {Builtin: true}} {
		o.Signature = "add"
		add := must(New(model, o))
		if in := add.Inputs(); len(in) != 2 || in[0].Name != "right" || in[1].Name != "left" || add.Outputs()[0].Name != "result" {
			t.Fatalf("%s: inputs %v, outputs %v", name, in, add.Outputs())
		}
		copy(must(tensor.Of[float32](add.Input(0))), []float32{1, 2, 3})
		copy(must(tensor.Of[float32](add.Input(1))), []float32{10, 20, 30})
		if err := add.Invoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := must(tensor.Of[float32](add.Output(0))); !slices.Equal(got, []float32{11, 22, 33}) {
			t.Errorf("%s: added %v", name, got)
		}
		o.Signature, o.Shapes = "double", [][]int{{2, 3}}
		double := must(New(model, o))
		if in := double.Inputs(); len(in) != 1 || in[0].Name != "value" || !slices.Equal(in[0].Shape, []int{2, 3}) {
			t.Fatalf("%s: inputs %v", name, in)
		}
		for _, shape := range [][]int{{2, 3}, {1, 3}} {
			if err := double.Resize(0, shape); err != nil {
				t.Fatal(err)
			}
			values := must(tensor.Of[float32](double.Input(0)))
			for i := range values {
				values[i] = float32(i)
			}
			if err := double.Invoke(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := must(tensor.Of[float32](double.Output(0))); !slices.Equal(got, []float32{0, 2, 4, 6, 8, 10}[:len(values)]) {
				t.Errorf("%s: doubled %v", name, got)
			}
			if err := double.Reset(); err != nil {
				t.Fatal(err)
			}
		}
		inputs, outputs, err := double.Movable()
		if err != nil || slices.Contains(inputs, true) || slices.Contains(outputs, true) || double.UseMemory([][]byte{nil}, nil) != nil {
			t.Errorf("%s: movable %v, %v, %v", name, inputs, outputs, err)
		}
		add.Close()
		double.Close()
		if err := double.Invoke(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	for signature, want := range map[string]string{"": `several signatures ("add", "double"): choose one`, "train": `no signature "train"; it has "add", "double"`} {
		m, err := schema.Read(model)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Entry(signature); !errors.Is(err, schema.ErrSignature) || !strings.Contains(err.Error(), want) {
			t.Errorf("entry %q: %v", signature, err)
		}
	}
	if _, err := New(model, Options{Signature: "train"}); !errors.Is(err, schema.ErrSignature) {
		t.Errorf("an unknown signature: %v", err)
	}
}

// TestSeveralInterpretersOfSignature share the weights of a model of one graph.
func TestSeveralInterpretersOfSignature(t *testing.T) {
	m := modeltest.TwoSignatures(3)
	m.Subgraphs, m.Signatures = m.Subgraphs[:1], m.Signatures[:1]
	loaded := must(LoadBytes(m.Bytes()))
	defer loaded.Close()
	for _, i := range must(loaded.Interpreters(2, Options{Signature: "add"}, nil)) {
		defer i.Close()
		for k := range 2 {
			copy(must(tensor.Of[float32](i.Input(k))), []float32{1, 2, 3})
		}
		if err := i.Invoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := must(tensor.Of[float32](i.Output(0))); !slices.Equal(got, []float32{2, 4, 6}) {
			t.Errorf("added %v", got)
		}
	}
}
