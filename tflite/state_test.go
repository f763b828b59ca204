package tflite

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// TestVariables looks at the state of an LSTM: it changes with a run, counts in the next, and is reset.
func TestVariables(t *testing.T) {
	n := open1(t, testdata.Path(t, "models/keras_lstm_mnist_ptq.tflite"), Options{})
	fresh := must(n.Variables())
	if len(fresh) != 2 || len(fresh[0].Data) == 0 {
		t.Fatalf("variables %v", fresh)
	}
	zero := slices.Clone(fresh[0].Data)
	picture(t, n.Input(0), "cat.bmp")
	run := func() []byte {
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		return slices.Clone(n.Output(0).Data)
	}
	first := run()
	if state := must(n.Variables()); slices.Equal(state[0].Data, zero) {
		t.Error("a run did not change the state")
	}
	if slices.Equal(run(), first) {
		t.Error("the state has no effect")
	}
	if err := n.ResetVariables(); err != nil {
		t.Fatal(err)
	}
	if state := must(n.Variables()); !slices.Equal(state[0].Data, zero) {
		t.Error("the state was not reset")
	}
	if !slices.Equal(run(), first) {
		t.Error("after the reset the answer is another")
	}
}

func TestSignature(t *testing.T) {
	n := open1(t, testdata.Path(t, "models/movenet_single_pose_lightning_ptq.tflite"), Options{Delegates: xnn(t, 2)})
	if got := n.Signatures(); !slices.Equal(got, []string{"serving_default"}) {
		t.Fatalf("signatures %q", got)
	}
	if _, err := n.Signature("train"); err == nil || !strings.Contains(err.Error(), "serving_default") {
		t.Errorf("an unknown signature: %v", err)
	}
	r, err := n.Signature("serving_default")
	if err != nil {
		t.Fatal(err)
	}
	if r.Key() != "serving_default" || r.Inputs()[0].Name != "input" || r.Outputs()[0].Name != "output_0" {
		t.Errorf("%q: %v, %v", r.Key(), r.Inputs(), r.Outputs())
	}
	picture(t, r.Input(0), "squat.bmp")
	if err := r.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := slices.Clone(must(tensor.Of[float32](r.Output(0))))
	// LiteRT 2.3 on the same bytes: y, x and score of the nose, in parts of the picture.
	for i, want := range []float32{0.33594203, 0.58585012, 0.56946272} {
		if d := got[i] - want; d > 0.1 || d < -0.1 {
			t.Errorf("value %d is %g, not %g", i, got[i], want)
		}
	}
	picture(t, n.Input(0), "squat.bmp")
	if err := n.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(must(tensor.Of[float32](n.Output(0))), got) {
		t.Error("the interpreter and the signature of its graph differ")
	}
	n.Close()
	if err := r.Invoke(context.Background()); !errors.Is(err, ErrClosed) || r.Input(0).Data != nil || r.Close() != nil {
		t.Errorf("after the interpreter's Close: %v", err)
	}
}

// TestSignatureResize resizes through a runner: the interpreter shares the graph and sees it.
func TestSignatureResize(t *testing.T) {
	m := modeltest.Addition(1, 2)
	for i := range 2 {
		m.Subgraphs[0].Tensors[i].Open = []int32{-1, -1}
	}
	m.Signatures = []modeltest.Signature{{Key: "add", Inputs: []modeltest.Named{{Name: "left", Tensor: 0}, {Name: "right", Tensor: 1}},
		Outputs: []modeltest.Named{{Name: "result", Tensor: 2}}}}
	n := new1(t, m, Options{})
	r, err := n.Signature("add")
	if err != nil {
		t.Fatal(err)
	}
	byName := func(infos []tensor.Info, name string) int {
		return slices.IndexFunc(infos, func(i tensor.Info) bool { return i.Name == name })
	}
	left, right := byName(r.Inputs(), "left"), byName(r.Inputs(), "right")
	if err := errors.Join(r.Resize(left, []int{3, 1}), r.Resize(right, []int{3, 2})); err != nil {
		t.Fatal(err)
	}
	copy(must(tensor.Of[float32](r.Input(left))), []float32{1, 2, 3})
	copy(must(tensor.Of[float32](n.Input(1))), []float32{.1, .2, .3, .4, .5, .6}) // the same memory
	if err := r.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := []float32{1.1, 1.2, 2.3, 2.4, 3.5, 3.6}
	for _, got := range []tensor.Tensor{r.Output(0), n.Output(0)} {
		if !slices.Equal(must(tensor.Of[float32](got)), want) || !slices.Equal(got.Shape, []int{3, 2}) {
			t.Errorf("%v: %v", got.Info, must(tensor.Of[float32](got)))
		}
	}
	if err := r.Resize(2, []int{1}); err == nil {
		t.Error("input 2 of 2 was resized")
	}
}

// TestStrings compares a string input with strings in the file.
func TestStrings(t *testing.T) {
	words := func(name string, shape ...int) modeltest.Tensor {
		return modeltest.Tensor{Info: tensor.Info{Name: name, Type: tensor.String, Shape: shape}}
	}
	known := words("known", 3)
	known.Data = must(tensor.AppendStrings(nil, "yes", "no", ""))
	n := new1(t, modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{words("said", 3), known,
			{Info: tensor.Info{Name: "equal", Type: tensor.Bool, Shape: []int{3}}},
			{Info: tensor.Info{Name: "which", Type: tensor.Int32, Shape: []int{2}}, Data: binary.LittleEndian.AppendUint32([]byte{2, 0, 0, 0}, 0)},
			words("picked", 2)},
		Inputs: []int32{0}, Outputs: []int32{2, 4},
		Operators: []modeltest.Operator{
			{Code: modeltest.Equal, Inputs: []int32{0, 1}, Outputs: []int32{2}},
			{Code: modeltest.Gather, Inputs: []int32{0, 3}, Outputs: []int32{4}, OptionsType: modeltest.GatherOptions, Options: []any{int32(0), int32(0)}},
		},
	}}}, Options{})
	for _, c := range []struct {
		said  []string
		equal []bool
	}{
		{[]string{"yes", "Nein", ""}, []bool{true, false, true}},
		{[]string{"", "no", strings.Repeat("long", 1000)}, []bool{false, true, false}},
	} {
		if err := errors.Join(n.SetStrings(0, c.said...), n.Invoke(context.Background())); err != nil {
			t.Fatal(err)
		}
		if got := must(tensor.Of[bool](n.Output(0))); !slices.Equal(got, c.equal) {
			t.Errorf("%q: %v", c.said, got)
		}
		if got := must(tensor.Strings(n.Input(0))); !slices.Equal(got, c.said) {
			t.Errorf("the input holds %q, not %q", got, c.said)
		}
		if got := must(tensor.Strings(n.Output(1))); !slices.Equal(got, []string{c.said[2], c.said[0]}) {
			t.Errorf("%q: picked %q", c.said, got)
		}
	}
	for i, err := range []error{n.SetStrings(0, "one"), n.SetStrings(1, "x"), n.SetStrings(-1)} {
		if err == nil {
			t.Errorf("wrong strings %d were taken", i)
		}
	}
	if err := new1(t, modeltest.Addition(1), Options{}).SetStrings(0, "x"); err == nil {
		t.Error("a float input took a string")
	}
}

// TestPerChannel reads weights with a scale for each slice.
func TestPerChannel(t *testing.T) {
	q := tensor.Quantization{Scales: []float32{0.5, 0.25}, ZeroPoints: []int32{0, 0}, Axis: 0}
	m := modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			{Info: tensor.Info{Name: "q", Type: tensor.Int8, Shape: []int{2, 2}, Quantization: q}, Data: []byte{2, 4, 2, 4}},
			modeltest.Float32("real", 2, 2),
		},
		Outputs:   []int32{1, 0},
		Operators: []modeltest.Operator{{Code: modeltest.Dequantize, Version: 5, Inputs: []int32{0}, Outputs: []int32{1}}},
	}}}
	n := new1(t, m, Options{Builtin: true}) // XNNPACK takes it and fails in the run
	if err := n.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := n.Outputs()[1].Quantization; !got.Equal(q) {
		t.Fatalf("quantization %v", got)
	}
	ours, theirs := make([]float32, 4), must(tensor.Of[float32](n.Output(0)))
	if err := tensor.Real(ours, n.Output(1)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ours, theirs) || !slices.Equal(ours, []float32{1, 2, 0.5, 1}) {
		t.Errorf("ours %v, the runtime's %v", ours, theirs)
	}
}
