package tflitefile

import (
	"bytes"
	"errors"
	"fmt"

	"corallite/internal/flatfile"
	"corallite/internal/schema"
)

// identifier stands in bytes 4 to 8 of a file.
const identifier = "TFL3"

// Version is the newest schema that is written without loss.
const Version = "3d"

var format = flatfile.Schema{
	Identifier: identifier,
	Newer:      "a Corallite that knows a newer schema than " + Version,
	Unions: map[string][]any{
		"BuiltinOptions": optionsOf(0), "BuiltinOptions2": optionsOf(1),
		"QuantizationDetails": {&CustomQuantization{}, &BlockwiseQuantization{}, &MultiAxisQuantization{}},
		"SparseIndexVector":   {&Int32Vector{}, &Uint16Vector{}, &Uint8Vector{}},
	},
}

func optionsOf(which int) (all []any) {
	first, second := schema.OptionsLayouts()
	for _, l := range [][]schema.OptionsLayout{first, second}[which] {
		all = append(all, &flatfile.Fields{Name: l.Name + "Options", Layout: l.Fields})
	}
	return all
}

// NewOptions are the options of an operator, without any field: all have their defaults. The name is that of the schema's
// table: "Conv2DOptions".
func NewOptions(name string) (flatfile.Union, error) {
	for i, member := range format.Unions["BuiltinOptions"] {
		if f := member.(*flatfile.Fields); f.Name == name {
			return flatfile.Union{Tag: uint8(i + 1), Table: &flatfile.Fields{Name: name, Layout: f.Layout, Values: make([][]byte, len(f.Layout))}}, nil
		}
	}
	return flatfile.Union{}, fmt.Errorf("there are no options %s", name)
}

// Read reads all of a file. Its bytes are not kept. An error wraps [flatfile.ErrNewer] where the file has what would be lost.
func Read(file []byte) (*Model, error) {
	m := &Model{}
	end, err := format.Read(file, m)
	if err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	if err := m.inside(); err != nil {
		return nil, err
	}
	if err := m.readPacked(file, end); err != nil {
		return nil, err
	}
	return m, nil
}

// inside refuses contents that do not stand in the FlatBuffer.
func (m *Model) inside() error {
	if m.Version != 3 {
		return fmt.Errorf("the model has schema version %d (want 3)", m.Version)
	}
	if len(m.ExternalGroups) > 0 || len(m.External) > 0 {
		return errors.New("the model keeps weights in other files (external buffers), which cannot be written: export it in one file")
	}
	const large = "stands outside of the FlatBuffer, as in files over 2 GB, which cannot be written"
	for i, b := range m.Buffers {
		if b.Offset > 1 || b.Size > 1 {
			return fmt.Errorf("the model's buffer %d %s", i, large)
		}
	}
	for i, g := range m.Subgraphs {
		for k, o := range g.Operators {
			if o.LargeOffset > 1 || o.LargeSize > 1 {
				return fmt.Errorf("the model's subgraph %d: operator %d: what %s", i, k, large)
			}
		}
		for k, t := range g.Tensors {
			if t.ExternalBuffer != 0 {
				return fmt.Errorf("the model's subgraph %d: tensor %d keeps its contents in another file, which cannot be written", i, k)
			}
		}
	}
	return nil
}

// Bytes is the model as a file. It depends on the model alone: two calls give the same bytes. The contents of buffers begin at
// multiples of 16, as the runtime's kernels and microcontrollers want them. What was written is read again and compared.
func (m *Model) Bytes() ([]byte, error) {
	if err := m.inside(); err != nil {
		return nil, err
	}
	file, err := format.Write(m)
	if err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	again := &Model{}
	if _, err := format.Read(file, again); err != nil {
		return nil, fmt.Errorf("the model that was written cannot be read: %w", err)
	}
	if what := Difference(m, again); what != "" {
		return nil, fmt.Errorf("the model cannot be written as it is: %s", what)
	}
	return m.appendPacked(file)
}

// Contents are the bytes of a metadata entry; false where there is none of that name.
func (m *Model) Contents(name string) ([]byte, bool) {
	for _, e := range m.Metadata {
		if e.Name == name && int(e.Buffer) < len(m.Buffers) {
			return m.Buffers[e.Buffer].Data, true
		}
	}
	return nil, false
}

// SetContents gives a metadata entry other contents. A buffer that others use too stays as it is.
func (m *Model) SetContents(name string, data []byte) {
	data = bytes.Clone(data)
	for _, e := range m.Metadata {
		if e.Name != name {
			continue
		}
		if int(e.Buffer) < len(m.Buffers) && m.users(e.Buffer) == 1 {
			m.Buffers[e.Buffer] = &Buffer{Data: data}
		} else {
			e.Buffer = m.addBuffer(data)
		}
		return
	}
	m.Metadata = append(m.Metadata, &Metadata{Name: name, Buffer: m.addBuffer(data)})
}

func (m *Model) addBuffer(data []byte) uint32 {
	if len(m.Buffers) == 0 { // the first is for tensors without contents
		m.Buffers = append(m.Buffers, &Buffer{})
	}
	m.Buffers = append(m.Buffers, &Buffer{Data: data})
	return uint32(len(m.Buffers) - 1)
}

// users counts what refers to a buffer.
func (m *Model) users(buffer uint32) int {
	n := 0
	for _, e := range m.Metadata {
		if e.Buffer == buffer {
			n++
		}
	}
	for _, b := range m.MetadataBuffer {
		if b == int32(buffer) {
			n++
		}
	}
	for _, g := range m.Subgraphs {
		for _, t := range g.Tensors {
			if t.Buffer == buffer {
				n++
			}
		}
	}
	return n
}
