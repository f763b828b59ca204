// Package tensor holds the tensor types that engines, pipelines and tasks share. It has no C in it, so that a
// package can read and write tensors without linking the runtime.
//
// What this package exports follows Semantic Versioning.
package tensor

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// Type is the element type of a tensor, numbered as TfLiteType in tensorflow/lite/core/c/c_api_types.h.
type Type int

// The element types of TensorFlow Lite 2.17.
const (
	NoType Type = iota
	Float32
	Int32
	UInt8
	Int64
	String
	Bool
	Int16
	Complex64
	Int8
	Float16
	Float64
	Complex128
	UInt64
	Resource
	Variant
	UInt32
	UInt16
	Int4
	BFloat16
)

var typeNames = [...]string{
	"none", "float32", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float16",
	"float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16",
}

// String is the type's name as NumPy spells it, or "type(N)" for a number that has none.
func (t Type) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("type(%d)", int(t))
	}
	return typeNames[t]
}

// Size is the bytes of one element; 0 for types whose elements have no fixed size of whole bytes
// (string, resource, variant, int4, none).
func (t Type) Size() int {
	switch t {
	case UInt8, Int8, Bool:
		return 1
	case Int16, UInt16, Float16, BFloat16:
		return 2
	case Float32, Int32, UInt32:
		return 4
	case Int64, UInt64, Float64, Complex64:
		return 8
	case Complex128:
		return 16
	default:
		return 0
	}
}

// Info describes a tensor.
type Info struct {
	Name         string
	Type         Type
	Shape        []int // one entry a dimension, outermost first; empty for a scalar
	Quantization Quantization
}

// Elements is the product of the shape: 1 for a scalar.
func (i Info) Elements() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// String is for messages: "name uint8[1,300,300,3] scale 0.0078125 zero 128".
func (i Info) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s%s", i.Name, i.Type, ShapeString(i.Shape))
	if i.Quantization.Quantized() {
		fmt.Fprintf(&b, " %s", i.Quantization)
	}
	return b.String()
}

// ShapeString writes a shape as "[1,300,300,3]".
func ShapeString(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}

// Same says whether two tensors can stand for each other: the same type, shape and quantization; names may differ.
func (i Info) Same(o Info) bool {
	return i.Type == o.Type && slices.Equal(i.Shape, o.Shape) && i.Quantization.Equal(o.Quantization)
}

// Tensor is a tensor and a view of its memory. Data belongs to the engine it came from and is valid until that
// engine is resized or closed; it is not copied and must not be kept longer.
type Tensor struct {
	Info
	Data []byte
}

// Element is a Go type that a tensor's elements can be read as.
type Element interface {
	~uint8 | ~int8 | ~uint16 | ~int16 | ~uint32 | ~int32 | ~uint64 | ~int64 | ~float32 | ~float64 | ~bool | ~complex64 | ~complex128
}

// Of is the tensor's memory as a slice of T, not copied. It fails when T is not the tensor's element type or when
// the memory does not hold whole, aligned elements.
func Of[T Element](t Tensor) ([]T, error) {
	var zero T
	if want := typeOf(zero); want != t.Type {
		return nil, fmt.Errorf("tensor %q has type %s, not %s", t.Name, t.Type, want)
	}
	size := int(unsafe.Sizeof(zero))
	if len(t.Data) == 0 {
		return nil, nil
	}
	if len(t.Data)%size != 0 {
		return nil, fmt.Errorf("tensor %q has %d bytes, not a multiple of the size of %s", t.Name, len(t.Data), t.Type)
	}
	// SliceData of a non-empty slice is a valid pointer; the runtime aligns tensors to 64 bytes, but a Tensor made
	// by hand from a byte slice need not be, hence the check.
	p := unsafe.Pointer(unsafe.SliceData(t.Data))
	if uintptr(p)%unsafe.Alignof(zero) != 0 {
		return nil, fmt.Errorf("tensor %q: its memory is not aligned for %s", t.Name, t.Type)
	}
	return unsafe.Slice((*T)(p), len(t.Data)/size), nil
}

// typeOf is the tensor type that holds values of v's Go type. Named types (~uint8) are told by their size and kind.
func typeOf[T Element](v T) Type {
	switch any(v).(type) {
	case uint8:
		return UInt8
	case int8:
		return Int8
	case uint16:
		return UInt16
	case int16:
		return Int16
	case uint32:
		return UInt32
	case int32:
		return Int32
	case uint64:
		return UInt64
	case int64:
		return Int64
	case float32:
		return Float32
	case float64:
		return Float64
	case bool:
		return Bool
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	}
	return typeOfNamed(v)
}
