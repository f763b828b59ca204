package tflite

import (
	"fmt"
	"sync"

	tfl "github.com/mattn/go-tflite"

	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
)

// customOperators are the custom operators that this package brings, by the names that models know them by. A model
// with any other that the library does not have fails to open: "Encountered unresolved custom op: NAME".
var customOperators = map[string]func() (*capi.Operator, error){
	schema.PosenetOp: sync.OnceValues(func() (*capi.Operator, error) { return newOperator(schema.PosenetOp, openPosenet) }),
}

func newOperator(name string, open func(options []byte) (capi.Node, error)) (*capi.Operator, error) {
	for _, f := range capi.OperatorFunctions() {
		if err := need(f); err != nil {
			return nil, fmt.Errorf("the custom operator %s: %w", name, err)
		}
	}
	if op := capi.NewOperator(name, open); op != nil {
		return op, nil
	}
	return nil, &Error{Op: "TfLiteOperatorCreateWithData", Status: Failed}
}

// addOperators makes the custom operators of ours that the model has known to its interpreters.
func addOperators(to *tfl.InterpreterOptions, m *schema.Model) error {
	added := map[string]bool{}
	for _, g := range m.Subgraphs {
		for _, o := range g.Operators {
			operator, ours := customOperators[o.Name]
			if !ours || !o.Custom || added[o.Name] {
				continue
			}
			op, err := operator()
			if err != nil {
				return err
			}
			op.Add(to)
			added[o.Name] = true
		}
	}
	return nil
}
