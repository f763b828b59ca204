package tflite

import (
	"encoding/binary"
	"fmt"

	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// copyingOp is an operator that moves the values of an input of 1x4x4x4.
type copyingOp struct {
	name     string
	code     int32
	tag      byte
	options  []any
	operands [][]int32 // constants beside the input; a matrix of pairs where paired
	paired   bool
	second   bool // the input comes after the constants
	twice    bool // the input is there two times
	outputs  int  // 0: 1
	out      []int
}

var copying = []copyingOp{
	{name: "RESHAPE", code: 22, tag: 17, options: []any{[]int32{1, 64}}, out: []int{1, 64}},
	{name: "SQUEEZE", code: 43, tag: 30, options: []any{[]int32{0}}, out: []int{4, 4, 4}},
	{name: "EXPAND_DIMS", code: 70, operands: [][]int32{{0}}, out: []int{1, 1, 4, 4, 4}},
	{name: "TRANSPOSE", code: 39, operands: [][]int32{{0, 2, 1, 3}}, out: []int{1, 4, 4, 4}},
	{name: "SLICE", code: 65, operands: [][]int32{{0, 1, 1, 0}, {1, 2, 2, 4}}, out: []int{1, 2, 2, 4}},
	{name: "STRIDED_SLICE", code: 45, tag: 32, options: []any{int32(0), int32(0), int32(0), int32(0), int32(0)},
		operands: [][]int32{{0, 1, 1, 0}, {1, 3, 3, 4}, {1, 1, 1, 1}}, out: []int{1, 2, 2, 4}},
	{name: "GATHER", code: 36, tag: 23, options: []any{int32(1), int32(0)}, operands: [][]int32{{2, 0}}, out: []int{1, 2, 4, 4}},
	{name: "SPLIT", code: 49, tag: 35, options: []any{int32(2)}, operands: [][]int32{{1}}, second: true, outputs: 2, out: []int{1, 2, 4, 4}},
	{name: "UNPACK", code: 88, tag: 64, options: []any{int32(4), int32(1)}, outputs: 4, out: []int{1, 4, 4}},
	{name: "PACK", code: 83, tag: 59, options: []any{int32(2), int32(0)}, twice: true, out: []int{2, 1, 4, 4, 4}},
	{name: "REVERSE_V2", code: 105, operands: [][]int32{{1}}, out: []int{1, 4, 4, 4}},
	{name: "TILE", code: 69, operands: [][]int32{{2, 1, 1, 1}}, out: []int{2, 4, 4, 4}},
	{name: "BROADCAST_TO", code: 130, operands: [][]int32{{2, 4, 4, 4}}, out: []int{2, 4, 4, 4}},
	{name: "PAD", code: 34, operands: [][]int32{{0, 0, 1, 1, 1, 1, 0, 0}}, paired: true, out: []int{1, 6, 6, 4}},
	{name: "MIRROR_PAD", code: 100, tag: 77, options: []any{int8(0)}, operands: [][]int32{{0, 0, 1, 1, 1, 1, 0, 0}}, paired: true, out: []int{1, 6, 6, 4}},
	{name: "SPACE_TO_DEPTH", code: 26, tag: 19, options: []any{int32(2)}, out: []int{1, 2, 2, 16}},
	{name: "DEPTH_TO_SPACE", code: 5, tag: 94, options: []any{int32(2)}, out: []int{1, 8, 8, 1}},
	{name: "RESIZE_BILINEAR", code: 23, tag: 15, options: []any{int32(0), int32(0), false, false}, operands: [][]int32{{8, 8}}, out: []int{1, 8, 8, 4}},
	{name: "RESIZE_NEAREST_NEIGHBOR", code: 97, tag: 74, options: []any{false, false}, operands: [][]int32{{8, 8}}, out: []int{1, 8, 8, 4}},
	{name: "MAX_POOL_2D", code: 17, tag: 5, options: []any{int8(1), int32(2), int32(2), int32(2), int32(2), int8(0)}, out: []int{1, 2, 2, 4}},
	{name: "AVERAGE_POOL_2D", code: 1, tag: 5, options: []any{int8(1), int32(2), int32(2), int32(2), int32(2), int8(0)}, out: []int{1, 2, 2, 4}},
	{name: "MAXIMUM", code: 55, twice: true, out: []int{1, 4, 4, 4}},
	{name: "MINIMUM", code: 57, twice: true, out: []int{1, 4, 4, 4}},
	{name: "CONCATENATION", code: 2, tag: 10, options: []any{int32(1), int8(0)}, twice: true, out: []int{1, 8, 4, 4}},
	{name: "REDUCE_MAX", code: 82, tag: 27, options: []any{true}, operands: [][]int32{{1, 2}}, out: []int{1, 1, 1, 4}},
	{name: "REDUCE_MIN", code: 89, tag: 27, options: []any{true}, operands: [][]int32{{1, 2}}, out: []int{1, 1, 1, 4}},
	// These compute, and are to heed the scales.
	{name: "MEAN", code: 40, tag: 27, options: []any{true}, operands: [][]int32{{1, 2}}, out: []int{1, 1, 1, 4}},
	{name: "SUM", code: 74, tag: 27, options: []any{true}, operands: [][]int32{{1, 2}}, out: []int{1, 1, 1, 4}},
	{name: "RELU", code: 19, out: []int{1, 4, 4, 4}},
	{name: "RELU6", code: 21, out: []int{1, 4, 4, 4}},
	{name: "LEAKY_RELU", code: 98, out: []int{1, 4, 4, 4}},
	{name: "HARD_SWISH", code: 117, out: []int{1, 4, 4, 4}},
	{name: "ELU", code: 111, out: []int{1, 4, 4, 4}},
	{name: "GELU", code: 150, tag: 116, options: []any{false}, out: []int{1, 4, 4, 4}},
	{name: "EXP", code: 47, out: []int{1, 4, 4, 4}},
	{name: "ABS", code: 101, out: []int{1, 4, 4, 4}},
	{name: "NEG", code: 59, out: []int{1, 4, 4, 4}},
	{name: "SQUARE", code: 92, out: []int{1, 4, 4, 4}},
	{name: "LOGISTIC", code: 14, out: []int{1, 4, 4, 4}},
	{name: "TANH", code: 28, out: []int{1, 4, 4, 4}},
	{name: "SOFTMAX", code: 25, tag: 9, options: []any{int32(0x3f800000)}, out: []int{1, 4, 4, 4}}, // beta 1
	{name: "LOG_SOFTMAX", code: 50, out: []int{1, 4, 4, 4}},
	{name: "L2_NORMALIZATION", code: 11, tag: 12, options: []any{int8(0)}, out: []int{1, 4, 4, 4}},
	{name: "CUMSUM", code: 128, tag: 102, options: []any{false, false}, operands: [][]int32{{1}}, out: []int{1, 4, 4, 4}},
	{name: "REDUCE_PROD", code: 81, tag: 27, options: []any{true}, operands: [][]int32{{1}}, out: []int{1, 1, 4, 4}},
}

func (op copyingOp) cases() []*kernelCase {
	var all []*kernelCase
	for _, act := range []tensor.Type{tensor.Int8, tensor.UInt8, tensor.Int16} {
		for _, layout := range []string{"the same scale", "another scale", "another zero point"} {
			in := activation(act, false)
			out := tensor.Quantization{Scales: append([]float32(nil), in.Scales...), ZeroPoints: append([]int32(nil), in.ZeroPoints...)}
			switch layout {
			case "another scale":
				out.Scales[0] *= 8
			case "another zero point":
				out.ZeroPoints[0] += map[tensor.Type]int32{tensor.Int16: 5000}[act] + 20
			}
			c := &kernelCase{name: fmt.Sprintf("%s, %s, %s", op.name, act, layout), out: tensor.Info{Type: act, Quantization: out}}
			for k := range c.models {
				c.models[k] = op.model(act, in, out, byte(0x55*k+0x11))
			}
			c.float = op.model(tensor.Float32, tensor.Quantization{}, tensor.Quantization{}, 0)
			all = append(all, c)
		}
	}
	return all
}

func (op copyingOp) model(act tensor.Type, in, out tensor.Quantization, behind byte) []byte {
	tensors := []modeltest.Tensor{
		{Info: tensor.Info{Name: "behind", Type: tensor.UInt8, Shape: []int{64}}, Data: fill(behind, 64)},
		{Info: tensor.Info{Name: "in", Type: act, Shape: []int{1, 4, 4, 4}, Quantization: in}},
	}
	inputs := []int32{1}
	if op.twice {
		inputs = append(inputs, 1)
	}
	for _, values := range op.operands {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, uint32(v))
		}
		shape := []int{len(values)}
		if op.paired {
			shape = []int{len(values) / 2, 2}
		}
		inputs = append(inputs, int32(len(tensors)))
		tensors = append(tensors, modeltest.Tensor{Info: tensor.Info{Name: "operand", Type: tensor.Int32, Shape: shape}, Data: data})
	}
	if op.second {
		inputs = append(inputs[1:], inputs[0])
	}
	var outputs []int32
	for range max(op.outputs, 1) {
		outputs = append(outputs, int32(len(tensors)))
		tensors = append(tensors, modeltest.Tensor{Info: tensor.Info{Name: "out", Type: act, Shape: op.out, Quantization: out}})
	}
	o := modeltest.Operator{Code: op.code, Inputs: inputs, Outputs: outputs, OptionsType: op.tag, Options: op.options}
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{Tensors: tensors, Inputs: []int32{1}, Outputs: outputs, Operators: []modeltest.Operator{o}}}}.Bytes()
}

func fill(b byte, n int) []byte {
	all := make([]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}
