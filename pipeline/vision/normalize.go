package vision

import (
	"encoding/binary"
	"fmt"
	"math"

	"corallite/tflite/tensor"
)

// Every pixel of a frame has one of 256 values, so whatever a model wants of it (another mean, another scale, another
// type) is a table of 256 entries for each channel: exact, because each entry is computed in double precision, and
// without arithmetic for each pixel.

// convention is how a pixel becomes a stored value where the caller names no mean and standard deviation.
//
//	uint8                       the pixel as it is
//	int8                        pixel − 128
//	float16, float32, float64   (pixel − 127.5) / 127.5, which is −1 to 1
//	int16, int32, quantized     (pixel − 127.5) / 127.5, quantized by the tensor's scale and zero point
//	int16, int32, uint16        the pixel as it is, where the tensor has no quantization
func convention(info tensor.Info, pixel int) float64 {
	p := float64(pixel)
	switch {
	case info.Type == tensor.UInt8:
		return p
	case info.Type == tensor.Int8:
		return p - 128
	case isFloat(info.Type):
		return (p - 127.5) / 127.5
	case info.Quantization.Quantized():
		return quantize(info.Quantization, (p-127.5)/127.5)
	default:
		return p
	}
}

// normalized is the stored value of a pixel whose real value is (pixel − mean) / std.
func normalized(info tensor.Info, pixel int, mean, std float32) float64 {
	v := (float64(pixel) - float64(mean)) / float64(std)
	if info.Quantization.Quantized() && !isFloat(info.Type) {
		return quantize(info.Quantization, v)
	}
	return v
}

// quantize is the inverse of real = scale × (stored − zero point), not yet rounded to the stored type.
func quantize(q tensor.Quantization, v float64) float64 {
	return v/float64(q.Scale()) + float64(q.ZeroPoint())
}

// normalization is the table of a tensor: 256 entries, each with channels values of the tensor's type, little or big
// endian as the machine is. means and stds are nil for the convention, or hold one value or one for each channel.
func normalization(info tensor.Info, channels int, means, stds []float32) ([]byte, error) {
	size := info.Type.Size()
	table := make([]byte, 256*channels*size)
	for pixel := range 256 {
		for c := range channels {
			v := convention(info, pixel)
			if means != nil {
				v = normalized(info, pixel, at(means, c), at(stds, c))
			}
			if err := put(table[(pixel*channels+c)*size:], info.Type, v); err != nil {
				return nil, err
			}
		}
	}
	return table, nil
}

// at is the value for channel c of one or several.
func at(values []float32, c int) float32 {
	if len(values) == 1 {
		return values[0]
	}
	return values[c]
}

// put writes v as the type, rounded to the nearest (half away from zero, as TensorFlow Lite's Quantize does) and
// kept within the type's range.
func put(to []byte, t tensor.Type, v float64) error {
	r := math.Round(v)
	switch t {
	case tensor.UInt8:
		to[0] = uint8(clamp(r, 0, math.MaxUint8))
	case tensor.Int8:
		to[0] = uint8(int8(clamp(r, math.MinInt8, math.MaxInt8)))
	case tensor.UInt16:
		binary.NativeEndian.PutUint16(to, uint16(clamp(r, 0, math.MaxUint16)))
	case tensor.Int16:
		binary.NativeEndian.PutUint16(to, uint16(int16(clamp(r, math.MinInt16, math.MaxInt16))))
	case tensor.Int32:
		binary.NativeEndian.PutUint32(to, uint32(int32(clamp(r, math.MinInt32, math.MaxInt32))))
	case tensor.Float16:
		binary.NativeEndian.PutUint16(to, toFloat16(float32(v)))
	case tensor.Float32:
		binary.NativeEndian.PutUint32(to, math.Float32bits(float32(v)))
	case tensor.Float64:
		binary.NativeEndian.PutUint64(to, math.Float64bits(v))
	default:
		return fmt.Errorf("a tensor of type %s cannot hold a picture", t)
	}
	return nil
}

func clamp(v, low, high float64) float64 {
	return math.Max(low, math.Min(high, v)) // a NaN cannot come here: std is not 0
}

func isFloat(t tensor.Type) bool {
	return t == tensor.Float32 || t == tensor.Float16 || t == tensor.Float64
}
