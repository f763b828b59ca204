package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrInvalid is wrapped by errors about bytes that are not a valid model.
var ErrInvalid = errors.New("not a valid .tflite model")

// Limits on the work for a hostile file: tables may be shared, so that a small file can describe a large tree.
const (
	maxTables    = 1_000_000 // as in the FlatBuffers C++ verifier
	copiedFactor = 8         // bytes copied out of the file for each byte in it
	copiedFloor  = 1 << 20
)

// reader walks a FlatBuffer and checks every step against the buffer's bounds. The layout is that of
// https://flatbuffers.dev/internals/: a table starts with the signed distance to its vtable, which holds 16-bit
// offsets of the fields; tables, vectors and strings are reached by unsigned 32-bit forward offsets.
//
// The first error is kept in err; after it every method returns zero values.
type reader struct {
	buf    []byte
	err    error
	tables int // remaining budget
	copied int // remaining bytes
	end    int // of what was read so far
	place  []step

	survey  bool // what the runtime cannot run is read on
	refused []error
}

// step is one level of the path in an error: "subgraph 0", "tensor 12".
type step struct {
	name  string
	index int
}

func newReader(buf []byte) *reader {
	return &reader{buf: buf, tables: maxTables, copied: copiedFloor + copiedFactor*min(len(buf), math.MaxInt32/16)}
}

// in adds a level to the path in errors until out is called with the returned level.
func (r *reader) in(name string, index int) { r.place = append(r.place, step{name, index}) }

func (r *reader) out() { r.place = r.place[:len(r.place)-1] }

// fail keeps the first error, with its path.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s%s", ErrInvalid, r.where(), fmt.Sprintf(format, args...))
	}
}

// where is the current path, followed by a colon.
func (r *reader) where() string {
	var where strings.Builder
	for _, s := range r.place {
		if s.index < 0 {
			fmt.Fprintf(&where, "%s: ", s.name)
		} else {
			fmt.Fprintf(&where, "%s %d: ", s.name, s.index)
		}
	}
	return where.String()
}

// has checks that size bytes at pos lie in the buffer and that pos is a multiple of align.
func (r *reader) has(pos, size, align int) bool {
	if r.err != nil {
		return false
	}
	if pos < 0 || size < 0 || pos > len(r.buf) || size > len(r.buf)-pos {
		r.fail("%d bytes at offset %d lie outside the file's %d bytes", size, pos, len(r.buf))
		return false
	}
	if pos%align != 0 {
		r.fail("offset %d is not a multiple of %d", pos, align)
		return false
	}
	r.end = max(r.end, pos+size)
	return true
}

// follow reads the forward offset at pos, which the caller has checked, and returns where it points.
func (r *reader) follow(pos int) int {
	offset := binary.LittleEndian.Uint32(r.buf[pos:])
	if offset == 0 || uint64(offset) > uint64(len(r.buf)-pos) {
		r.fail("the offset %d at %d points outside the file or at itself", offset, pos)
		return 0
	}
	return pos + int(offset)
}

// copies counts bytes that are copied out of the file.
func (r *reader) copies(n int) bool {
	if r.err != nil {
		return false
	}
	if n > r.copied {
		r.fail("shared tables or vectors would expand it to many times its size")
		return false
	}
	r.copied -= n
	return true
}

// table is a table whose vtable has been checked. The zero table is an absent one.
type table struct {
	r                 *reader
	pos, vtable, size int // size: of the table's own fields
	vsize             int // size of the vtable
}

func (t table) present() bool { return t.r != nil }

// table checks the table at pos.
func (r *reader) table(pos int) table {
	if !r.has(pos, 4, 4) {
		return table{}
	}
	if r.tables--; r.tables < 0 {
		r.fail("the file has more than %d tables", maxTables)
		return table{}
	}
	vtable := int64(pos) - int64(int32(binary.LittleEndian.Uint32(r.buf[pos:])))
	if vtable < 0 || vtable > int64(len(r.buf)) || !r.has(int(vtable), 4, 2) {
		r.fail("the table at %d has its vtable outside the file", pos)
		return table{}
	}
	t := table{r: r, pos: pos, vtable: int(vtable)}
	t.vsize = int(binary.LittleEndian.Uint16(r.buf[t.vtable:]))
	t.size = int(binary.LittleEndian.Uint16(r.buf[t.vtable+2:]))
	if t.vsize < 4 || t.vsize%2 != 0 || !r.has(t.vtable, t.vsize, 2) || t.size < 4 || !r.has(pos, t.size, 4) {
		r.fail("the table at %d has a broken vtable", pos)
		return table{}
	}
	return t
}

// field is the position of a field of the given size, or 0 if the table omits it (default value).
func (t table) field(id, size int) int {
	entry := 4 + 2*id
	if t.r == nil || t.r.err != nil || entry+2 > t.vsize {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(t.r.buf[t.vtable+entry:]))
	if offset == 0 {
		return 0
	}
	if offset < 4 || offset+size > t.size {
		t.r.fail("field %d of the table at %d lies outside the table", id, t.pos)
		return 0
	}
	if !t.r.has(t.pos+offset, size, size) {
		return 0
	}
	return t.pos + offset
}

func (t table) byteOr(id int, value byte) byte {
	if p := t.field(id, 1); p != 0 {
		return t.r.buf[p]
	}
	return value
}

func (t table) uint32(id int) uint32 {
	if p := t.field(id, 4); p != 0 {
		return binary.LittleEndian.Uint32(t.r.buf[p:])
	}
	return 0
}

func (t table) int32Or(id int, value int32) int32 {
	if p := t.field(id, 4); p != 0 {
		return int32(binary.LittleEndian.Uint32(t.r.buf[p:]))
	}
	return value
}

// float is a 32-bit float, 0 when it is absent.
func (t table) float(id int) float32 { return math.Float32frombits(t.uint32(id)) }

func (t table) uint64(id int) uint64 {
	if p := t.field(id, 8); p != 0 {
		return binary.LittleEndian.Uint64(t.r.buf[p:])
	}
	return 0
}

// sub is the table that a field points to; absent if the field is.
func (t table) sub(id int) table {
	p := t.field(id, 4)
	if p == 0 {
		return table{}
	}
	if p = t.r.follow(p); p == 0 {
		return table{}
	}
	return t.r.table(p)
}

// vector is a vector's elements: where they start, how many there are.
type vector struct {
	r       *reader
	pos, n  int
	present bool
}

// vector checks a vector of elements of the given size. The elements are aligned to their size, as the C++ runtime
// reads them in place.
func (t table) vector(id, size int) vector {
	p := t.field(id, 4)
	if p == 0 {
		return vector{}
	}
	if p = t.r.follow(p); p == 0 {
		return vector{}
	}
	return t.r.vector(p, size)
}

// vector checks the vector at pos.
func (r *reader) vector(pos, size int) vector {
	if !r.has(pos, 4, 4) {
		return vector{}
	}
	n := binary.LittleEndian.Uint32(r.buf[pos:])
	pos += 4
	if uint64(n)*uint64(size) > uint64(len(r.buf)-pos) {
		r.fail("the vector of %d elements at %d extends past the end of the file", n, pos)
		return vector{}
	}
	if n > 0 && !r.has(pos, size, size) {
		return vector{}
	}
	r.end = max(r.end, pos+int(n)*size)
	return vector{r: r, pos: pos, n: int(n), present: true}
}

// tables is a vector of tables; at gives one.
func (t table) tables(id int) vector { return t.vector(id, 4) }

func (v vector) at(i int) table {
	p := v.r.follow(v.pos + 4*i)
	if p == 0 {
		return table{}
	}
	return v.r.table(p)
}

// bytes is a byte vector, not copied; nil when it is absent.
func (t table) bytes(id int) []byte {
	v := t.vector(id, 1)
	if !v.present {
		return nil
	}
	return t.r.buf[v.pos : v.pos+v.n : v.pos+v.n]
}

// ints is a copy of a vector of 32-bit integers; nil when it is absent.
func (t table) ints(id int) []int {
	v := t.vector(id, 4)
	if !v.present || !t.r.copies(8*v.n) {
		return nil
	}
	s := make([]int, v.n)
	for i := range s {
		s[i] = int(int32(binary.LittleEndian.Uint32(t.r.buf[v.pos+4*i:])))
	}
	return s
}

// floats is a copy of a vector of 32-bit floats.
func (t table) floats(id int) []float32 {
	v := t.vector(id, 4)
	if !v.present || !t.r.copies(4*v.n) {
		return nil
	}
	s := make([]float32, v.n)
	for i := range s {
		s[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.r.buf[v.pos+4*i:]))
	}
	return s
}

// longs is a copy of a vector of 64-bit integers.
func (t table) longs(id int) []int64 {
	v := t.vector(id, 8)
	if !v.present || !t.r.copies(8*v.n) {
		return nil
	}
	s := make([]int64, v.n)
	for i := range s {
		s[i] = int64(binary.LittleEndian.Uint64(t.r.buf[v.pos+8*i:]))
	}
	return s
}

// text is a copy of a string.
func (t table) text(id int) string { return t.vector(id, 1).text() }

// text is a copy of a string. The runtime takes strings as C strings, so the terminating zero must be there and
// must be the first.
func (v vector) text() string {
	if !v.present || !v.r.copies(v.n) {
		return ""
	}
	if v.pos+v.n >= len(v.r.buf) || v.r.buf[v.pos+v.n] != 0 {
		v.r.fail("the string at %d has no terminating zero", v.pos)
		return ""
	}
	v.r.end = max(v.r.end, v.pos+v.n+1)
	return string(v.r.buf[v.pos : v.pos+v.n])
}
