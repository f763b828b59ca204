package schema_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// convolution is a model of one convolution with a filter of 4 output channels, 1x1, of 2 inputs.
func convolution(depthwise bool, input, filter tensor.Type, scales int) modeltest.Model {
	q := func(n int) tensor.Quantization {
		q := tensor.Quantization{ZeroPoints: make([]int32, n)}
		for range n {
			q.Scales = append(q.Scales, 0.5)
		}
		return q
	}
	code, options, shape, width := int32(3), []any{int8(0), int32(1), int32(1), int8(0), int32(1), int32(1)}, []int{4, 1, 1, 2}, 2
	tag := byte(1)
	if depthwise {
		code, tag, shape, width = 4, 2, []int{1, 1, 1, 4}, 4
		options = []any{int8(0), int32(1), int32(1), int32(1), int8(0), int32(1), int32(1)}
	}
	weights := modeltest.Tensor{Info: tensor.Info{Name: "filter", Type: filter, Shape: shape, Quantization: q(scales)}}
	weights.Quantization.Axis = map[bool]int{true: 3}[depthwise]
	n := weights.Elements()
	if size := filter.Size(); filter == tensor.Int4 {
		weights.Data = make([]byte, (n+1)/2)
	} else {
		weights.Data = make([]byte, n*size)
	}
	activation, biasType := q(1), tensor.Int32
	if input == tensor.Float32 {
		activation, biasType = tensor.Quantization{}, tensor.Float32
	}
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			{Info: tensor.Info{Name: "in", Type: input, Shape: []int{1, 2, 2, width}, Quantization: activation}},
			weights,
			{Info: tensor.Info{Name: "bias", Type: biasType, Shape: []int{4}}, Data: make([]byte, 16)},
			{Info: tensor.Info{Name: "out", Type: input, Shape: []int{1, 2, 2, 4}, Quantization: activation}},
		},
		Inputs: []int32{0}, Outputs: []int32{3},
		Operators: []modeltest.Operator{{Code: code, Inputs: []int32{0, 1, 2}, Outputs: []int32{3}, OptionsType: tag, Options: options}},
	}}}
}

// TestUnsupported: what the schema allows and the kernels would compute wrongly is refused as what it is, with the way
// out; what they compute rightly passes.
func TestUnsupported(t *testing.T) {
	file := func(name string) []byte {
		b, err := os.ReadFile(testdata.Case(t, "runtimes/"+name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	blocks := convolution(false, tensor.Int8, tensor.Int8, 4)
	blocks.Subgraphs[0].Tensors[1].Blocks = true
	newer := convolution(false, tensor.Float32, tensor.Float32, 0)
	newer.Subgraphs[0].Operators[0] = modeltest.Operator{Code: 230, Inputs: []int32{0, 1, 2}, Outputs: []int32{3}}
	for _, c := range []struct {
		name  string
		model []byte
		want  []string // nil: it passes
	}{
		{"4-bit filter, float", convolution(false, tensor.Float32, tensor.Int4, 4).Bytes(), []string{"4-bit convolutions with float32 activations need a newer runtime", "CONV_2D", "8 bits"}},
		{"4-bit filter, int16", convolution(false, tensor.Int16, tensor.Int4, 4).Bytes(), []string{"4-bit convolutions with int16 activations"}},
		{"4-bit filter, int8", convolution(false, tensor.Int8, tensor.Int4, 4).Bytes(), nil},
		{"4-bit depthwise, float", convolution(true, tensor.Float32, tensor.Int4, 4).Bytes(), []string{"4-bit convolutions", "DEPTHWISE_CONV_2D"}},
		{"dynamic depthwise, a scale for all", convolution(true, tensor.Float32, tensor.Int8, 1).Bytes(), []string{"1 scales for 4 channels", "per channel"}},
		{"dynamic depthwise, a scale a channel", convolution(true, tensor.Float32, tensor.Int8, 4).Bytes(), nil},
		{"static depthwise, a scale for all", convolution(true, tensor.Int8, tensor.Int8, 1).Bytes(), nil},
		{"dynamic convolution, a scale for all", convolution(false, tensor.Float32, tensor.Int8, 1).Bytes(), nil},
		{"blocks", blocks.Bytes(), []string{"blockwise quantization"}},
		{"a newer operator", newer.Bytes(), []string{"operator 230 is newer", "older version of the tool"}},
		{"2 bits", file("int2.tflite"), []string{"INT2", "newer than this runtime"}},
		{"float16 activations", file("onnx2tf_float16.tflite"), []string{"activations are float16", "_float32.tflite"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := schema.Read(c.model)
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, schema.ErrUnsupported) || errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("error %v", err)
			}
			for _, want := range append(c.want, "valid model", schema.Runtime) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}
