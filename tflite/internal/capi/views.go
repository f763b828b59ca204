package capi

/*
#include "capi.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	tfl "github.com/mattn/go-tflite"
)

// Views is what an interpreter's or a runner's inputs and outputs are at the moment, in C memory, so that looking at
// them again costs one call and no allocation.
type Views struct {
	views  *C.cl_view
	inputs int
	all    int
}

// View is one of them: it lies in C memory and is good until the next Refresh or Delete.
type View struct{ c *C.cl_view }

// Data is the tensor's memory of Bytes bytes, or nil while it has none.
func (v View) Data() unsafe.Pointer { return v.c.data }

// Bytes is the size of the tensor's memory.
func (v View) Bytes() int { return int(v.c.bytes) }

// Type is the TfLiteType.
func (v View) Type() int { return int(v.c._type) }

// Shape is a new slice of the dimensions.
func (v View) Shape() []int {
	shape := make([]int, v.c.rank)
	for i := range shape {
		shape[i] = int(v.c.dims[i])
	}
	return shape
}

// HasShape compares the dimensions without allocating.
func (v View) HasShape(shape []int) bool {
	if len(shape) != int(v.c.rank) {
		return false
	}
	for i, d := range shape {
		if d != int(v.c.dims[i]) {
			return false
		}
	}
	return true
}

// NewViews makes views of so many inputs and outputs; for a runner the names are those of its signature. They are
// freed with Delete.
func NewViews(inputs, outputs int, names []string) *Views {
	v := &Views{inputs: inputs, all: inputs + outputs}
	v.views = (*C.cl_view)(C.calloc(C.size_t(max(v.all, 1)), C.sizeof_cl_view))
	if v.views == nil {
		return nil
	}
	for i, name := range names {
		v.at(i).name = C.CString(name)
	}
	return v
}

func (v *Views) at(i int) *C.cl_view {
	return &unsafe.Slice(v.views, v.all)[i] // views has room for all
}

// Refresh looks at the tensors again and says whether anything has changed since the last time. runner may be nil.
func (v *Views) Refresh(i *tfl.Interpreter, runner *Runner) (bool, error) {
	var r unsafe.Pointer
	if runner != nil {
		r = runner.runner
	}
	switch C.cl_views(interpreter(i), r, v.views, C.int(v.inputs), C.int(v.all)) {
	case C.CL_SAME:
		return false, nil
	case C.CL_CHANGED:
		return true, nil
	case C.CL_RANK:
		return false, fmt.Errorf("a tensor has more than %d dimensions", len(v.views.dims))
	default:
		return false, fmt.Errorf("a tensor is missing")
	}
}

// At is the view of input i, or of output i − the number of inputs.
func (v *Views) At(i int) View { return View{v.at(i)} }

// Delete frees the views.
func (v *Views) Delete() {
	for i := range v.all {
		C.free(unsafe.Pointer(v.at(i).name))
	}
	C.free(unsafe.Pointer(v.views))
}

// ViewOf looks at one tensor.
func ViewOf(tensor unsafe.Pointer) (View, error) {
	c := new(C.cl_view)
	if C.cl_tensor_view((*C.TfLiteTensor)(tensor), c) < 0 {
		return View{}, fmt.Errorf("a tensor is missing or has too many dimensions")
	}
	return View{c}, nil
}
