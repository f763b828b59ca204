package flatfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"

	flatbuffers "github.com/google/flatbuffers/go"
)

// MaxSize is the most bytes of a file, whose offsets have 32 bits of which one is a sign.
const MaxSize = math.MaxInt32 - 1<<16

// Write is the FlatBuffer of the struct that from points to. Its bytes depend on the struct alone.
func (s *Schema) Write(from any) (file []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // how the builder says that a file is too large
			err = fmt.Errorf("it cannot be written: %v", r)
		}
	}()
	w := writer{s, flatbuffers.NewBuilder(1 << 16)}
	root, err := w.table(reflect.ValueOf(from).Elem())
	if err != nil {
		return nil, err
	}
	w.FinishWithFileIdentifier(root, []byte(s.Identifier))
	return w.FinishedBytes(), nil
}

type writer struct {
	*Schema
	*flatbuffers.Builder
}

// put is a field that is ready to be written into its table.
type put struct {
	id     int
	offset flatbuffers.UOffsetT // of what stands elsewhere; 0: a number
	bits   uint64
	size   int
}

func (w writer) table(v reflect.Value) (flatbuffers.UOffsetT, error) {
	p := planOf(v.Type())
	var puts []put
	for _, f := range p.fields {
		more, err := w.field(f, v.Field(f.index))
		if err != nil {
			return 0, err
		}
		puts = append(puts, more...)
	}
	return w.object(p.count, puts), nil
}

// object writes a table. The largest fields come first, so that there is no padding between.
func (w writer) object(count int, puts []put) flatbuffers.UOffsetT {
	w.StartObject(count)
	for _, size := range []int{8, 4, 2, 1} {
		for _, p := range puts {
			if p.size != size {
				continue
			}
			switch {
			case p.offset != 0:
				w.PrependUOffsetT(p.offset)
			case size == 8:
				w.PrependUint64(p.bits)
			case size == 4:
				w.PrependUint32(uint32(p.bits))
			case size == 2:
				w.PrependUint16(uint16(p.bits))
			default:
				w.PrependByte(byte(p.bits))
			}
			w.Slot(p.id)
		}
	}
	return w.EndObject()
}

func elsewhere(id int, offset flatbuffers.UOffsetT) []put {
	return []put{{id: id, offset: offset, size: flatbuffers.SizeUOffsetT}}
}

func (w writer) field(f field, v reflect.Value) ([]put, error) {
	switch {
	case v.Type() == unionType:
		return w.union(f, v.Interface().(Union))
	case v.Kind() == reflect.String:
		if v.Len() == 0 {
			return nil, nil
		}
		return elsewhere(f.id, w.CreateString(v.String())), nil
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		offset, err := w.table(v.Elem())
		return elsewhere(f.id, offset), err
	case v.Kind() == reflect.Slice:
		if v.IsNil() {
			return nil, nil
		}
		offset, err := w.slice(f, v)
		return elsewhere(f.id, offset), err
	}
	if bits := bitsOf(v); bits != bitsOfDefault(v, f.def) {
		return []put{{id: f.id, bits: bits, size: int(v.Type().Size())}}, nil
	}
	return nil, nil
}

func (w writer) slice(f field, v reflect.Value) (flatbuffers.UOffsetT, error) {
	kind := v.Type().Elem().Kind()
	if kind != reflect.Pointer && kind != reflect.String {
		return w.vector(v, f.align)
	}
	offsets := make([]flatbuffers.UOffsetT, v.Len())
	for i := range offsets {
		if kind == reflect.String {
			offsets[i] = w.CreateString(v.Index(i).String())
			continue
		}
		if v.Index(i).IsNil() {
			return 0, errors.New("a table of a list is missing")
		}
		var err error
		if offsets[i], err = w.table(v.Index(i).Elem()); err != nil {
			return 0, err
		}
	}
	w.StartVector(flatbuffers.SizeUOffsetT, len(offsets), flatbuffers.SizeUOffsetT)
	for i := len(offsets) - 1; i >= 0; i-- {
		w.PrependUOffsetT(offsets[i])
	}
	return w.EndVector(len(offsets)), nil
}

// vector writes numbers. The elements begin at a multiple of their size, and of align.
func (w writer) vector(v reflect.Value, align int) (flatbuffers.UOffsetT, error) {
	size := int(v.Type().Elem().Size())
	var data []byte
	switch from := v.Interface().(type) {
	case []byte:
		data = from
	case []float32:
		for _, x := range from {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
	default:
		data = make([]byte, size*v.Len())
		for i := range v.Len() {
			for k, bits := 0, bitsOf(v.Index(i)); k < size; k++ {
				data[i*size+k] = byte(bits >> (8 * k))
			}
		}
	}
	return w.bytes(data, size, align)
}

// bytes writes the elements of a vector, each of that size.
func (w writer) bytes(data []byte, size, align int) (flatbuffers.UOffsetT, error) {
	if len(data)+int(w.Offset()) > MaxSize {
		return 0, fmt.Errorf("it is larger than 2 GiB, which a .tflite file cannot be")
	}
	n := len(data) / size
	w.StartVector(size, n, max(align, size)) // makes room for all of it
	for len(data) >= 8 {                     // from behind, as the builder does
		w.PlaceUint64(binary.LittleEndian.Uint64(data[len(data)-8:]))
		data = data[:len(data)-8]
	}
	for i := len(data) - 1; i >= 0; i-- {
		w.PlaceByte(data[i])
	}
	return w.EndVector(n), nil
}

func (w writer) union(f field, u Union) ([]put, error) {
	var puts []put
	if u.Tag != 0 {
		puts = []put{{id: f.id - 1, bits: uint64(u.Tag), size: 1}}
	}
	switch t := u.Table.(type) {
	case nil:
		return puts, nil
	case *Fields:
		offset, err := w.fields(t)
		return append(puts, elsewhere(f.id, offset)...), err
	default:
		offset, err := w.table(reflect.ValueOf(t).Elem())
		return append(puts, elsewhere(f.id, offset)...), err
	}
}

func (w writer) fields(t *Fields) (flatbuffers.UOffsetT, error) {
	var puts []put
	for i, kind := range t.Layout {
		if i >= len(t.Values) || t.Values[i] == nil {
			continue
		}
		value := t.Values[i]
		switch kind {
		case '1', '4', '8':
			size := int(kind - '0')
			if len(value) != size {
				return 0, fmt.Errorf("field %d of %s has %d bytes (want %d)", i, t.Name, len(value), size)
			}
			p := put{id: i, size: size}
			for k, b := range value {
				p.bits |= uint64(b) << (8 * k)
			}
			puts = append(puts, p)
		case 's':
			puts = append(puts, elsewhere(i, w.CreateByteString(value))...)
		default:
			if len(value)%elementSize(kind) != 0 {
				return 0, fmt.Errorf("field %d of %s has %d bytes, which are no whole elements", i, t.Name, len(value))
			}
			offset, err := w.bytes(value, elementSize(kind), 0)
			if err != nil {
				return 0, err
			}
			puts = append(puts, elsewhere(i, offset)...)
		}
	}
	return w.object(len(t.Layout), puts), nil
}

// bitsOf is a number as the file has it.
func bitsOf(v reflect.Value) uint64 {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return 1
		}
		return 0
	case reflect.Float32:
		return uint64(math.Float32bits(float32(v.Float())))
	case reflect.Float64:
		return math.Float64bits(v.Float())
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return uint64(v.Int()) & (1<<(8*v.Type().Size()) - 1)
	default:
		return v.Uint()
	}
}

// bitsOfDefault is a default of the number's type, as the file would have it.
func bitsOfDefault(v reflect.Value, def int64) uint64 {
	return uint64(def) & (1<<(8*v.Type().Size()) - 1)
}

func floatOf(bits uint64, kind reflect.Kind) float64 {
	if kind == reflect.Float32 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}
