package tflite

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"unsafe"

	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// Weights are XNNPACK's packed weights of one model, which the XNNPACK delegates of several interpreters share: see
// [Model.Interpreters]. A nil one shares nothing. They are freed after the last delegate that uses them.
type Weights struct {
	users atomic.Int32
	cache unsafe.Pointer // TfLiteXNNPackDelegateWeightsCache; nil where the library has none
	used  bool           // by a delegate; while the interpreters are made, by one goroutine
}

// weightsFunctions are those that sharing needs. A library without them packs for every interpreter.
var weightsFunctions = []string{"TfLiteXNNPackDelegateWeightsCacheCreateWithSize", "TfLiteXNNPackDelegateWeightsCacheFinalizeHard",
	"TfLiteXNNPackDelegateWeightsCacheDelete", "TfLiteXNNPackDelegateGetFlags"}

// weightsCacheFactor times the file's size is the address space that packed weights get. XNNPACK moves a cache that is full, and what
// was packed before then answers wrong or crashes. It pads output channels to at most 64 and widens half floats to
// twice their size, so a tensor grows by 128 at most; the tables of a file leave some more for the smallest tensors.
const weightsCacheFactor = 128

// newWeights is nil where the library has no such thing, or the machine too little address space: then each interpreter packs for
// itself. So it does in a model of several graphs, as one that is prepared later would find the cache closed.
func newWeights(m *Model) *Weights {
	if len(m.schema.Subgraphs) != 1 || len(m.shared.memory) > math.MaxInt/(2*weightsCacheFactor) {
		return nil
	}
	for _, f := range weightsFunctions {
		if !capi.Has(f) {
			return nil
		}
	}
	w := &Weights{cache: capi.NewWeights(weightsCacheFactor*len(m.shared.memory) + 1<<20)}
	if w.cache == nil {
		return nil
	}
	w.users.Store(1)
	caches.Add(1)
	return w
}

// NewXNNPACK is the function [NewXNNPACK], for a delegate that shares these weights.
func (w *Weights) NewXNNPACK(threads int) (Delegate, error) { return newXNNPACK(threads, w) }

// finalize must come after the making of all interpreters and before the first run.
func (w *Weights) finalize() error {
	if w == nil || !w.used || capi.FinalizeWeights(w.cache) {
		return nil
	}
	return &Error{Op: "TfLiteXNNPackDelegateWeightsCacheFinalizeHard", Status: Failed}
}

func (w *Weights) release() {
	if w != nil && w.users.Add(-1) == 0 {
		capi.DeleteWeights(w.cache)
		caches.Add(-1)
	}
}

// errShared is why an interpreter with shared weights keeps its shapes: the runtime would rebuild its delegate's graph and
// pack the weights again, while the others use those that are there.
var errShared = errors.New("an interpreter with shared weights cannot be resized: create one with Model.Interpreter instead")

// keepsShape is nil for the shape that the tensor has.
func keepsShape(info tensor.Info, shape []int) error {
	if slices.Equal(info.Shape, shape) {
		return nil
	}
	return fmt.Errorf("tensor %q, shape %s: %w", info.Name, tensor.ShapeString(shape), errShared)
}

// sharesWeights says whether a delegate of the interpreter's does.
func (i *Interpreter) sharesWeights() bool {
	for _, d := range i.own {
		if x, ok := d.(*xnnpack); ok && x.weights != nil {
			return true
		}
	}
	return false
}
