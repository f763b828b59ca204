package schema

import (
	"slices"

	"corallite/tflite/tensor"
)

// CompiledOp is the custom operator that the Edge TPU compiler folds a graph into.
const CompiledOp = "edgetpu-custom-op"

// Model is the contents of a .tflite file. Slices of bytes in it (Tensor.Data, Operator.CustomOptions,
// Metadata.Data) are views of the file's bytes, not copies.
type Model struct {
	Version     int // of the schema: 3
	Description string
	Subgraphs   []Subgraph // the first is the one that an interpreter runs
	Signatures  []Signature
	Metadata    []Metadata
}

// Subgraph is a graph: tensors, and operators in the order in which they run.
type Subgraph struct {
	Name      string
	Tensors   []Tensor
	Inputs    []int // indices into Tensors
	Outputs   []int // indices into Tensors
	Operators []Operator
}

// Tensor describes a tensor of a subgraph. Its Shape is the one in the file, before any resizing.
type Tensor struct {
	tensor.Info
	ShapeSignature []int  // as Shape, with -1 for a dimension that may change; nil when all are fixed
	Buffer         int    // index of the file's buffer; 0: none
	Data           []byte // data of a constant; nil if the tensor is computed
	Variable       bool   // keeps its data between runs
	Sparse         bool   // Data is in the sparse format
}

// Operator is one node of a subgraph.
type Operator struct {
	Name          string // "CONV_2D"; or the name of a custom operator: "TFLite_Detection_PostProcess"
	Code          int    // BuiltinOperator of the schema
	Custom        bool
	Version       int
	Inputs        []int // indices into the subgraph's Tensors; -1: an omitted optional input
	Outputs       []int // indices into the subgraph's Tensors
	Intermediates []int
	CustomOptions []byte // of a custom operator; mostly a FlexBuffer map
	Subgraphs     []int  // called by it: branches of IF, condition and body of WHILE, …

	optionsType, options2Type byte // tags of the unions, for the checks
	options                   table
}

// Signature is a named entry into a subgraph.
type Signature struct {
	Key      string
	Subgraph int
	Inputs   []NamedTensor
	Outputs  []NamedTensor
}

// NamedTensor is a signature's name for a tensor of its subgraph.
type NamedTensor struct {
	Name   string
	Tensor int
}

// Metadata is a named buffer, such as "TFLITE_METADATA" or "min_runtime_version".
type Metadata struct {
	Name string
	Data []byte
}

// Compiled reports whether the model was compiled for the Edge TPU: whether any operator is edgetpu-custom-op. Such a
// model runs only with the Edge TPU's delegate.
func (m *Model) Compiled() bool {
	for _, g := range m.Subgraphs {
		if slices.ContainsFunc(g.Operators, func(o Operator) bool { return o.Custom && o.Name == CompiledOp }) {
			return true
		}
	}
	return false
}

// Main is the subgraph that an interpreter runs.
func (m *Model) Main() *Subgraph { return &m.Subgraphs[0] }

// Find is the first operator of that name, or nil.
func (g *Subgraph) Find(name string) *Operator {
	for i := range g.Operators {
		if g.Operators[i].Name == name {
			return &g.Operators[i]
		}
	}
	return nil
}

// OutputsOf returns for each output of op its index among the graph's outputs, or -1. This locates the boxes, classes,
// scores and count of TFLite_Detection_PostProcess (its outputs 0 to 3) without guessing from names or sizes.
func (g *Subgraph) OutputsOf(op *Operator) []int {
	found := make([]int, len(op.Outputs))
	for i, t := range op.Outputs {
		found[i] = slices.Index(g.Outputs, t)
	}
	return found
}

// Numbers are the whole numbers of a constant input of an operator, such as axes or sizes; nil: it is none.
func (g *Subgraph) Numbers(o *Operator, input int) []int {
	if input < 0 || input >= len(o.Inputs) || o.Inputs[input] < 0 {
		return nil
	}
	n, _ := g.numbers(o.Inputs, input)
	return n
}

// InputInfos describes the graph's inputs in order.
func (g *Subgraph) InputInfos() []tensor.Info { return g.infos(g.Inputs) }

// OutputInfos describes the graph's outputs in order.
func (g *Subgraph) OutputInfos() []tensor.Info { return g.infos(g.Outputs) }

func (g *Subgraph) infos(indices []int) []tensor.Info {
	infos := make([]tensor.Info, len(indices))
	for i, t := range indices {
		infos[i] = g.Tensors[t].Info
	}
	return infos
}
