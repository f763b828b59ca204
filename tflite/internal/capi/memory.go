package capi

/*
#include "capi.h"
static TfLiteAllocationType allocation_type(const TfLiteTensor* t) { return cl_table()->TfLiteOpaqueTensorGetAllocationType(t); }
// The runtime copies the allocation, so that it may lie on the stack.
static TfLiteStatus custom_allocation(TfLiteInterpreter* i, int tensor, void* data, size_t bytes) {
	TfLiteCustomAllocation a = {data, bytes};
	return cl_table()->TfLiteInterpreterSetCustomAllocationForTensor(i, tensor, &a, kTfLiteCustomAllocationFlagsNone);
}
*/
import "C"

import (
	"unsafe"

	tfl "github.com/mattn/go-tflite"
)

// Alignment is what the runtime wants of a tensor's memory (kDefaultTensorAlignment in tensorflow/lite/util.h).
const Alignment = 64

// Movable says whether the memory of that tensor, which may be nil, is the arena's or was given with SetMemory: not a
// constant's, a variable's, or of a size that is known only in the run. It needs TfLiteOpaqueTensorGetAllocationType,
// which takes a TfLiteTensor: an opaque one is the same under another name.
func Movable(tensor unsafe.Pointer) bool {
	if tensor == nil {
		return false
	}
	switch C.allocation_type((*C.TfLiteTensor)(tensor)) {
	case C.kTfLiteArenaRw, C.kTfLiteCustom:
		return true
	default:
		return false
	}
}

// SetMemory gives a tensor of the main subgraph other memory, which must outlive the interpreter and be aligned to
// Alignment; AllocateTensors must follow. It needs TfLiteInterpreterSetCustomAllocationForTensor.
func SetMemory(i *tfl.Interpreter, index int, memory []byte) int {
	return int(C.custom_allocation(interpreter(i), C.int(index), unsafe.Pointer(unsafe.SliceData(memory)), C.size_t(len(memory))))
}

// Use is where the tensors of the main graph have their memory, in bytes.
type Use struct{ Arena, Persistent, Tensors, Dynamic, Constant int64 }

// MemoryUse needs TfLiteInterpreterGetTensor and TfLiteOpaqueTensorGetAllocationType.
func MemoryUse(i *tfl.Interpreter) Use {
	var m C.cl_memory
	C.cl_memory_use(interpreter(i), &m)
	return Use{int64(m.arena), int64(m.persistent), int64(m.tensors), int64(m.dynamic), int64(m.constant)}
}
