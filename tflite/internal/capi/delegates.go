package capi

/*
#include "capi.h"
static void xnnpack_delete(TfLiteDelegate* d) { cl_table()->TfLiteXNNPackDelegateDelete(d); }
static void* weights_new(size_t size) { return cl_table()->TfLiteXNNPackDelegateWeightsCacheCreateWithSize(size); }
static bool weights_finalize(void* w) { return cl_table()->TfLiteXNNPackDelegateWeightsCacheFinalizeHard(w); }
static void weights_delete(void* w) { cl_table()->TfLiteXNNPackDelegateWeightsCacheDelete(w); }
*/
import "C"

import (
	"slices"
	"unsafe"
)

// XNNPACK makes an XNNPACK delegate. The options' flags are the second word of the options struct up to version 2.17
// and the third from 2.18 on: flagsWord says which. got is what the library says of the flags, where it can. weights,
// unless nil, is what NewWeights gave; it must outlive the delegate.
func XNNPACK(threads, flagsWord int, flags uint32, weights unsafe.Pointer) (delegate unsafe.Pointer, got uint32) {
	var g C.uint32_t
	d := C.cl_xnnpack(C.int(threads), C.int(flagsWord), C.uint32_t(flags), weights, &g)
	return unsafe.Pointer(d), uint32(g)
}

// DeleteXNNPACK frees an XNNPACK delegate, after its interpreter.
func DeleteXNNPACK(delegate unsafe.Pointer) { C.xnnpack_delete((*C.TfLiteDelegate)(delegate)) }

// DefaultDelegate says whether the runtime hands operators of that model, which must be in C memory, to a delegate
// of its own when it is given none; known is false when that cannot be told. given, unless nil, is a delegate that
// it is given all the same, for the test of this function.
func DefaultDelegate(model []byte, given unsafe.Pointer) (has, known bool) {
	n := C.cl_default_delegate(unsafe.Pointer(unsafe.SliceData(model)), C.size_t(len(model)), (*C.TfLiteDelegate)(given))
	return n == 1, n >= 0
}

// Counter is a delegate that takes no operator. Given to an interpreter behind others, it counts the nodes that those
// have put in the place of the operators that they took.
type Counter struct{ delegate *C.TfLiteDelegate }

// NewCounter is nil where there is no memory. One that keeps has a Plan.
func NewCounter(keeps bool) *Counter {
	d := C.cl_counter(C.bool(keeps))
	if d == nil {
		return nil
	}
	return &Counter{d}
}

// Ptr is the TfLiteDelegate.
func (c *Counter) Ptr() unsafe.Pointer { return unsafe.Pointer(c.delegate) }

// Delegated is how many nodes of the graph, as the interpreter was made, belong to a delegate.
func (c *Counter) Delegated() int { return int(C.cl_counter_delegated(c.delegate)) }

// Plan is a copy of what a counter that keeps has seen; see cl_counter_plan in capi.h.
func (c *Counter) Plan() []int64 {
	var n C.size_t
	p := C.cl_counter_plan(c.delegate, &n)
	return slices.Clone(unsafe.Slice((*int64)(unsafe.Pointer(p)), int(n))) // as many as C has counted
}

// Delete frees it, after its interpreter. Twice is safe.
func (c *Counter) Delete() {
	if c.delegate != nil {
		C.cl_counter_delete(c.delegate)
		c.delegate = nil
	}
}

// NewWeights makes a cache of packed weights with room for size bytes, of which memory is taken only as it fills, or
// nil. It must not grow beyond: the delegates that were made before would look for their weights where it was. It needs the TfLiteXNNPackDelegateWeightsCache functions.
func NewWeights(size int) unsafe.Pointer { return C.weights_new(C.size_t(size)) }

// FinalizeWeights allows runs with the cache; after it no delegate can be prepared with it, and the room that
// is not used is given back. The soft way, which lets weights that are there already be found, does not check those
// that are not, and wild memory is read (google/XNNPACK issue 11165).
func FinalizeWeights(w unsafe.Pointer) bool { return bool(C.weights_finalize(w)) }

// DeleteWeights frees the cache, after all delegates that use it.
func DeleteWeights(w unsafe.Pointer) { C.weights_delete(w) }
