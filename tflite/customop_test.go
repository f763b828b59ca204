package tflite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/tflite/internal/capi"
)

// fickle is a custom operator of which something goes wrong.
type fickle struct {
	shapes  [][]int
	prepare error
	invoke  func() error
}

func (f fickle) Prepare(_, out capi.Operands) ([][]int, error) { return f.shapes, f.prepare }
func (f fickle) Invoke(_, out capi.Operands) error             { return f.invoke() }

// custom is a graph of one operator that makes y of x.
func custom(name string) modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{modeltest.Float32("x", 2), modeltest.Float32("y", 2)},
		Inputs:  []int32{0}, Outputs: []int32{1},
		Operators: []modeltest.Operator{{Code: modeltest.Custom, Custom: name, CustomData: []byte("options"), Inputs: []int32{0}, Outputs: []int32{1}}},
	}}}
}

func TestUnknownOperator(t *testing.T) {
	_, err := New(custom("NobodysOp").Bytes(), Options{})
	if err == nil || !strings.Contains(err.Error(), "unresolved custom op: NobodysOp") {
		t.Errorf("got %v", err)
	}
}

// TestOperatorFails: whatever goes wrong in an operator of ours is an error with its words.
func TestOperatorFails(t *testing.T) {
	fine := func() error { return nil }
	long := strings.Repeat("far too long ", 100)
	for want, open := range map[string]func(options []byte) (capi.Node, error){
		"": func(options []byte) (capi.Node, error) {
			if string(options) != "options" {
				return nil, errors.New("other options")
			}
			return fickle{[][]int{{3, 1}}, nil, fine}, nil
		},
		"bad options":      func([]byte) (capi.Node, error) { return nil, errors.New("bad options") },
		"panic: of open":   func([]byte) (capi.Node, error) { panic("of open") },
		"bad shapes":       func([]byte) (capi.Node, error) { return fickle{prepare: errors.New("bad shapes")}, nil },
		"0 shapes":         func([]byte) (capi.Node, error) { return fickle{}, nil },
		"has 9 dimensions": func([]byte) (capi.Node, error) { return fickle{shapes: [][]int{make([]int, 9)}}, nil },
		"far too long":     func([]byte) (capi.Node, error) { return fickle{prepare: errors.New(long)}, nil },
		"run: no percent %s": func([]byte) (capi.Node, error) {
			return fickle{[][]int{{2}}, nil, func() error { return errors.New("no percent %s") }}, nil
		},
		"run: panic: of run": func([]byte) (capi.Node, error) {
			return fickle{[][]int{{2}}, nil, func() error { panic("of run") }}, nil
		},
	} {
		name := "Fickle " + want
		customOperators[name] = func() (*capi.Operator, error) { return newOperator(name, open) }
		defer delete(customOperators, name)
		n, err := New(custom(name).Bytes(), Options{})
		message, running := strings.CutPrefix(want, "run: ")
		if err == nil && (running || want == "") {
			err = n.Invoke(context.Background())
		}
		if want == "" && err == nil {
			if shape := n.Outputs()[0].Shape; len(shape) != 2 || shape[0] != 3 {
				t.Errorf("the output has the shape %v", shape)
			}
		} else if err == nil || want == "" || !strings.Contains(err.Error(), message) {
			t.Errorf("want %q, got %v", want, err)
		}
		if n != nil {
			n.Close()
		}
	}
	if capi.Nodes() != 0 {
		t.Errorf("%d nodes are left", capi.Nodes())
	}
}
