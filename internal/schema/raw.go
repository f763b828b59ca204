package schema

import (
	"encoding/binary"
	"fmt"
	"slices"

	"corallite/tflite/tensor"
)

// Raw is one table of a FlatBuffer, of any schema, for programs that write the file again and so must see all of it. As
// everywhere in this package each step is checked against the file's bounds. The zero Raw is an absent table. The first
// fault of a file is kept in [Raw.Err]; after it every method returns zero values.
type Raw struct{ t table }

// ReadRaw is the root table of a FlatBuffer with that identifier of four characters; "": any.
func ReadRaw(buf []byte, identifier string) (Raw, error) {
	r := newReader(buf)
	if len(buf) < 8 || identifier != "" && string(buf[4:8]) != identifier {
		return Raw{}, fmt.Errorf("it does not start like a FlatBuffer with the identifier %q", identifier)
	}
	root := r.follow(0)
	if r.err != nil {
		return Raw{}, r.err
	}
	t := r.table(root)
	return Raw{t}, r.err
}

// Err is the first fault of the file.
func (w Raw) Err() error {
	if w.t.r == nil {
		return nil
	}
	return w.t.r.err
}

// Present says whether the table is there.
func (w Raw) Present() bool { return w.t.present() }

// End is where everything that was read so far ends, in bytes from the beginning of the file.
func (w Raw) End() int { return w.t.r.end }

// In adds a level to the path in errors, until the function that it returns is called; an index below 0 is none.
func (w Raw) In(name string, index int) func() {
	if w.t.r == nil {
		return func() {}
	}
	w.t.r.in(name, index)
	return w.t.r.out
}

// Fail makes what the caller found the fault of the file.
func (w Raw) Fail(err error) {
	if w.t.r != nil && w.t.r.err == nil {
		w.t.r.err = fmt.Errorf("%s%w", w.t.r.where(), err)
	}
}

// Beyond is the number of the first field that the table has of those from n on; -1: none. A newer schema may have added it.
func (w Raw) Beyond(n int) int {
	if !w.Present() || w.Err() != nil {
		return -1
	}
	for id := n; 4+2*id+2 <= w.t.vsize; id++ {
		if binary.LittleEndian.Uint16(w.t.r.buf[w.t.vtable+4+2*id:]) != 0 {
			return id
		}
	}
	return -1
}

// Has says whether the table has a field.
func (w Raw) Has(id int) bool { return w.Present() && w.t.field(id, 1) != 0 }

// Scalar is the bytes of a number, little-endian; nil where the field is absent and has its default.
func (w Raw) Scalar(id, size int) []byte {
	if p := w.t.field(id, size); p != 0 {
		return w.t.r.buf[p : p+size]
	}
	return nil
}

// Vector is the bytes of a vector of numbers of that size, and their count; ok is false where it is absent.
func (w Raw) Vector(id, size int) (bytes []byte, n int, ok bool) {
	v := w.t.vector(id, size)
	if !v.present || w.Err() != nil {
		return nil, 0, false
	}
	return v.r.buf[v.pos : v.pos+size*v.n], v.n, true
}

// Text is a string; "" also where it is absent.
func (w Raw) Text(id int) string { return w.t.text(id) }

// Sub is the table in a field.
func (w Raw) Sub(id int) Raw { return Raw{w.t.sub(id)} }

// Subs are the tables of a vector; ok is false where it is absent.
func (w Raw) Subs(id int) (tables []Raw, ok bool) {
	v := w.t.tables(id)
	if !v.present || w.Err() != nil || !w.t.r.copies(16*v.n) {
		return nil, false
	}
	tables = make([]Raw, 0, v.n)
	for i := 0; i < v.n && v.r.err == nil; i++ {
		tables = append(tables, Raw{v.at(i)})
	}
	return tables, v.r.err == nil
}

// Texts are the strings of a vector; ok is false where it is absent.
func (w Raw) Texts(id int) (texts []string, ok bool) {
	v := w.t.tables(id)
	if !v.present || w.Err() != nil || !w.t.r.copies(16*v.n) {
		return nil, false
	}
	texts = make([]string, 0, v.n)
	for i := 0; i < v.n && v.r.err == nil; i++ {
		texts = append(texts, v.r.vector(v.r.follow(v.pos+4*i), 1).text())
	}
	return texts, v.r.err == nil
}

// OptionsLayout is the table of an operator's options: its name without "Options", and its fields in the order of their ids as
// letters. 1, 4, 8: a number of so many bytes; B, I, L: a vector of elements of 1, 4, 8 bytes; s: a string.
type OptionsLayout struct{ Name, Fields string }

// OptionsLayouts are the members of the unions BuiltinOptions and BuiltinOptions2, in the order of their tags from 1 on.
func OptionsLayouts() (options, options2 []OptionsLayout) {
	for _, o := range builtinOptions {
		options = append(options, OptionsLayout{o.name, o.fields})
	}
	for _, o := range builtinOptions2 {
		options2 = append(options2, OptionsLayout{o.name, o.fields})
	}
	return options, options2
}

// TypeNumber is the schema's number of an element type (TensorType); false where it has none.
func TypeNumber(t tensor.Type) (int8, bool) {
	i := slices.Index(elementTypes[:], t)
	return int8(i), i >= 0
}

// TypeOf is the element type of the schema's number; false where it is newer than the runtime.
func TypeOf(number int8) (tensor.Type, bool) {
	if number < 0 || int(number) >= len(elementTypes) {
		return 0, false
	}
	return elementTypes[number], true
}
