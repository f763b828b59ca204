package delegate

import (
	"errors"
	"fmt"

	"corallite/tflite"
)

// Observed is what an engine makes of a model.
type Observed struct {
	Taken  []tflite.Taken   // the pieces of the graph that delegates run; see tflite.Interpreter.Plan
	Memory tflite.MemoryUse // what the runtime has allocated
}

// Observe says what an engine that Open made with [Options].Observe makes of the model. The model is the one that it was
// opened from, not closed yet.
func (m *Model) Observe(e Engine) (Observed, error) {
	own, ok := e.(*engine)
	if !ok {
		return Observed{}, fmt.Errorf("delegate: %T is not an engine of this package", e)
	}
	i, ok := own.Runner.(interface {
		Plan(*tflite.Schema) []tflite.Taken
		MemoryUse() (tflite.MemoryUse, error)
	})
	if !ok {
		return Observed{}, errors.New("delegate: the engine is no interpreter")
	}
	f := m.one()
	if own.device.Kind == EdgeTPU[0].Provider && m.compiled != nil {
		f = m.compiled
	}
	memory, err := i.MemoryUse()
	return Observed{i.Plan(f.model), memory}, err
}

// Times are those of the operators, of an engine with [Options].Profile; nil: its delegate does not tell. See
// [tflite.Interpreter.Times].
func (e *engine) Times() []tflite.OpTime {
	if t, ok := e.Runner.(interface{ Times() []tflite.OpTime }); ok {
		return t.Times()
	}
	return nil
}
