package tflitefile_test

import "unsafe"

// offsetOf is where a view of a file begins.
func offsetOf(file, view []byte) int {
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(view))) - uintptr(unsafe.Pointer(unsafe.SliceData(file))))
}
