package capi

/*
#include "capi.h"
static void xnnpack_delete(TfLiteDelegate* d) { cl_table()->TfLiteXNNPackDelegateDelete(d); }
*/
import "C"

import "unsafe"

// XNNPACK makes an XNNPACK delegate. The options' flags are the second word of the options struct up to version 2.17
// and the third from 2.18 on: flagsWord says which. got is what the library says of the flags, where it can.
func XNNPACK(threads, flagsWord int, flags uint32) (delegate unsafe.Pointer, got uint32) {
	var g C.uint32_t
	d := C.cl_xnnpack(C.int(threads), C.int(flagsWord), C.uint32_t(flags), &g)
	return unsafe.Pointer(d), uint32(g)
}

// DeleteXNNPACK frees an XNNPACK delegate, after its interpreter.
func DeleteXNNPACK(delegate unsafe.Pointer) { C.xnnpack_delete((*C.TfLiteDelegate)(delegate)) }

// DefaultDelegate says whether the runtime hands operators of that model, which must be in C memory, to a delegate
// of its own when it is given none; known is false when that can not be told. given, unless nil, is a delegate that
// it is given all the same, for the test of this function.
func DefaultDelegate(model []byte, given unsafe.Pointer) (has, known bool) {
	n := C.cl_default_delegate(unsafe.Pointer(unsafe.SliceData(model)), C.size_t(len(model)), (*C.TfLiteDelegate)(given))
	return n == 1, n >= 0
}
