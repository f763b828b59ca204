package tflite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// openEnded is a + b that cannot be prepared as its file says: 2 values and 3 do not go together.
func openEnded() modeltest.Model {
	m := modeltest.Addition(1, 2)
	m.Subgraphs[0].Tensors[1].Shape, m.Subgraphs[0].Tensors[1].Open = []int{1, 3}, []int32{1, -1}
	return m
}

// TestShapes opens a model with the shapes that its file leaves open, on the built-in kernels and on XNNPACK, alone
// and with shared weights.
func TestShapes(t *testing.T) {
	m, err := LoadBytes(openEnded().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if n, err := m.Interpreter(Options{}); err == nil {
		t.Errorf("as the file says: %v", errors.Join(n.Close(), errors.New("no error")))
	}
	xnnpack := func(w *Weights) ([]Delegate, error) {
		d, err := w.NewXNNPACK(1)
		return []Delegate{d}, err
	}
	for name, delegates := range map[string]func(*Weights) ([]Delegate, error){"built-in": nil, "XNNPACK": xnnpack} {
		for _, several := range []int{1, 2} {
			all, err := m.Interpreters(several, Options{Builtin: delegates == nil, Shapes: [][]int{{1, 5}, {1, 5}}}, delegates)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i, n := range all {
				a, b := must(tensor.Of[float32](n.Input(0))), must(tensor.Of[float32](n.Input(1)))
				copy(a, []float32{1, 2, 3, 4, 5})
				copy(b, []float32{10, 20, 30, 40, 50})
				if err := n.Invoke(context.Background()); err != nil {
					t.Fatal(err)
				}
				sum := must(tensor.Of[float32](n.Output(0)))
				if !slices.Equal(n.Outputs()[0].Shape, []int{1, 5}) || !slices.Equal(sum, []float32{11, 22, 33, 44, 55}) {
					t.Errorf("%s, %d of %d: %v %v", name, i, several, n.Outputs()[0], sum)
				}
			}
			for _, n := range all {
				if err := n.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestShapesRefused: shapes that cannot be are errors that say which, and nothing is left of the interpreter.
func TestShapesRefused(t *testing.T) {
	for _, c := range []struct {
		shapes [][]int
		words  string
	}{
		{[][]int{nil, {1, 4}}, "TfLiteInterpreterAllocateTensors"}, // 2 and 4
		{[][]int{{1, 0}}, `invalid shape [1,0] for tensor "a"`},
		{[][]int{{}}, `invalid shape for tensor "a": it cannot be a scalar`},
		{[][]int{nil, nil, {1, 4}}, "tflite: 3 shapes for a model with 2 inputs"},
	} {
		before := Live()
		n, err := New(openEnded().Bytes(), Options{Shapes: c.shapes})
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: %v", c.shapes, err)
		}
		if err == nil {
			_ = n.Close()
		}
		if Live() != before {
			t.Errorf("%v: an interpreter is left", c.shapes)
		}
	}
	n := new1(t, openEnded(), Options{Shapes: [][]int{nil, {1, 2}}}) // nil leaves the file's
	if !slices.Equal(n.Inputs()[0].Shape, []int{1, 2}) {
		t.Errorf("input %v", n.Inputs()[0])
	}
}
