package tensor

import (
	"fmt"
	"unsafe"
)

// Integer is a Go type that quantized values are stored in.
type Integer interface {
	~uint8 | ~int8 | ~uint16 | ~int16 | ~int32
}

// Quantize stores real values: dst = round(src / scale) + zero point, rounded half away from zero and held within
// T's range, as the runtime's QUANTIZE operator does. An infinity becomes the end of the range; NaN, for which the
// runtime's result is undefined, becomes the zero point (real 0). With several scales the shape says which value
// belongs to which slice along q.Axis; with one it is not looked at. It allocates nothing.
//
// It fails when the lengths differ, when q has no scale, or when q does not fit the shape.
func Quantize[T Integer](dst []T, src []float32, q Quantization, shape []int) error {
	inner, err := q.layout(len(dst), len(src), shape)
	if err != nil {
		return err
	}
	lowest, highest := limits[T]()
	for i, n := 0, len(q.Scales); i < len(dst); i += inner {
		c := i / inner % n
		scale, zero := q.Scales[c], int64(q.ZeroPoints[c])
		low, high := float64(lowest-zero), float64(highest-zero)
		for j, v := range src[i : i+inner] {
			// The quotient is taken in float32 as the runtime does; adding the half is exact in float64, and the
			// conversion to an integer cuts off the rest.
			x := float64(v / scale)
			if x >= 0 {
				x += 0.5
			} else {
				x -= 0.5
			}
			switch {
			case x > high:
				x = high
			case x < low:
				x = low
			case x != x:
				x = 0
			}
			dst[i+j] = T(int64(x) + zero)
		}
	}
	return nil
}

// Dequantize gives real values: dst = scale × (src − zero point). The rest is as for [Quantize].
func Dequantize[T Integer](dst []float32, src []T, q Quantization, shape []int) error {
	inner, err := q.layout(len(dst), len(src), shape)
	if err != nil {
		return err
	}
	for i, n := 0, len(q.Scales); i < len(src); i += inner {
		c := i / inner % n
		// In float64 the product is exact for 8 and 16 bits and is rounded once for 32.
		scale, zero := float64(q.Scales[c]), int64(q.ZeroPoints[c])
		for j, v := range src[i : i+inner] {
			dst[i+j] = float32(scale * float64(int64(v)-zero))
		}
	}
	return nil
}

// SetReal stores real values in t's memory: quantized by its quantization, or as they are in a float32 tensor. It
// allocates nothing.
func SetReal(t Tensor, src []float32) error {
	switch t.Type {
	case Float32:
		return withElements(t, func(d []float32) error { return copyAll(d, src) })
	case UInt8:
		return withElements(t, func(d []uint8) error { return Quantize(d, src, t.Quantization, t.Shape) })
	case Int8:
		return withElements(t, func(d []int8) error { return Quantize(d, src, t.Quantization, t.Shape) })
	case UInt16:
		return withElements(t, func(d []uint16) error { return Quantize(d, src, t.Quantization, t.Shape) })
	case Int16:
		return withElements(t, func(d []int16) error { return Quantize(d, src, t.Quantization, t.Shape) })
	case Int32:
		return withElements(t, func(d []int32) error { return Quantize(d, src, t.Quantization, t.Shape) })
	default:
		return fmt.Errorf("tensor %q has type %s, which cannot be quantized", t.Name, t.Type)
	}
}

// Real reads t's memory as real values into dst: dequantized by its quantization, or as they are in a float32
// tensor. It allocates nothing.
func Real(dst []float32, t Tensor) error {
	switch t.Type {
	case Float32:
		return withElements(t, func(s []float32) error { return copyAll(dst, s) })
	case UInt8:
		return withElements(t, func(s []uint8) error { return Dequantize(dst, s, t.Quantization, t.Shape) })
	case Int8:
		return withElements(t, func(s []int8) error { return Dequantize(dst, s, t.Quantization, t.Shape) })
	case UInt16:
		return withElements(t, func(s []uint16) error { return Dequantize(dst, s, t.Quantization, t.Shape) })
	case Int16:
		return withElements(t, func(s []int16) error { return Dequantize(dst, s, t.Quantization, t.Shape) })
	case Int32:
		return withElements(t, func(s []int32) error { return Dequantize(dst, s, t.Quantization, t.Shape) })
	default:
		return fmt.Errorf("tensor %q has type %s, which cannot be dequantized", t.Name, t.Type)
	}
}

func withElements[T Element](t Tensor, do func([]T) error) error {
	s, err := Of[T](t)
	if err == nil {
		err = do(s)
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

func copyAll(dst, src []float32) error {
	if len(dst) != len(src) {
		return fmt.Errorf("%d values for %d elements", len(src), len(dst))
	}
	copy(dst, src)
	return nil
}

// layout checks the lengths and returns how many neighbours share a scale: all with one scale, else the product of
// the dimensions inside the axis.
func (q Quantization) layout(dst, src int, shape []int) (int, error) {
	switch {
	case dst != src:
		return 0, fmt.Errorf("%d values for %d elements", src, dst)
	case !q.Quantized() || len(q.ZeroPoints) != len(q.Scales):
		return 0, fmt.Errorf("not quantized (%d scales, %d zero points)", len(q.Scales), len(q.ZeroPoints))
	case !q.PerChannel():
		return max(dst, 1), nil
	case q.Axis < 0 || q.Axis >= len(shape) || shape[q.Axis] != len(q.Scales):
		return 0, fmt.Errorf("%s does not fit the shape %s", q, ShapeString(shape))
	case Info{Shape: shape}.Elements() != dst:
		return 0, fmt.Errorf("%d values for the shape %s", dst, ShapeString(shape))
	}
	return max(Info{Shape: shape[q.Axis+1:]}.Elements(), 1), nil
}

// limits are T's smallest and greatest value.
func limits[T Integer]() (lowest, highest int64) {
	var zero T
	bits := 8 * unsafe.Sizeof(zero)
	if ^zero > 0 { // unsigned: all bits set is the greatest
		return 0, 1<<bits - 1
	}
	return -1 << (bits - 1), 1<<(bits-1) - 1
}
