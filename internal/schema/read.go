// Package schema reads and verifies .tflite files (TensorFlow Lite schema version 3, FlatBuffers identifier TFL3).
//
// The runtime trusts a file: it follows offsets and uses indices without checking them, so a broken file can end the
// process. [Read] walks everything that the runtime reads, checks each step against the file's bounds and each index
// against the list that it indexes, and returns plain values; nothing here follows an unchecked offset.
// The field ids are those of tensorflow/compiler/mlir/lite/schema/schema.fbs. There is no generated code: the Go
// accessors of FlatBuffers panic or read wildly on hostile bytes, so that the checking walk would have to come first
// anyway, and then it can return what it read.
package schema

import (
	"corallite/tflite/tensor"
)

// Fields of the schema's tables, by id.
const (
	modelVersion, modelCodes, modelSubgraphs, modelDescription, modelBuffers, modelMetadata, modelSignatures = 0, 1, 2, 3, 4, 6, 7

	codeDeprecated, codeCustom, codeVersion, codeBuiltin = 0, 1, 2, 3

	subgraphTensors, subgraphInputs, subgraphOutputs, subgraphOperators, subgraphName = 0, 1, 2, 3, 4

	operatorCode, operatorInputs, operatorOutputs, operatorOptions, operatorCustom  = 0, 1, 2, 3, 5
	operatorMutating, operatorIntermediates, operatorLargeOffset, operatorLargeSize = 7, 8, 9, 10
	operatorOptions2                                                                = 11

	bufferData, bufferOffset, bufferSize = 0, 1, 2

	metadataName, metadataBuffer = 0, 1

	signatureInputs, signatureOutputs, signatureKey, signatureSubgraph = 0, 1, 2, 4
	mapName, mapTensor                                                 = 0, 1
)

// Read verifies a model and returns its contents. The model's bytes are not copied and must not change
// while the result is used. Every error wraps [ErrInvalid] or [ErrUnsupported], and
// names the faulty part of the file.
func Read(model []byte) (*Model, error) {
	return newReader(model).read(model)
}

// Survey is [Read] for a model that is only looked at: one that the runtime cannot run is read too, and why it cannot is in
// refused, whose errors wrap [ErrUnsupported]. A tensor of a newer type has the type NoType; a newer operator is named by its number.
func Survey(model []byte) (m *Model, refused []error, err error) {
	r := newReader(model)
	r.survey = true
	m, err = r.read(model)
	return m, r.refused, err
}

func (r *reader) read(model []byte) (*Model, error) {
	switch {
	case len(model) == 0:
		r.fail("the file is empty")
	case len(model) < 8 || string(model[4:8]) != "TFL3":
		r.fail("it does not start like a .tflite file")
	}
	if r.err != nil {
		return nil, r.err
	}
	root := r.follow(0)
	m := &Model{}
	if r.err == nil {
		r.model(r.table(root), m)
	}
	if r.err == nil {
		r.check(m)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// Verify is [Read] without the result.
func Verify(model []byte) error {
	_, err := Read(model)
	return err
}

// opcode is an entry of the model's list of operator codes.
type opcode struct {
	name    string
	code    int
	version int
}

func (r *reader) model(t table, m *Model) {
	m.Version = int(t.uint32(modelVersion))
	m.Description = t.text(modelDescription)
	if r.err == nil && m.Version != 3 {
		r.fail("schema version %d (want 3)", m.Version)
	}
	buffers := r.buffers(t.tables(modelBuffers))
	codes := r.codes(t.tables(modelCodes))
	for i, v := 0, t.tables(modelSubgraphs); i < v.n && r.err == nil; i++ {
		r.in("subgraph", i)
		m.Subgraphs = append(m.Subgraphs, r.subgraph(v.at(i), codes, buffers))
		r.out()
	}
	if r.err == nil && len(m.Subgraphs) == 0 {
		r.fail("it has no subgraphs")
	}
	for i, v := 0, t.tables(modelMetadata); i < v.n && r.err == nil; i++ {
		r.in("metadata", i)
		e := v.at(i)
		b := e.uint32(metadataBuffer)
		if r.err == nil && uint64(b) >= uint64(len(buffers)) {
			r.fail("buffer %d is out of range (number of buffers: %d)", b, len(buffers))
		}
		if name := e.text(metadataName); r.err == nil {
			m.Metadata = append(m.Metadata, Metadata{Name: name, Data: buffers[b]})
		}
		r.out()
	}
	for i, v := 0, t.tables(modelSignatures); i < v.n && r.err == nil; i++ {
		r.in("signature", i)
		m.Signatures = append(m.Signatures, r.signature(v.at(i), m))
		r.out()
	}
}

// buffers are the contents of the model's buffers; nil for one without contents. Contents may follow the
// FlatBuffer, given by offset and size (schema 3c, for files over 2 GB).
func (r *reader) buffers(v vector) [][]byte {
	if r.err == nil && !v.present {
		r.fail("the list of buffers is missing")
	}
	if !r.copies(24 * v.n) {
		return nil
	}
	buffers := make([][]byte, v.n)
	for i := 0; i < v.n && r.err == nil; i++ {
		r.in("buffer", i)
		t := v.at(i)
		buffers[i] = t.bytes(bufferData)
		offset, size := t.uint64(bufferOffset), t.uint64(bufferSize)
		if r.err == nil && buffers[i] == nil && offset > 1 {
			buffers[i] = r.outside(offset, size)
		}
		r.out()
	}
	return buffers
}

// outside returns contents stored outside the FlatBuffer.
func (r *reader) outside(offset, size uint64) []byte {
	if end := uint64(len(r.buf)); offset > end || size > end-offset {
		r.fail("%d bytes at offset %d lie outside the file's %d bytes", size, offset, end)
		return nil
	}
	return r.buf[offset : offset+size : offset+size]
}

func (r *reader) codes(v vector) []opcode {
	var codes []opcode
	for i := 0; i < v.n && r.err == nil; i++ {
		r.in("operator code", i)
		t := v.at(i)
		c := opcode{code: int(int8(t.byteOr(codeDeprecated, 0))), version: int(t.int32Or(codeVersion, 1))}
		// A code above 126 does not fit the old field, which then holds 127; the runtime uses the greater of the two.
		c.code = max(c.code, int(t.int32Or(codeBuiltin, 0)))
		custom := t.text(codeCustom)
		switch {
		case r.err != nil:
		case c.code == opCustom && custom == "":
			r.fail("a custom operator has no name")
		case c.code == opCustom:
			c.name = custom
		case c.code < 0 || c.code == opGreaterCodes || c.code == opDelegate:
			r.fail("unknown operator %d", c.code)
		case c.code >= len(operatorNames) && c.code < len(operatorNames)+newerOperators:
			r.unsupported(exportOlder, "operator %d is newer than this runtime", c.code)
			c.name = operatorName(c.code)
		default:
			c.name = operatorName(c.code)
		}
		codes = append(codes, c)
		r.out()
	}
	return codes
}

func (r *reader) subgraph(t table, codes []opcode, buffers [][]byte) Subgraph {
	g := Subgraph{Name: t.text(subgraphName), Inputs: t.ints(subgraphInputs), Outputs: t.ints(subgraphOutputs)}
	tensors := t.tables(subgraphTensors)
	if r.err == nil && !tensors.present {
		r.fail("the list of tensors is missing")
	}
	for i := 0; i < tensors.n && r.err == nil; i++ {
		r.in("tensor", i)
		g.Tensors = append(g.Tensors, r.tensor(tensors.at(i), buffers))
		r.out()
	}
	r.indices("input", g.Inputs, len(g.Tensors), false)
	r.indices("output", g.Outputs, len(g.Tensors), false)
	operators := t.tables(subgraphOperators)
	if r.err == nil && !operators.present {
		r.fail("the list of operators is missing")
	}
	for i := 0; i < operators.n && r.err == nil; i++ {
		r.in("operator", i)
		g.Operators = append(g.Operators, r.operator(operators.at(i), codes, len(g.Tensors)))
		r.out()
	}
	return g
}

// indices checks indices of tensors; -1 is an omitted optional one.
func (r *reader) indices(what string, indices []int, tensors int, optional bool) {
	for _, t := range indices {
		if t >= tensors || t < -1 || t == -1 && !optional {
			r.fail("%s tensor %d is out of range (number of tensors: %d)", what, t, tensors)
			return
		}
	}
}

func (r *reader) operator(t table, codes []opcode, tensors int) Operator {
	index := t.uint32(operatorCode)
	if r.err == nil && uint64(index) >= uint64(len(codes)) {
		r.fail("operator code %d is out of range (number of operator codes: %d)", index, len(codes))
	}
	if r.err != nil {
		return Operator{}
	}
	c := codes[index]
	o := Operator{Name: c.name, Code: c.code, Custom: c.code == opCustom, Version: c.version}
	r.in(o.Name, -1)
	defer r.out()
	if !t.vector(operatorInputs, 4).present || !t.vector(operatorOutputs, 4).present {
		r.fail("the list of inputs or outputs is missing")
	}
	o.Inputs, o.Outputs, o.Intermediates = t.ints(operatorInputs), t.ints(operatorOutputs), t.ints(operatorIntermediates)
	r.indices("input", o.Inputs, tensors, true)
	r.indices("output", o.Outputs, tensors, false)
	r.indices("intermediate", o.Intermediates, tensors, false)
	o.CustomOptions = t.bytes(operatorCustom)
	if offset := t.uint64(operatorLargeOffset); r.err == nil && o.CustomOptions == nil && offset > 1 {
		o.CustomOptions = r.outside(offset, t.uint64(operatorLargeSize))
	}
	t.vector(operatorMutating, 1)
	o.optionsType, o.options = t.options(operatorOptions, builtinOptions[:])
	tag2, options2 := t.options(operatorOptions2, builtinOptions2[:])
	o.options2Type = tag2
	o.Subgraphs = calls(o, options2)
	return o
}

func (r *reader) signature(t table, m *Model) Signature {
	s := Signature{Key: t.text(signatureKey)}
	index := t.uint32(signatureSubgraph)
	if r.err == nil && uint64(index) >= uint64(len(m.Subgraphs)) {
		r.fail("subgraph %d is out of range (number of subgraphs: %d)", index, len(m.Subgraphs))
	}
	if r.err != nil {
		return s
	}
	s.Subgraph = int(index)
	s.Inputs = r.names(t.tables(signatureInputs), &m.Subgraphs[index])
	s.Outputs = r.names(t.tables(signatureOutputs), &m.Subgraphs[index])
	return s
}

func (r *reader) names(v vector, g *Subgraph) []NamedTensor {
	var names []NamedTensor
	for i := 0; i < v.n && r.err == nil; i++ {
		t := v.at(i)
		name, index := t.text(mapName), t.uint32(mapTensor)
		if r.err == nil && uint64(index) >= uint64(len(g.Tensors)) {
			r.fail("tensor %[2]d of %[1]q is out of range (number of tensors: %[3]d)", name, index, len(g.Tensors))
		}
		names = append(names, NamedTensor{name, int(index)})
	}
	return names
}

// elementTypes are the runtime's types by the schema's number (TensorType), which differs.
var elementTypes = [...]tensor.Type{
	tensor.Float32, tensor.Float16, tensor.Int32, tensor.UInt8, tensor.Int64, tensor.String, tensor.Bool, tensor.Int16,
	tensor.Complex64, tensor.Int8, tensor.Float64, tensor.Complex128, tensor.UInt64, tensor.Resource, tensor.Variant,
	tensor.UInt32, tensor.UInt16, tensor.Int4, tensor.BFloat16,
}
