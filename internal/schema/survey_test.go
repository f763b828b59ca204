package schema

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// TestOptionNames compares the names of options with the layouts that are checked.
func TestOptionNames(t *testing.T) {
	fields := maps.Clone(optionFields())
	for _, l := range builtinOptions {
		if got := len(fields[l.name]); got != len(l.fields) {
			t.Errorf("%s has %d names for %d fields", l.name, got, len(l.fields))
		}
		delete(fields, l.name)
	}
	if len(fields) > 0 {
		t.Errorf("names of options that do not exist: %v", fields)
	}
}

func TestOptions(t *testing.T) {
	m, err := Read(modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{modeltest.Float32("a", 1, 4), modeltest.Float32("b", 1, 4)},
		Inputs:  []int32{0}, Outputs: []int32{1},
		Operators: []modeltest.Operator{{Code: modeltest.Add, Inputs: []int32{0, 0}, Outputs: []int32{1}, OptionsType: modeltest.AddOptions, Options: []any{int8(3)}}},
	}}}.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	o := m.Main().Operators[0]
	want := []Option{{"fused_activation_function", "RELU6"}, {"pot_scale_int16", true}}
	if got := o.Options(); !slices.Equal(got, want) || o.Activation() != "RELU6" || o.Option("pot_scale_int16", 0) != 1 || o.Option("other", 7) != 7 {
		t.Errorf("%v (want %v)", got, want)
	}
}

// TestSurvey reads what the runtime cannot run, and says why it cannot.
func TestSurvey(t *testing.T) {
	half := modeltest.Addition(1, 4)
	for i := range half.Subgraphs[0].Tensors {
		half.Subgraphs[0].Tensors[i].Type = tensor.Float16
	}
	newer := modeltest.Addition(1, 4)
	newer.Subgraphs[0].Operators[0].Code = 220
	for name, m := range map[string]modeltest.Model{"half": half, "newer": newer} {
		if _, err := Read(m.Bytes()); err == nil {
			t.Fatalf("%s: Read gives no error", name)
		}
		got, refused, err := Survey(m.Bytes())
		if err != nil || len(refused) != 1 || len(got.Main().Operators) != 1 {
			t.Errorf("%s: %v %v", name, refused, err)
		}
	}
	if _, _, err := Survey([]byte("TFL3TFL3TFL3")); err == nil {
		t.Error("no error")
	}
	// A survey of anything ends with an error or a model.
	r := rand.New(rand.NewPCG(3, 4))
	good := half.Bytes()
	for range 20000 {
		b := slices.Clone(good)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		m, _, err := Survey(b)
		if (m == nil) == (err == nil) {
			t.Fatal(m, err)
		}
		if err == nil {
			for i := range m.Main().Operators {
				m.Main().Operators[i].Options()
			}
		}
	}
}
