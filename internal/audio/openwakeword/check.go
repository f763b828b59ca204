package openwakeword

import (
	"fmt"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// check checks that an engine has one input of that shape (0: any) and one output of that many values.
func check(what string, e pipeline.Engine, shape []int, values int) error {
	in, out := e.Inputs(), e.Outputs()
	if len(in) != 1 || len(out) != 1 {
		return fmt.Errorf("not an openWakeWord %s model: want 1 input and 1 output, has %d and %d", what, len(in), len(out))
	}
	if !fits(in[0].Shape, shape) || !plain(in[0]) {
		return fmt.Errorf("not an openWakeWord %s model: want the input %s%s, has %v", what, tensor.Float32, wanted(shape), in[0])
	}
	if out[0].Elements() != values || !plain(out[0]) {
		return fmt.Errorf("not an openWakeWord %s model: want %d values of %s as output, has %v", what, values, tensor.Float32, out[0])
	}
	return nil
}

// plain reports whether a tensor has float or quantized values.
func plain(i tensor.Info) bool { return i.Type == tensor.Float32 || i.Quantization.Quantized() }

func fits(has, want []int) bool {
	return slices.EqualFunc(has, want, func(h, w int) bool { return h == w || w == 0 && h > 0 })
}

// wanted formats a shape: [1,N,96].
func wanted(shape []int) string {
	s := []byte{'['}
	for i, n := range shape {
		if i > 0 {
			s = append(s, ',')
		}
		if n == 0 {
			s = append(s, 'N')
			continue
		}
		s = fmt.Append(s, n)
	}
	return string(append(s, ']'))
}
