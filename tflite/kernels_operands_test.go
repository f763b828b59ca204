package tflite

import (
	"encoding/binary"
	"math"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// harmless are those that the runtime computes, in bounds, as TensorFlow does.
var harmless = map[string]bool{
	"UNSORTED_SEGMENT_SUM before": true, "REVERSE_SEQUENCE of negative length": true, "TILE by 0": true,
	"MEAN along an axis twice": true, "DYNAMIC_UPDATE_SLICE beyond": true,
}

// TestOperands gives operators sizes, axes and indices that are out of range, as constants and options: each is refused,
// by the verifier or by the runtime with an error, or is computed in bounds.
func TestOperands(t *testing.T) {
	child := &victim{t: t, numbers: true}
	defer child.stop()
	ints := func(values ...int32) modeltest.Tensor {
		x := modeltest.Tensor{Info: tensor.Info{Name: "operand", Type: tensor.Int32, Shape: []int{len(values)}}}
		for _, v := range values {
			x.Data = binary.LittleEndian.AppendUint32(x.Data, uint32(v))
		}
		return x
	}
	scalar := func(v int32) modeltest.Tensor {
		x := ints(v)
		x.Shape = nil
		return x
	}
	float := func(values ...float32) modeltest.Tensor {
		x := modeltest.Float32("constant", len(values))
		for _, v := range values {
			x.Data = binary.LittleEndian.AppendUint32(x.Data, math.Float32bits(v))
		}
		return x
	}
	pairs := func(values ...int32) modeltest.Tensor {
		x := ints(values...)
		x.Shape = []int{len(values) / 2, 2}
		return x
	}
	x := modeltest.Float32("x", 1, 4, 4, 4)
	flat := modeltest.Float32("x", 8)
	out := func(shape ...int) []int { return shape }
	const huge = 1 << 28
	tally := map[string]int{}
	for _, c := range []struct {
		name    string
		code    int32
		tag     byte
		options []any
		inputs  []modeltest.Tensor
		out     []int
	}{
		{"DEPTH_TO_SPACE of 0", 5, 94, []any{int32(0)}, []modeltest.Tensor{x}, out(1, 8, 8, 1)},
		{"DEPTH_TO_SPACE of -2", 5, 94, []any{int32(-2)}, []modeltest.Tensor{x}, out(1, 8, 8, 1)},
		{"SPACE_TO_DEPTH of 0", 26, 19, []any{int32(0)}, []modeltest.Tensor{x}, out(1, 2, 2, 16)},
		{"SPACE_TO_DEPTH of -2", 26, 19, []any{int32(-2)}, []modeltest.Tensor{x}, out(1, 2, 2, 16)},
		{"SPACE_TO_BATCH_ND of 0", 38, 0, nil, []modeltest.Tensor{x, ints(0, 0), pairs(0, 0, 0, 0)}, out(4, 2, 2, 4)},
		{"BATCH_TO_SPACE_ND of 0", 37, 0, nil, []modeltest.Tensor{x, ints(0, 0), pairs(0, 0, 0, 0)}, out(1, 4, 4, 4)},
		{"BATCH_TO_SPACE_ND of wild crops", 37, 0, nil, []modeltest.Tensor{x, ints(1, 1), pairs(-huge, 0, 0, 9)}, out(1, 4, 4, 4)},
		{"SPARSE_TO_DENSE beyond", 68, 50, []any{false}, []modeltest.Tensor{ints(huge), ints(8), float(1), float(0)}, out(8)},
		{"SPARSE_TO_DENSE before", 68, 50, []any{false}, []modeltest.Tensor{ints(-huge), ints(8), float(1), float(0)}, out(8)},
		{"SEGMENT_SUM of negative segments", 125, 0, nil, []modeltest.Tensor{flat, ints(-huge, 0, 0, 1, 1, 2, 2, 3)}, out(4)},
		{"SEGMENT_SUM of wild segments", 125, 0, nil, []modeltest.Tensor{flat, ints(0, 1, 7, 3, 3, 3, 3, 3)}, out(4)},
		{"UNSORTED_SEGMENT_SUM beyond", 155, 0, nil, []modeltest.Tensor{flat, ints(huge, 0, 0, 1, 1, 2, 2, 3), scalar(4)}, out(4)},
		{"UNSORTED_SEGMENT_SUM before", 155, 0, nil, []modeltest.Tensor{flat, ints(-huge, 0, 0, 1, 1, 2, 2, 3), scalar(4)}, out(4)},
		{"GATHER beyond", 36, 23, []any{int32(0), int32(0)}, []modeltest.Tensor{flat, ints(huge)}, out(1)},
		{"GATHER before", 36, 23, []any{int32(0), int32(0)}, []modeltest.Tensor{flat, ints(-huge)}, out(1)},
		{"GATHER along a wild axis", 36, 23, []any{int32(7), int32(0)}, []modeltest.Tensor{flat, ints(0)}, out(1)},
		{"GATHER with wild batches", 36, 23, []any{int32(0), int32(9)}, []modeltest.Tensor{flat, ints(0)}, out(1)},
		{"GATHER_ND beyond", 107, 0, nil, []modeltest.Tensor{flat, pairs(huge, huge)}, out(1)},
		{"GATHER_ND beyond the end", 107, 0, nil, []modeltest.Tensor{flat, ints(huge)}, nil},
		{"SCATTER_ND beyond", 122, 0, nil, []modeltest.Tensor{pairs(huge, 0), float(1), ints(4, 4)}, out(4, 4)},
		{"EMBEDDING_LOOKUP beyond", 7, 0, nil, []modeltest.Tensor{ints(huge), {Info: tensor.Info{Name: "table", Type: tensor.Float32, Shape: []int{2, 2}}, Data: make([]byte, 16)}}, out(1, 2)},
		{"REVERSE_SEQUENCE longer than it is", 112, 87, []any{int32(1), int32(0)}, []modeltest.Tensor{x, ints(huge)}, out(1, 4, 4, 4)},
		{"REVERSE_SEQUENCE of negative length", 112, 87, []any{int32(1), int32(0)}, []modeltest.Tensor{x, ints(-huge)}, out(1, 4, 4, 4)},
		{"REVERSE_SEQUENCE along a wild axis", 112, 87, []any{int32(9), int32(0)}, []modeltest.Tensor{x, ints(2)}, out(1, 4, 4, 4)},
		{"REVERSE_V2 along a wild axis", 105, 0, nil, []modeltest.Tensor{x, ints(9)}, out(1, 4, 4, 4)},
		{"TRANSPOSE by a wild order", 39, 0, nil, []modeltest.Tensor{x, ints(0, 9, 1, 2)}, out(1, 4, 4, 4)},
		{"TRANSPOSE by the same dimension twice", 39, 0, nil, []modeltest.Tensor{x, ints(0, 1, 1, 1)}, out(1, 4, 4, 4)},
		{"PAD by less than nothing", 34, 0, nil, []modeltest.Tensor{x, pairs(0, 0, -2, 0, 0, 0, 0, 0)}, out(1, 2, 4, 4)},
		{"MIRROR_PAD by more than there is", 100, 77, []any{int8(0)}, []modeltest.Tensor{x, pairs(0, 0, 40, 40, 0, 0, 0, 0)}, out(1, 84, 4, 4)},
		{"MIRROR_PAD by less than nothing", 100, 77, []any{int8(0)}, []modeltest.Tensor{x, pairs(0, 0, -2, 0, 0, 0, 0, 0)}, out(1, 2, 4, 4)},
		{"SLICE beyond", 65, 0, nil, []modeltest.Tensor{x, ints(0, 3, 3, 0), ints(1, 9, 9, 4)}, out(1, 9, 9, 4)},
		{"SLICE before", 65, 0, nil, []modeltest.Tensor{x, ints(0, -huge, 0, 0), ints(1, 1, 1, 4)}, out(1, 1, 1, 4)},
		{"STRIDED_SLICE of stride 0", 45, 32, []any{int32(0), int32(0), int32(0), int32(0), int32(0)}, []modeltest.Tensor{x, ints(0, 0, 0, 0), ints(1, 4, 4, 4), ints(1, 0, 1, 1)}, out(1, 4, 4, 4)},
		{"TILE by less than nothing", 69, 0, nil, []modeltest.Tensor{x, ints(1, -2, 1, 1)}, out(1, 4, 4, 4)},
		{"TILE by 0", 69, 0, nil, []modeltest.Tensor{x, ints(1, 0, 1, 1)}, out(1, 0, 4, 4)},
		{"MEAN along a wild axis", 40, 27, []any{true}, []modeltest.Tensor{x, ints(9)}, out(1, 4, 4, 4)},
		{"MEAN along an axis twice", 40, 27, []any{true}, []modeltest.Tensor{x, ints(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)}, out(1, 1, 4, 4)},
		{"SUM along a wild axis", 74, 27, []any{true}, []modeltest.Tensor{x, ints(-9)}, out(1, 4, 4, 4)},
		{"CUMSUM along a wild axis", 128, 102, []any{false, false}, []modeltest.Tensor{x, ints(9)}, out(1, 4, 4, 4)},
		{"SPLIT along a wild axis", 49, 35, []any{int32(1)}, []modeltest.Tensor{scalar(9), x}, out(1, 4, 4, 4)},
		{"UNPACK along a wild axis", 88, 64, []any{int32(1), int32(9)}, []modeltest.Tensor{x}, out(4, 4, 4)},
		{"PACK along a wild axis", 83, 59, []any{int32(1), int32(9)}, []modeltest.Tensor{x}, out(1, 1, 4, 4, 4)},
		{"EXPAND_DIMS along a wild axis", 70, 0, nil, []modeltest.Tensor{x, scalar(9)}, out(1, 1, 4, 4, 4)},
		{"SQUEEZE of a wild dimension", 43, 30, []any{[]int32{9}}, []modeltest.Tensor{x}, out(4, 4, 4)},
		{"SQUEEZE of many dimensions", 43, 30, []any{[]int32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, []modeltest.Tensor{x}, out(4, 4, 4)},
		{"BROADCAST_TO less", 130, 0, nil, []modeltest.Tensor{x, ints(1, 2, 4, 4)}, out(1, 2, 4, 4)},
		{"RESIZE_BILINEAR to 0", 23, 15, []any{int32(0), int32(0), false, false}, []modeltest.Tensor{x, ints(0, 0)}, out(1, 0, 0, 4)},
		{"RESIZE_BILINEAR to less", 23, 15, []any{int32(0), int32(0), false, false}, []modeltest.Tensor{x, ints(-4, 4)}, out(1, 4, 4, 4)},
		{"RESIZE_BILINEAR to one number", 23, 15, []any{int32(0), int32(0), false, false}, []modeltest.Tensor{x, ints(4)}, out(1, 4, 4, 4)},
		{"RESIZE_NEAREST_NEIGHBOR to less", 97, 74, []any{false, false}, []modeltest.Tensor{x, ints(-4, 4)}, out(1, 4, 4, 4)},
		{"TOPK_V2 of more than there are", 48, 0, nil, []modeltest.Tensor{flat, scalar(99)}, out(99)},
		{"ONE_HOT along a wild axis", 85, 61, []any{int32(9)}, []modeltest.Tensor{ints(1), scalar(4), float(1), float(0)}, out(1, 4)},
		{"ONE_HOT of negative depth", 85, 61, []any{int32(0)}, []modeltest.Tensor{ints(1), scalar(-4), float(1), float(0)}, out(1, 4)},
		{"FILL of negative size", 94, 0, nil, []modeltest.Tensor{ints(-4), float(1)}, out(4)},
		{"DYNAMIC_UPDATE_SLICE beyond", 151, 0, nil, []modeltest.Tensor{flat, float(1, 2), ints(huge)}, out(8)},
		{"DYNAMIC_UPDATE_SLICE of more", 151, 0, nil, []modeltest.Tensor{flat, float(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), ints(0)}, out(8)},
		{"SVDF of rank 0", 27, 6, []any{int32(0), int8(0), false}, []modeltest.Tensor{modeltest.Float32("x", 2, 4), modeltest.Float32("w", 4, 4), modeltest.Float32("v", 4, 3), float(0, 0, 0, 0), modeltest.Float32("s", 2, 12)}, out(2, 4)},
		{"LOCAL_RESPONSE_NORMALIZATION of negative radius", 13, 13, []any{int32(-huge), int32(0), int32(0), int32(0)}, []modeltest.Tensor{x}, out(1, 4, 4, 4)},
		{"MATRIX_SET_DIAG of too few", 115, 0, nil, []modeltest.Tensor{x, float(1)}, out(1, 4, 4, 4)},
		{"PRELU of too few", 54, 0, nil, []modeltest.Tensor{x, float(1, 2, 3)}, out(1, 4, 4, 4)},
		{"SELECT of another shape", 64, 0, nil, []modeltest.Tensor{{Info: tensor.Info{Name: "if", Type: tensor.Bool, Shape: []int{2}}, Data: []byte{1, 0}}, x, x}, out(1, 4, 4, 4)},
		{"FULLY_CONNECTED of another width", 9, 8, []any{int8(0), int8(0), false, false}, []modeltest.Tensor{modeltest.Float32("x", 2, 4), {Info: tensor.Info{Name: "w", Type: tensor.Float32, Shape: []int{4, 3}}, Data: make([]byte, 48)}}, out(2, 4)},
		{"BATCH_MATMUL of another width", 126, 101, []any{false, false, false}, []modeltest.Tensor{modeltest.Float32("x", 2, 4), {Info: tensor.Info{Name: "w", Type: tensor.Float32, Shape: []int{3, 4}}, Data: make([]byte, 48)}}, out(2, 4)},
		{"BATCH_MATMUL of one dimension", 126, 101, []any{false, false, false}, []modeltest.Tensor{modeltest.Float32("x", 4), float(1, 2, 3, 4)}, out(1)},
		{"TRANSPOSE_CONV to another size", 67, 49, []any{int8(1), int32(1), int32(1), int8(0)}, []modeltest.Tensor{ints(1, 9, 9, 4), {Info: tensor.Info{Name: "w", Type: tensor.Float32, Shape: []int{4, 2, 2, 4}}, Data: make([]byte, 256)}, x}, out(1, 9, 9, 4)},
		{"TRANSPOSE_CONV to other channels", 67, 49, []any{int8(1), int32(1), int32(1), int8(0)}, []modeltest.Tensor{ints(1, 5, 5, 400), {Info: tensor.Info{Name: "w", Type: tensor.Float32, Shape: []int{4, 2, 2, 4}}, Data: make([]byte, 256)}, x}, out(1, 5, 5, 400)},
		{"TRANSPOSE_CONV with a short bias", 67, 49, []any{int8(1), int32(1), int32(1), int8(0)}, []modeltest.Tensor{ints(1, 5, 5, 4), {Info: tensor.Info{Name: "w", Type: tensor.Float32, Shape: []int{4, 2, 2, 4}}, Data: make([]byte, 256)}, x, float(1)}, out(1, 5, 5, 4)},
		{"CONV_3D with a short bias", 132, 106, []any{int8(1), int32(1), int32(1), int32(1), int8(0), int32(1), int32(1), int32(1)}, []modeltest.Tensor{modeltest.Float32("x", 1, 3, 3, 3, 4), {Info: tensor.Info{Name: "w", Type: tensor.Float32, Shape: []int{2, 2, 2, 4, 4}}, Data: make([]byte, 512)}, float(1)}, out(1, 2, 2, 2, 4)},
	} {
		var tensors []modeltest.Tensor
		var inputs, graph []int32
		for i, in := range c.inputs {
			in.Variable = in.Name == "s"
			inputs = append(inputs, int32(i))
			if in.Data == nil && !in.Variable {
				graph = append(graph, int32(i))
			}
			tensors = append(tensors, in)
		}
		n := int32(len(tensors))
		tensors = append(tensors, modeltest.Float32("out", c.out...))
		outputs := []int32{n}
		if c.code == 48 {
			tensors = append(tensors, modeltest.Tensor{Info: tensor.Info{Name: "indices", Type: tensor.Int32, Shape: c.out}})
			outputs = append(outputs, n+1)
		}
		m := modeltest.Model{Subgraphs: []modeltest.Subgraph{{Tensors: tensors, Inputs: graph, Outputs: outputs, Operators: []modeltest.Operator{
			{Code: c.code, Inputs: inputs, Outputs: outputs, OptionsType: c.tag, Options: c.options}}}}}.Bytes()
		if err := schema.Verify(m); err != nil {
			tally["refused by the verifier"]++
			continue
		}
		stage, crash := child.run(m)
		if crash != "" {
			t.Errorf("%s: %s at %s", c.name, crash, stage)
			stage = "crash"
		}
		if stage == "ok" && !harmless[c.name] {
			t.Errorf("%s: computed: %v", c.name, child.answers["builtin"])
		}
		tally[stage]++
	}
	t.Log(tally)
}
