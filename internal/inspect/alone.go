package inspect

import (
	"bytes"
	"errors"

	"corallite/internal/flatfile"
	"corallite/internal/schema"
	"corallite/internal/tflitefile"
	"corallite/tflite/tensor"
)

var errNotAlone = errors.New("it cannot stand alone")

// alone is a model of one operator, with its constants; what it reads else are the model's inputs.
func alone(g *schema.Subgraph, o *schema.Operator) (*tflitefile.Model, error) {
	m := &tflitefile.Model{Version: 3, Buffers: []*tflitefile.Buffer{{}}, Subgraphs: []*tflitefile.Subgraph{{DebugMetadata: -1}},
		OperatorCodes: []*tflitefile.OperatorCode{{Deprecated: int8(min(o.Code, 127)), Builtin: int32(o.Code), Version: int32(o.Version)}}}
	sub := m.Subgraphs[0]
	node := &tflitefile.Operator{DebugMetadata: -1, Inputs: []int32{}, Outputs: []int32{}}
	options, err := optionsOf(o)
	if err != nil {
		return nil, err
	}
	node.Options = options
	place := map[int]int32{-1: -1}
	add := func(t int) (int32, error) {
		if at, ok := place[t]; ok {
			return at, nil
		}
		copied, err := copyTensor(m, &g.Tensors[t])
		if err != nil {
			return 0, err
		}
		at := int32(len(sub.Tensors))
		sub.Tensors = append(sub.Tensors, copied)
		place[t] = at
		return at, nil
	}
	for _, t := range o.Inputs {
		_, known := place[t]
		at, err := add(t)
		if err != nil {
			return nil, err
		}
		node.Inputs = append(node.Inputs, at)
		if !known && g.Tensors[t].Data == nil && !g.Tensors[t].Variable {
			sub.Inputs = append(sub.Inputs, at)
		}
	}
	for _, t := range o.Intermediates {
		at, err := add(t)
		if err != nil {
			return nil, err
		}
		node.Intermediates = append(node.Intermediates, at)
	}
	for _, t := range o.Outputs {
		at, err := add(t)
		if err != nil {
			return nil, err
		}
		node.Outputs = append(node.Outputs, at)
		sub.Outputs = append(sub.Outputs, at)
	}
	sub.Operators = []*tflitefile.Operator{node}
	return m, nil
}

func optionsOf(o *schema.Operator) (flatfile.Union, error) {
	name, values := o.RawOptions()
	if name == "" {
		return flatfile.Union{}, nil
	}
	u, err := tflitefile.NewOptions(name + "Options")
	if err == nil {
		u.Table.(*flatfile.Fields).Values = values
	}
	return u, err
}

func copyTensor(m *tflitefile.Model, t *schema.Tensor) (*tflitefile.Tensor, error) {
	kind, ok := schema.TypeNumber(t.Type)
	if !ok || t.Sparse || t.Type == tensor.Resource || t.Type == tensor.Variant {
		return nil, errNotAlone
	}
	c := &tflitefile.Tensor{Name: t.Name, Type: kind, Variable: t.Variable, Shape: narrow(t.Shape), ShapeSignature: narrow(t.ShapeSignature)}
	if q := t.Quantization; len(q.Scales) > 0 {
		c.Quantization = &tflitefile.Quantization{Scale: q.Scales, Dimension: int32(q.Axis)}
		for _, z := range q.ZeroPoints {
			c.Quantization.ZeroPoint = append(c.Quantization.ZeroPoint, int64(z))
		}
	}
	if t.Data != nil {
		m.Buffers = append(m.Buffers, &tflitefile.Buffer{Data: t.Data})
		c.Buffer = uint32(len(m.Buffers) - 1)
	}
	return c, nil
}

func narrow(s []int) []int32 {
	if s == nil {
		return nil
	}
	all := make([]int32, len(s))
	for i, d := range s {
		all[i] = int32(d)
	}
	return all
}

// fixSizes makes open sizes those that the file has.
func fixSizes(m *tflitefile.Model) bool {
	changed := false
	for _, t := range m.Subgraphs[0].Tensors {
		for _, d := range t.ShapeSignature {
			changed = changed || d < 0
		}
		t.ShapeSignature = nil
	}
	return changed
}

// dropActivation takes a fused activation away.
func dropActivation(m *tflitefile.Model) bool {
	fields, ok := m.Subgraphs[0].Operators[0].Options.Table.(*flatfile.Fields)
	if !ok {
		return false
	}
	at := schema.OptionIndex(fields.Name, "fused_activation_function")
	if at < 0 || at >= len(fields.Values) || fields.Values[at] == nil || fields.Values[at][0] == 0 {
		return false
	}
	fields.Values = append([][]byte{}, fields.Values...)
	fields.Values[at] = nil
	return true
}

// toFloat makes floats of all integers of at most 16 bits, and of float16; constants become zeros.
func toFloat(m *tflitefile.Model) bool {
	float, _ := schema.TypeNumber(tensor.Float32)
	changed := false
	for _, t := range m.Subgraphs[0].Tensors {
		switch kind, _ := schema.TypeOf(t.Type); kind {
		case tensor.Int8, tensor.UInt8, tensor.Int16, tensor.Float16, tensor.Int4:
		case tensor.Int32: // biases
			if t.Buffer == 0 || t.Quantization == nil {
				continue
			}
		default:
			continue
		}
		t.Type, t.Quantization = float, nil
		if t.Buffer != 0 {
			n := 1
			for _, d := range t.Shape {
				n *= int(d)
			}
			m.Buffers[t.Buffer] = &tflitefile.Buffer{Data: make([]byte, 4*n)}
		}
		changed = true
	}
	return changed
}

// constantOperands gives all inputs but the first constants of zeros, where they are small numbers.
func constantOperands(m *tflitefile.Model) bool {
	g := m.Subgraphs[0]
	if len(g.Inputs) < 2 {
		return false
	}
	for _, at := range g.Inputs[1:] {
		t := g.Tensors[at]
		kind, _ := schema.TypeOf(t.Type)
		n := kind.Size()
		for _, d := range t.Shape {
			n *= int(d)
		}
		if n <= 0 || n > 1<<20 {
			return false
		}
		m.Buffers = append(m.Buffers, &tflitefile.Buffer{Data: bytes.Repeat([]byte{0}, n)})
		t.Buffer, t.Variable = uint32(len(m.Buffers)-1), false
	}
	g.Inputs = g.Inputs[:1]
	return true
}
