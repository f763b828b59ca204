package tflite

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// TestRecurrentKernels gives operators with several sets of weights all pairs of types, several scales and zero points
// for them.
func TestRecurrentKernels(t *testing.T) {
	var all []*kernelCase
	for _, op := range recurrent {
		all = append(all, op.cases()...)
	}
	tryKernels(t, all)
}

// recurrentOp is an operator with inputs of these kinds, in order: x the input of the model, i constant indices, w
// weights, v weights of the second set, b a bias, s a state, - left out.
type recurrentOp struct {
	name    string
	code    int32
	tag     byte
	options []any
	kinds   string
	shapes  [][]int // of those that are not left out
	out     []int
}

func square(n int) [][]int { return slices.Repeat([][]int{{4, 4}}, n) }

var recurrent = []recurrentOp{
	{"RNN", 24, 7, []any{int8(4), false}, "xwvbs", [][]int{{2, 4}, {4, 4}, {4, 4}, {4}, {2, 4}}, []int{2, 4}},
	{"UNIDIRECTIONAL_SEQUENCE_RNN", 35, 31, []any{false, int8(4), false}, "xwvbs", [][]int{{2, 3, 4}, {4, 4}, {4, 4}, {4}, {2, 4}}, []int{2, 3, 4}},
	{"SVDF", 27, 6, []any{int32(1), int8(0), false}, "xwvbs", [][]int{{2, 4}, {4, 4}, {4, 3}, {4}, {2, 12}}, []int{2, 4}},
	{"EMBEDDING_LOOKUP", 7, 0, nil, "iw", [][]int{{3}, {4, 4}}, []int{3, 4}},
	{"UNIDIRECTIONAL_SEQUENCE_LSTM", 44, 71, []any{int8(4), int32(0), int32(0), false, false, false}, "xwwwwvvvv---bbbb--ss",
		slices.Concat([][]int{{2, 3, 4}}, square(8), slices.Repeat([][]int{{4}}, 4), [][]int{{2, 4}, {2, 4}}), []int{2, 3, 4}},
	{"UNIDIRECTIONAL_SEQUENCE_LSTM of one odd gate", 44, 71, []any{int8(4), int32(0), int32(0), false, false, false}, "xvwwwwwww---bbbb--ss",
		slices.Concat([][]int{{2, 3, 4}}, square(8), slices.Repeat([][]int{{4}}, 4), [][]int{{2, 4}, {2, 4}}), []int{2, 3, 4}},
	{"UNIDIRECTIONAL_SEQUENCE_LSTM of one other odd gate", 44, 71, []any{int8(4), int32(0), int32(0), false, false, false}, "xwwvwwwww---bbbb--ss",
		slices.Concat([][]int{{2, 3, 4}}, square(8), slices.Repeat([][]int{{4}}, 4), [][]int{{2, 4}, {2, 4}}), []int{2, 3, 4}},
	{"LSTM", 16, 14, []any{int8(4), int32(0), int32(0), int8(0), false}, "xwwwwvvvv---bbbb--ss",
		slices.Concat([][]int{{2, 4}}, square(8), slices.Repeat([][]int{{4}}, 4), [][]int{{2, 4}, {2, 4}}), []int{2, 4}},
}

func (op recurrentOp) cases() []*kernelCase {
	types := []tensor.Type{tensor.Float32, tensor.Float16, tensor.Int4, tensor.Int8, tensor.UInt8, tensor.Int16}
	var all []*kernelCase
	for _, first := range types {
		for _, second := range types {
			for _, layout := range []string{"a scale", "a scale a channel", "a zero point"} {
				c := &kernelCase{name: fmt.Sprintf("%s, %s and %s weights, %s", op.name, first, second, layout), out: tensor.Info{Type: tensor.Float32}}
				for k := range c.models {
					c.models[k] = op.model(first, second, layout, false, byte(0x55*k+0x11))
				}
				c.float = op.model(first, second, layout, true, 0)
				all = append(all, c)
			}
		}
	}
	return all
}

func (op recurrentOp) model(first, second tensor.Type, layout string, float bool, behind byte) []byte {
	tensors := []modeltest.Tensor{{Info: tensor.Info{Name: "behind", Type: tensor.UInt8, Shape: []int{4096}}, Data: fill(behind, 4096)}}
	var inputs, graph []int32
	shapes := op.shapes
	for _, kind := range op.kinds {
		if kind == '-' {
			inputs = append(inputs, -1)
			continue
		}
		shape := shapes[0]
		shapes = shapes[1:]
		of := weightedOp{filter: shape}
		x := modeltest.Float32(string(kind), shape...)
		switch kind {
		case 'x':
			graph = append(graph, int32(len(tensors)))
		case 'i':
			x = modeltest.Tensor{Info: tensor.Info{Name: "indices", Type: tensor.Int32, Shape: shape}}
			for i := range shape[0] {
				x.Data = binary.LittleEndian.AppendUint32(x.Data, uint32((i+2)%4))
			}
		case 'w', 'v':
			t := first
			if kind == 'v' {
				t = second
			}
			x = of.weights(t, layout)
			if float {
				x = realWeights(x)
			}
		case 'b':
			x.Data = make([]byte, 4*x.Elements())
		case 's':
			x.Variable = true
		}
		inputs = append(inputs, int32(len(tensors)))
		tensors = append(tensors, x)
	}
	out := int32(len(tensors))
	tensors = append(tensors, modeltest.Float32("out", op.out...))
	o := modeltest.Operator{Code: op.code, Inputs: inputs, Outputs: []int32{out}, OptionsType: op.tag, Options: op.options}
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{Tensors: tensors, Inputs: graph, Outputs: []int32{out}, Operators: []modeltest.Operator{o}}}}.Bytes()
}
