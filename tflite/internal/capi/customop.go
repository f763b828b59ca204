package capi

/*
#include "customop.h"
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"

	tfl "github.com/mattn/go-tflite"
)

// Node is a custom operator in one interpreter's graph. Its methods are called one at a time, by the goroutine that
// called into the runtime.
type Node interface {
	// Prepare checks the operands, which have no memory yet, and gives the shapes of the outputs.
	Prepare(in, out Operands) (shapes [][]int, err error)
	// Invoke computes the outputs.
	Invoke(in, out Operands) error
}

// Operator is a custom operator that Go computes. It lives as long as the process.
type Operator struct{ operator *C.TfLiteOperator }

// OperatorFunctions are the C functions that operators need.
func OperatorFunctions() []string {
	return []string{
		"TfLiteInterpreterOptionsAddOperator", "TfLiteOperatorCreateWithData", "TfLiteOperatorSetInitWithData",
		"TfLiteOperatorSetFreeWithData", "TfLiteOperatorSetPrepareWithData", "TfLiteOperatorSetInvokeWithData",
		"TfLiteOpaqueNodeGetUserData", "TfLiteOpaqueNodeNumberOfInputs", "TfLiteOpaqueNodeNumberOfOutputs",
		"TfLiteOpaqueNodeGetInput", "TfLiteOpaqueNodeGetOutput", "TfLiteOpaqueContextResizeTensor",
		"TfLiteOpaqueContextReportError", "TfLiteIntArrayCreate",
	}
}

// NewOperator makes the operator of that name, or nil. open makes a node of the options in the model, which are not
// its to keep; its error is that of preparing the model. It needs the functions of OperatorFunctions.
func NewOperator(name string, open func(options []byte) (Node, error)) *Operator {
	s := C.CString(name) // kept by the operator
	if op := C.cl_operator_new(s, C.uintptr_t(cgo.NewHandle(open))); op != nil {
		return &Operator{op}
	}
	return nil
}

// Add makes the operator known to interpreters of these options.
func (o *Operator) Add(to *tfl.InterpreterOptions) { C.cl_operator_add(options(to), o.operator) }

// Nodes is how many nodes of custom operators there are in this process.
func Nodes() int { return int(nodes.Load()) }

var nodes atomic.Int64

// Operands are the inputs or the outputs of a node, in C memory that is good until its call returns.
type Operands struct {
	first *C.cl_operand
	n     int
}

// Len is how many there are.
func (o Operands) Len() int { return o.n }

// View is what operand i is at the moment. While a model is prepared it has no memory.
func (o Operands) View(i int) View { return View{&o.at(i).view} }

// Quantization is the scale and the zero point of operand i; a scale of 0 says that it has none.
func (o Operands) Quantization(i int) (scale float32, zero int) {
	return float32(o.at(i).scale), int(o.at(i).zero_point)
}

func (o Operands) at(i int) *C.cl_operand {
	return &unsafe.Slice(o.first, o.n)[i] // n of them, on the stack of the C function that is calling
}

func operandsOf(all *C.cl_operand, inputs, outputs C.int) (in, out Operands) {
	each := unsafe.Slice(all, inputs+outputs) // as C has gathered them
	return Operands{unsafe.SliceData(each), int(inputs)}, Operands{unsafe.SliceData(each[inputs:]), int(outputs)}
}

// node is what a handle of a node stands for. C cannot be told that a node could not be made; preparing it can fail.
type node struct {
	Node
	err error
}

//export cl_go_operator_init
func cl_go_operator_init(maker C.uintptr_t, buffer unsafe.Pointer, length C.size_t) C.uintptr_t {
	open := cgo.Handle(maker).Value().(func([]byte) (Node, error))
	n := new(node)
	n.err = guarded(func() (err error) {
		n.Node, err = open(unsafe.Slice((*byte)(buffer), length)) // the model's bytes
		return err
	})
	nodes.Add(1)
	return C.uintptr_t(cgo.NewHandle(n))
}

//export cl_go_operator_free
func cl_go_operator_free(handle C.uintptr_t) {
	nodes.Add(-1)
	cgo.Handle(handle).Delete()
}

//export cl_go_operator_prepare
func cl_go_operator_prepare(handle C.uintptr_t, all *C.cl_operand, inputs, outputs C.int, to *C.cl_shape, message *C.char) C.int {
	n := cgo.Handle(handle).Value().(*node)
	if n.err != nil {
		return say(message, n.err)
	}
	in, out := operandsOf(all, inputs, outputs)
	return say(message, guarded(func() error {
		shapes, err := n.Prepare(in, out)
		if err != nil {
			return err
		}
		if len(shapes) != out.n {
			return fmt.Errorf("%d shapes for %d outputs", len(shapes), out.n)
		}
		sizes := unsafe.Slice(to, len(shapes)) // C has room for all operands
		for i, shape := range shapes {
			if len(shape) > len(sizes[i].dims) {
				return fmt.Errorf("output %d has %d dimensions", i, len(shape))
			}
			sizes[i].rank = C.int32_t(len(shape))
			for d, size := range shape {
				sizes[i].dims[d] = C.int32_t(size)
			}
		}
		return nil
	}))
}

//export cl_go_operator_invoke
func cl_go_operator_invoke(handle C.uintptr_t, all *C.cl_operand, inputs, outputs C.int, message *C.char) C.int {
	n := cgo.Handle(handle).Value().(*node)
	in, out := operandsOf(all, inputs, outputs)
	return say(message, guarded(func() error { return n.Invoke(in, out) }))
}

// guarded makes a panic an error: it must not cross the C functions that are calling.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

// say writes an error to message, which has room for CL_MESSAGE bytes, and gives C's answer: 0 for none.
func say(message *C.char, err error) C.int {
	if err == nil {
		return 0
	}
	to := unsafe.Slice((*byte)(unsafe.Pointer(message)), C.CL_MESSAGE)
	to[copy(to[:len(to)-1], err.Error())] = 0
	return 1
}
