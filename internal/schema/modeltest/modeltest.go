// Package modeltest writes small .tflite models for tests.
package modeltest

import (
	flatbuffers "github.com/google/flatbuffers/go"

	"corallite/tflite/tensor"
)

// Model is a model to write. Every slice may be nil.
type Model struct {
	Subgraphs  []Subgraph
	Signatures []Signature
	Version    uint32 // 0: 3
}

// Subgraph is a graph of tensors and operators.
type Subgraph struct {
	Tensors   []Tensor
	Inputs    []int32
	Outputs   []int32
	Operators []Operator
}

// Tensor is a tensor; with Data it is a constant.
type Tensor struct {
	tensor.Info
	Data     []byte
	Variable bool
	Open     []int32 // the shape signature, -1 for a dimension that may change; nil: none
	Blocks   bool    // quantized in blocks; the scales say how, as they are
}

// Operator is a node. Options are the fields of its options table in the order of their ids: int32, int8, bool,
// float32 or []int32.
type Operator struct {
	Code        int32
	Custom      string // with Code 32
	Version     int32  // 0: 1
	Inputs      []int32
	Outputs     []int32
	OptionsType byte // tag of the union BuiltinOptions; 0: none
	Options     []any
	CustomData  []byte
}

// Signature is a named entry; names map to tensors.
type Signature struct {
	Key      string
	Subgraph uint32
	Inputs   []Named
	Outputs  []Named
}

// Named is a name for a tensor.
type Named struct {
	Name   string
	Tensor uint32
}

// schemaType is the schema's number of a type, which differs from the runtime's.
var schemaType = map[tensor.Type]int8{
	tensor.Float32: 0, tensor.Float16: 1, tensor.Int32: 2, tensor.UInt8: 3, tensor.Int64: 4, tensor.String: 5,
	tensor.Bool: 6, tensor.Int16: 7, tensor.Complex64: 8, tensor.Int8: 9, tensor.Float64: 10, tensor.Complex128: 11,
	tensor.UInt64: 12, tensor.Resource: 13, tensor.Variant: 14, tensor.UInt32: 15, tensor.UInt16: 16, tensor.Int4: 17,
}

// Bytes is the model as a file.
func (m Model) Bytes() []byte {
	w := &writer{Builder: flatbuffers.NewBuilder(1024)}
	w.buffers = []flatbuffers.UOffsetT{w.table(3, nil)} // buffer 0 is empty
	var graphs, codes, signatures []flatbuffers.UOffsetT
	for _, g := range m.Subgraphs {
		graphs = append(graphs, w.subgraph(g))
	}
	for _, c := range w.codes {
		name := flatbuffers.UOffsetT(0)
		if c.Custom != "" {
			name = w.CreateString(c.Custom)
		}
		codes = append(codes, w.table(4, func() {
			w.PrependInt8Slot(0, int8(min(c.Code, 127)), 0)
			w.PrependUOffsetTSlot(1, name, 0)
			w.PrependInt32Slot(2, max(c.Version, 1), 1)
			w.PrependInt32Slot(3, c.Code, 0)
		}))
	}
	for _, s := range m.Signatures {
		in, out, key := w.named(s.Inputs), w.named(s.Outputs), w.CreateString(s.Key)
		signatures = append(signatures, w.table(5, func() {
			w.PrependUOffsetTSlot(0, in, 0)
			w.PrependUOffsetTSlot(1, out, 0)
			w.PrependUOffsetTSlot(2, key, 0)
			w.PrependUint32Slot(4, s.Subgraph, 0)
		}))
	}
	version := m.Version
	if version == 0 {
		version = 3
	}
	c, g, b, s := w.vector(codes), w.vector(graphs), w.vector(w.buffers), w.vector(signatures)
	root := w.table(8, func() {
		w.PrependUint32Slot(0, version, 0)
		w.PrependUOffsetTSlot(1, c, 0)
		w.PrependUOffsetTSlot(2, g, 0)
		w.PrependUOffsetTSlot(4, b, 0)
		if len(signatures) > 0 {
			w.PrependUOffsetTSlot(7, s, 0)
		}
	})
	w.FinishWithFileIdentifier(root, []byte("TFL3"))
	return w.FinishedBytes()
}

type writer struct {
	*flatbuffers.Builder
	buffers []flatbuffers.UOffsetT
	codes   []Operator
}

func (w *writer) table(fields int, fill func()) flatbuffers.UOffsetT {
	w.StartObject(fields)
	if fill != nil {
		fill()
	}
	return w.EndObject()
}

func (w *writer) vector(offsets []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	w.StartVector(4, len(offsets), 4)
	for i := len(offsets) - 1; i >= 0; i-- {
		w.PrependUOffsetT(offsets[i])
	}
	return w.EndVector(len(offsets))
}

func (w *writer) ints(values []int32) flatbuffers.UOffsetT {
	w.StartVector(4, len(values), 4)
	for i := len(values) - 1; i >= 0; i-- {
		w.PrependInt32(values[i])
	}
	return w.EndVector(len(values))
}

func (w *writer) subgraph(g Subgraph) flatbuffers.UOffsetT {
	var tensors, operators []flatbuffers.UOffsetT
	for _, t := range g.Tensors {
		tensors = append(tensors, w.tensor(t))
	}
	for _, o := range g.Operators {
		operators = append(operators, w.operator(o))
	}
	t, in, out, o := w.vector(tensors), w.ints(g.Inputs), w.ints(g.Outputs), w.vector(operators)
	return w.table(5, func() {
		w.PrependUOffsetTSlot(0, t, 0)
		w.PrependUOffsetTSlot(1, in, 0)
		w.PrependUOffsetTSlot(2, out, 0)
		w.PrependUOffsetTSlot(3, o, 0)
	})
}

func (w *writer) tensor(t Tensor) flatbuffers.UOffsetT {
	buffer := uint32(0)
	if t.Data != nil {
		buffer = uint32(len(w.buffers))
		w.Prep(16, len(t.Data)+4) // so that the contents lie at a multiple of 16, as the runtime wants them
		data := w.CreateByteVector(t.Data)
		w.buffers = append(w.buffers, w.table(3, func() { w.PrependUOffsetTSlot(0, data, 0) }))
	}
	shape := make([]int32, len(t.Shape))
	for i, d := range t.Shape {
		shape[i] = int32(d)
	}
	s, name, q := w.ints(shape), w.CreateString(t.Name), w.quantization(t.Quantization, t.Blocks)
	signature := flatbuffers.UOffsetT(0)
	if t.Open != nil {
		signature = w.ints(t.Open)
	}
	return w.table(10, func() {
		w.PrependUOffsetTSlot(0, s, 0)
		w.PrependInt8Slot(1, schemaType[t.Type], 0)
		w.PrependUint32Slot(2, buffer, 0)
		w.PrependUOffsetTSlot(3, name, 0)
		w.PrependUOffsetTSlot(4, q, 0)
		w.PrependBoolSlot(5, t.Variable, false)
		w.PrependUOffsetTSlot(7, signature, 0)
	})
}

func (w *writer) quantization(q tensor.Quantization, blocks bool) flatbuffers.UOffsetT {
	if !q.Quantized() {
		return 0
	}
	w.StartVector(4, len(q.Scales), 4)
	for i := len(q.Scales) - 1; i >= 0; i-- {
		w.PrependFloat32(q.Scales[i])
	}
	scales := w.EndVector(len(q.Scales))
	w.StartVector(8, len(q.ZeroPoints), 8)
	for i := len(q.ZeroPoints) - 1; i >= 0; i-- {
		w.PrependInt64(int64(q.ZeroPoints[i]))
	}
	zeros := w.EndVector(len(q.ZeroPoints))
	details := flatbuffers.UOffsetT(0)
	if blocks {
		details = w.table(3, nil)
	}
	return w.table(7, func() {
		w.PrependUOffsetTSlot(2, scales, 0)
		w.PrependUOffsetTSlot(3, zeros, 0)
		if blocks {
			w.PrependByteSlot(4, 2, 0) // BlockwiseQuantization
			w.PrependUOffsetTSlot(5, details, 0)
		}
		w.PrependInt32Slot(6, int32(q.Axis), 0)
	})
}

func (w *writer) operator(o Operator) flatbuffers.UOffsetT {
	code := len(w.codes)
	w.codes = append(w.codes, o)
	in, out := w.ints(o.Inputs), w.ints(o.Outputs)
	var options, custom flatbuffers.UOffsetT
	if o.OptionsType != 0 {
		options = w.options(o.Options)
	}
	if o.CustomData != nil {
		custom = w.CreateByteVector(o.CustomData)
	}
	return w.table(13, func() {
		w.PrependUint32Slot(0, uint32(code), 0)
		w.PrependUOffsetTSlot(1, in, 0)
		w.PrependUOffsetTSlot(2, out, 0)
		w.PrependByteSlot(3, o.OptionsType, 0)
		w.PrependUOffsetTSlot(4, options, 0)
		w.PrependUOffsetTSlot(5, custom, 0)
	})
}

func (w *writer) options(fields []any) flatbuffers.UOffsetT {
	vectors := map[int]flatbuffers.UOffsetT{}
	for i, f := range fields {
		if v, ok := f.([]int32); ok {
			vectors[i] = w.ints(v)
		}
	}
	return w.table(len(fields), func() {
		for i, f := range fields {
			switch f := f.(type) {
			case int32:
				w.PrependInt32(f)
				w.Slot(i)
			case float32:
				w.PrependFloat32(f)
				w.Slot(i)
			case int8:
				w.PrependInt8(f)
				w.Slot(i)
			case bool:
				w.PrependBool(f)
				w.Slot(i)
			case []int32:
				w.PrependUOffsetTSlot(i, vectors[i], 0)
			}
		}
	})
}

func (w *writer) named(names []Named) flatbuffers.UOffsetT {
	var maps []flatbuffers.UOffsetT
	for _, n := range names {
		s := w.CreateString(n.Name)
		maps = append(maps, w.table(2, func() {
			w.PrependUOffsetTSlot(0, s, 0)
			w.PrependUint32Slot(1, n.Tensor, 0)
		}))
	}
	return w.vector(maps)
}
