package modeltest

import "corallite/tflite/tensor"

// Numbers of operators (BuiltinOperator) and of their options (BuiltinOptions) in the schema.
const (
	Add, AddOptions         = 0, 11
	Dequantize              = 6
	Reshape, ReshapeOptions = 22, 17
	Softmax, SoftmaxOptions = 25, 9
	Custom                  = 32
	Gather, GatherOptions   = 36, 23
	Less                    = 58
	Equal                   = 71
	Where                   = 109
	While, WhileOptions     = 119, 93
)

// Float32 is a float tensor without contents.
func Float32(name string, shape ...int) Tensor {
	return Tensor{Info: tensor.Info{Name: name, Type: tensor.Float32, Shape: shape}}
}

// Addition is the smallest useful model: sum = a + b, floats of that shape.
func Addition(shape ...int) Model {
	return Model{Subgraphs: []Subgraph{{
		Tensors: []Tensor{Float32("a", shape...), Float32("b", shape...), Float32("sum", shape...)},
		Inputs:  []int32{0, 1}, Outputs: []int32{2},
		Operators: []Operator{{Code: Add, Inputs: []int32{0, 1}, Outputs: []int32{2}, OptionsType: AddOptions, Options: []any{int8(0)}}},
	}}}
}

// TwoSignatures has two signatures: "add" of the main graph, result = left + right, and "double" of another, with a
// dimension of value that the file leaves open: doubled = value + value. Each names its inputs in another order than its
// graph.
func TwoSignatures(n int) Model {
	m := Addition(1, n)
	value, doubled := Float32("x", 1, n), Float32("y", 1, n)
	value.Open, doubled.Open = []int32{-1, int32(n)}, []int32{-1, int32(n)}
	m.Subgraphs = append(m.Subgraphs, Subgraph{
		Tensors: []Tensor{value, doubled}, Inputs: []int32{0}, Outputs: []int32{1},
		Operators: []Operator{{Code: Add, Inputs: []int32{0, 0}, Outputs: []int32{1}, OptionsType: AddOptions, Options: []any{int8(0)}}},
	})
	m.Signatures = []Signature{
		{Key: "add", Inputs: []Named{{"right", 1}, {"left", 0}}, Outputs: []Named{{"result", 2}}},
		{Key: "double", Subgraph: 1, Inputs: []Named{{"value", 0}}, Outputs: []Named{{"doubled", 1}}},
	}
	return m
}

// Softmax8 is a softmax of n int8 values, of which XNNPACK takes nothing.
func Softmax8(n int) Model {
	int8s := func(name string, scale float32, zero int32) Tensor {
		q := tensor.Quantization{Scales: []float32{scale}, ZeroPoints: []int32{zero}}
		return Tensor{Info: tensor.Info{Name: name, Type: tensor.Int8, Shape: []int{1, n}, Quantization: q}}
	}
	return Model{Subgraphs: []Subgraph{{
		Tensors: []Tensor{int8s("logits", 0.1, 0), int8s("scores", 1./256, -128)},
		Inputs:  []int32{0}, Outputs: []int32{1},
		Operators: []Operator{{Code: Softmax, Inputs: []int32{0}, Outputs: []int32{1}, OptionsType: SoftmaxOptions, Options: []any{float32(1)}}},
	}}}
}

// Endless is a model that never ends, whatever its inputs: it adds to x for as long as 0 is less than 1.
func Endless() Model {
	body := func(outs ...int32) ([]Tensor, []int32) {
		return []Tensor{Float32("x", 1), Float32("zero", 1), Float32("one", 1), Float32("y", 1)}, outs
	}
	tensors, _ := body()
	zero, one := Float32("0", 1), Float32("1", 1)
	zero.Data, one.Data = []byte{0, 0, 0, 0}, []byte{0, 0, 0x80, 0x3f}
	condition := append(tensors[:3:3], Tensor{Info: tensor.Info{Name: "go on", Type: tensor.Bool, Shape: []int{1}}}, zero, one)
	return Model{Subgraphs: []Subgraph{
		{
			Tensors: []Tensor{Float32("x", 1), Float32("zero", 1), Float32("one", 1), Float32("y", 1), Float32("zero'", 1), Float32("one'", 1)},
			Inputs:  []int32{0, 1, 2}, Outputs: []int32{3},
			Operators: []Operator{{Code: While, Inputs: []int32{0, 1, 2}, Outputs: []int32{3, 4, 5},
				OptionsType: WhileOptions, Options: []any{int32(1), int32(2)}}},
		},
		{
			Tensors: condition, Inputs: []int32{0, 1, 2}, Outputs: []int32{3},
			Operators: []Operator{{Code: Less, Inputs: []int32{4, 5}, Outputs: []int32{3}}},
		},
		{
			Tensors: tensors, Inputs: []int32{0, 1, 2}, Outputs: []int32{3, 1, 2},
			Operators: []Operator{{Code: Add, Inputs: []int32{0, 2}, Outputs: []int32{3}, OptionsType: AddOptions, Options: []any{int8(0)}}},
		},
	}}
}
