package vision

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"corallite/tflite/tensor"
)

// checkReadable says whether values can read a tensor.
func checkReadable(info tensor.Info) error {
	switch info.Type {
	case tensor.Float32, tensor.Float16, tensor.Float64, tensor.UInt8, tensor.Int8, tensor.Int16, tensor.UInt16,
		tensor.Int32, tensor.UInt32, tensor.Int64, tensor.UInt64, tensor.Bool:
	default:
		return fmt.Errorf("outputs of type %s are not supported: %s", info.Type, info)
	}
	if info.Quantization.PerChannel() {
		return fmt.Errorf("outputs quantized per channel are not supported: %s", info)
	}
	return nil
}

// values is a tensor's real values: scale × (stored − zero point) where it is quantized, the stored values where it
// is not. A float32 tensor is not copied; others are written to buf, which grows when it must. want is how many values
// there must be; -1 when that is not fixed.
func values(t tensor.Tensor, want int, buf *[]float32) ([]float32, error) {
	v, err := realValues(t, buf)
	if err == nil && want >= 0 && len(v) != want {
		err = fmt.Errorf("output %s has %d values, want %d", t.Name, len(v), want)
	}
	return v, err
}

func realValues(t tensor.Tensor, buf *[]float32) ([]float32, error) {
	switch t.Type {
	case tensor.Float32:
		return tensor.Of[float32](t)
	case tensor.UInt8:
		return dequantized[uint8](t, buf)
	case tensor.Int8:
		return dequantized[int8](t, buf)
	case tensor.Int16:
		return dequantized[int16](t, buf)
	case tensor.UInt16:
		return dequantized[uint16](t, buf)
	case tensor.Int32:
		return dequantized[int32](t, buf)
	case tensor.UInt32:
		return dequantized[uint32](t, buf)
	case tensor.Int64:
		return dequantized[int64](t, buf)
	case tensor.UInt64:
		return dequantized[uint64](t, buf)
	case tensor.Float64:
		return dequantized[float64](t, buf)
	case tensor.Float16:
		halves := t
		halves.Type = tensor.UInt16
		bits, err := tensor.Of[uint16](halves)
		return converted(bits, fromFloat16, buf), err
	case tensor.Bool:
		bytes := t
		bytes.Type = tensor.UInt8
		bits, err := tensor.Of[uint8](bytes)
		return converted(bits, func(b uint8) float32 { return float32(b) }, buf), err
	default:
		return nil, checkReadable(t.Info)
	}
}

type number interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float64
}

func dequantized[T number](t tensor.Tensor, buf *[]float32) ([]float32, error) {
	stored, err := tensor.Of[T](t)
	if err != nil {
		return nil, err
	}
	to := sized(buf, len(stored))
	if !t.Quantization.Quantized() {
		for i, v := range stored {
			to[i] = float32(v)
		}
		return to, nil
	}
	scale, zero := t.Quantization.Scale(), float32(t.Quantization.ZeroPoint())
	for i, v := range stored {
		to[i] = scale * (float32(v) - zero)
	}
	return to, nil
}

func converted[T any](stored []T, f func(T) float32, buf *[]float32) []float32 {
	to := sized(buf, len(stored))
	for i, v := range stored {
		to[i] = f(v)
	}
	return to
}

func sized(buf *[]float32, n int) []float32 {
	*buf = slices.Grow((*buf)[:0], n)[:n]
	return *buf
}

// buffers is the memory of one call of Decode.
type buffers struct {
	a, b, c, d []float32
	order      []int
	found      []candidate
	points     [][2]float32
}

// bufferPool keeps buffers for the next call.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *buffers {
	if b, ok := p.pool.Get().(*buffers); ok {
		return b
	}
	return new(buffers)
}

func (p *bufferPool) put(b *buffers) { p.pool.Put(b) }

// list writes tensors for a message: "one output, a uint8[1,10]", "4 outputs: a …, b …".
func list(kind string, infos []tensor.Info) string {
	if len(infos) == 0 {
		return "no " + kind
	}
	var each []string
	for _, info := range infos {
		each = append(each, info.String())
	}
	if len(infos) == 1 {
		return fmt.Sprintf("one %s, %s", kind, each[0])
	}
	return fmt.Sprintf("%d %ss: %s", len(infos), kind, strings.Join(each, ", "))
}

// isNaN without a conversion to float64.
func isNaN(v float32) bool { return v != v }

// sigmoid is 1 / (1 + e^-v).
func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }

// picture is the first input of a model that looks at pictures, which must have no other.
func picture(task string, inputs []tensor.Info) (tensor.Info, error) {
	if len(inputs) != 1 {
		return tensor.Info{}, fmt.Errorf("%s needs a model with one input, a picture; the model has %s", task, list("input", inputs))
	}
	return inputs[0], nil
}
