package failover

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"corallite/tflite/tensor"
)

func TestCompare(t *testing.T) {
	of := func(kind tensor.Type, data ...byte) tensor.Tensor {
		return tensor.Tensor{Info: tensor.Info{Type: kind, Shape: []int{len(data) / max(kind.Size(), 1)}}, Data: data}
	}
	floats := func(values ...float32) tensor.Tensor {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return of(tensor.Float32, b...)
	}
	doubles := func(v float64) tensor.Tensor {
		return of(tensor.Float64, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))...)
	}
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	for _, c := range []struct {
		name      string
		got, want tensor.Tensor
		exact     bool
		err       string // "": alike
	}{
		{"the same", of(tensor.UInt8, 1, 2, 3), of(tensor.UInt8, 1, 2, 3), true, ""},
		{"one bit", of(tensor.UInt8, 1, 2, 3), of(tensor.UInt8, 1, 2, 2), true, "1 of 3 bytes differ"},
		{"no number, exactly", floats(nan), floats(nan), true, ""},
		{"four steps", of(tensor.UInt8, 0, 12, 255), of(tensor.UInt8, 4, 8, 251), false, ""},
		{"four steps in the mean", of(tensor.UInt8, 12, 5, 7), of(tensor.UInt8, 0, 5, 7), false, ""},
		{"more", of(tensor.UInt8, 13, 5, 7), of(tensor.UInt8, 0, 5, 7), false, "4.3 steps"},
		{"less", of(tensor.UInt8, 0, 5, 7), of(tensor.UInt8, 13, 5, 7), false, "4.3 steps"},
		{"signed, across zero", of(tensor.Int8, 0xFE), of(tensor.Int8, 2), false, ""},
		{"signed, from end to end", of(tensor.Int8, 0x80), of(tensor.Int8, 0x7F), false, "255.0 steps"},
		{"nothing", of(tensor.UInt8), of(tensor.UInt8), false, ""},
		{"floats", floats(1, 2), floats(3, -4), false, ""},
		{"an infinity", floats(1, inf), floats(3, 4), false, "no finite value at 1"},
		{"no number", floats(nan, 1), floats(3, 4), false, "no finite value at 0"},
		{"the fallback's infinity", floats(1, nan), floats(3, inf), false, ""},
		{"a double", doubles(math.Inf(1)), doubles(1), false, "no finite value"},
		{"a greatest double", doubles(math.MaxFloat64), doubles(1), false, ""},
		{"a half", of(tensor.Float16, 0, 0x7C), of(tensor.Float16, 0, 0x7B), false, "no finite value"},
		{"a brain float", of(tensor.BFloat16, 0x80, 0x7F), of(tensor.BFloat16, 0x7F, 0x7F), false, "no finite value"},
		{"other types", of(tensor.Int32, 1, 0, 0, 0), of(tensor.Int32, 9, 9, 9, 9), false, ""},
		{"another size", of(tensor.UInt8, 1, 2), of(tensor.UInt8, 1, 2, 3), false, "2 bytes in the shape [2], not 3 in [3]"},
		{"another shape", of(tensor.UInt8, 1, 2), tensor.Tensor{Info: tensor.Info{Type: tensor.UInt8, Shape: []int{1, 2}}, Data: []byte{1, 2}}, true, "shape [2], not 2 in [1,2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := compare(c.got, c.want, c.exact)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}
