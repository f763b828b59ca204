package tensor

import (
	"fmt"
	"slices"
)

// Quantization is the affine quantization of a tensor: real = scale × (stored − zero point), as the TensorFlow Lite
// 8-bit quantization specification defines it. No scale: not quantized. One: the whole tensor. More: one for each
// slice along Axis (per-channel).
type Quantization struct {
	Scales     []float32
	ZeroPoints []int32 // as many as Scales
	Axis       int     // the quantized dimension, with more than one scale
}

// PerTensor is the quantization of a whole tensor by one scale and zero point.
func PerTensor(scale float32, zeroPoint int32) Quantization {
	return Quantization{Scales: []float32{scale}, ZeroPoints: []int32{zeroPoint}}
}

// Quantized says whether there is any scale.
func (q Quantization) Quantized() bool { return len(q.Scales) > 0 }

// PerChannel says whether each slice along Axis has a scale of its own.
func (q Quantization) PerChannel() bool { return len(q.Scales) > 1 }

// Scale is the first scale, or 0 where there is none.
func (q Quantization) Scale() float32 {
	if len(q.Scales) == 0 {
		return 0
	}
	return q.Scales[0]
}

// ZeroPoint is the first zero point, or 0 where there is none.
func (q Quantization) ZeroPoint() int32 {
	if len(q.ZeroPoints) == 0 {
		return 0
	}
	return q.ZeroPoints[0]
}

// Equal compares scales, zero points and, where it counts, the axis.
func (q Quantization) Equal(o Quantization) bool {
	return slices.Equal(q.Scales, o.Scales) && slices.Equal(q.ZeroPoints, o.ZeroPoints) &&
		(!q.PerChannel() || q.Axis == o.Axis)
}

// String is "scale 0.5 zero 128", or "32 scales along axis 3".
func (q Quantization) String() string {
	switch {
	case !q.Quantized():
		return "not quantized"
	case q.PerChannel():
		return fmt.Sprintf("%d scales along axis %d", len(q.Scales), q.Axis)
	default:
		return fmt.Sprintf("scale %g zero %d", q.Scale(), q.ZeroPoint())
	}
}
