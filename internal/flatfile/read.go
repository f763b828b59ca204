package flatfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"corallite/internal/schema"
)

// ErrNewer is wrapped by the error of a file that has fields which the schema does not know, and which would be lost.
var ErrNewer = errors.New("it has parts of a newer format")

// Read fills the struct that to points to from a FlatBuffer, every step checked against its bounds. Vectors of numbers are
// copies. end is where what was read ends, in bytes.
func (s *Schema) Read(buf []byte, to any) (end int, err error) {
	root, err := schema.ReadRaw(buf, s.Identifier)
	if err != nil {
		return 0, err
	}
	r := reader{s}
	r.table(root, reflect.ValueOf(to).Elem())
	if err := root.Err(); err != nil {
		return 0, err
	}
	return root.End(), nil
}

type reader struct{ *Schema }

// newer refuses what the structs have no field for.
func (r reader) newer(t schema.Raw, what string) {
	t.Fail(fmt.Errorf("%w: %s; it can only be written by %s", ErrNewer, what, r.Newer))
}

func (r reader) table(t schema.Raw, to reflect.Value) {
	p := planOf(to.Type())
	if id := t.Beyond(p.count); id >= 0 {
		r.newer(t, fmt.Sprintf("field %d of a %s", id, to.Type().Name()))
	}
	for _, f := range p.fields {
		if t.Err() != nil {
			return
		}
		r.field(t, f, to.Field(f.index))
	}
	r.gaps(t, p, to.Type())
}

// gaps refuses fields between the ids that the struct names.
func (r reader) gaps(t schema.Raw, p *plan, of reflect.Type) {
	known := make([]bool, p.count)
	for _, f := range p.fields {
		known[f.id] = true
		if f.union != "" {
			known[f.id-1] = true
		}
	}
	for id, ok := range known {
		if !ok && t.Has(id) {
			r.newer(t, fmt.Sprintf("field %d of a %s", id, of.Name()))
		}
	}
}

func (r reader) field(t schema.Raw, f field, v reflect.Value) {
	switch {
	case v.Type() == unionType:
		v.Set(reflect.ValueOf(r.union(t, f)))
	case v.Type() == textsType:
		if texts, ok := t.Texts(f.id); ok {
			v.Set(reflect.ValueOf(texts))
		}
	case v.Kind() == reflect.String:
		v.SetString(t.Text(f.id))
	case v.Kind() == reflect.Pointer:
		if sub := t.Sub(f.id); sub.Present() {
			done := t.In(v.Type().Elem().Name(), -1)
			v.Set(reflect.New(v.Type().Elem()))
			r.table(sub, v.Elem())
			done()
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Pointer:
		r.tables(t, f, v)
	case v.Kind() == reflect.Slice:
		r.vector(t, f, v)
	default:
		scalar(v, t.Scalar(f.id, int(v.Type().Size())), f.def)
	}
}

func (r reader) tables(t schema.Raw, f field, v reflect.Value) {
	subs, ok := t.Subs(f.id)
	if !ok {
		return
	}
	element := v.Type().Elem()
	v.Set(reflect.MakeSlice(v.Type(), len(subs), len(subs)))
	for i, sub := range subs {
		done := t.In(strings.ToLower(element.Elem().Name()), i)
		v.Index(i).Set(reflect.New(element.Elem()))
		r.table(sub, v.Index(i).Elem())
		if t.Err() != nil {
			return
		}
		done()
	}
}

func (r reader) vector(t schema.Raw, f field, v reflect.Value) {
	size := int(v.Type().Elem().Size())
	data, n, ok := t.Vector(f.id, size)
	if !ok {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	switch to := v.Interface().(type) {
	case []byte:
		copy(to, data)
		return
	case []float32: // whose bits stay as they are, also those of a signalling NaN
		for i := range to {
			to[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		return
	}
	for i := range n {
		scalar(v.Index(i), data[i*size:(i+1)*size], 0)
	}
}

// union reads a union's table and its tag, which stands in the field before.
func (r reader) union(t schema.Raw, f field) Union {
	var u Union
	if b := t.Scalar(f.id-1, 1); b != nil {
		u.Tag = b[0]
	}
	sub := t.Sub(f.id)
	if !sub.Present() || t.Err() != nil {
		return u
	}
	if members := r.Unions[f.union]; u.Tag == 0 || int(u.Tag) > len(members) {
		r.newer(t, fmt.Sprintf("kind %d of %s", u.Tag, f.union))
		return u
	}
	u.Table = r.member(sub, r.Unions[f.union][u.Tag-1])
	return u
}

// member reads a table of the kind of one of a union's.
func (r reader) member(t schema.Raw, like any) any {
	layout, ok := like.(*Fields)
	if !ok {
		v := reflect.New(reflect.TypeOf(like).Elem())
		r.table(t, v.Elem())
		return v.Interface()
	}
	fields := &Fields{Name: layout.Name, Layout: layout.Layout, Values: make([][]byte, len(layout.Layout))}
	if id := t.Beyond(len(layout.Layout)); id >= 0 {
		r.newer(t, fmt.Sprintf("field %d of %s", id, layout.Name))
	}
	for i, kind := range layout.Layout {
		switch kind {
		case '1', '4', '8':
			fields.Values[i] = clone(t.Scalar(i, int(kind-'0')))
		case 's':
			if t.Has(i) {
				fields.Values[i] = append([]byte{}, t.Text(i)...)
			}
		default:
			if data, _, ok := t.Vector(i, elementSize(kind)); ok {
				fields.Values[i] = append([]byte{}, data...)
			}
		}
	}
	return fields
}

func elementSize(kind rune) int { return map[rune]int{'B': 1, 'I': 4, 'L': 8}[kind] }

func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

// scalar sets a number from its bytes; nil: the default.
func scalar(v reflect.Value, b []byte, def int64) {
	bits := uint64(def)
	if b != nil {
		var whole [8]byte
		copy(whole[:], b)
		bits = binary.LittleEndian.Uint64(whole[:])
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(bits != 0)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(floatOf(bits, v.Kind()))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		shift := 64 - 8*int(v.Type().Size()) // extends the sign
		v.SetInt(int64(bits<<shift) >> shift)
	default:
		v.SetUint(bits & (1<<(8*v.Type().Size()) - 1))
	}
}
