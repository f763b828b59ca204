package edgetpu

import (
	"encoding/binary"
	"fmt"
)

// flatTable reads fields of one FlatBuffer table (https://flatbuffers.dev/internals/), every step checked against
// the buffer. It knows only what a compiled package needs: scalars, strings, byte vectors and vectors of strings.
// The first fault is kept in err, and zero values follow it.
type flatTable struct {
	buf    []byte
	pos    int
	vtable []byte
	err    error
}

// flatRoot is the root table of buf. An identifier, where one is wanted, stands in bytes 4 to 8.
func flatRoot(buf []byte, identifier string) (*flatTable, error) {
	if len(buf) < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a FlatBuffer", len(buf))
	}
	if identifier != "" && string(buf[4:8]) != identifier {
		return nil, fmt.Errorf("its identifier is %q, not %q", buf[4:8], identifier)
	}
	pos := int64(binary.LittleEndian.Uint32(buf))
	if pos < 4 || pos > int64(len(buf)-4) {
		return nil, fmt.Errorf("its root table at %d lies outside its %d bytes", pos, len(buf))
	}
	vtable := pos - int64(int32(binary.LittleEndian.Uint32(buf[pos:])))
	if vtable < 0 || vtable > int64(len(buf)-4) {
		return nil, fmt.Errorf("its vtable at %d lies outside its %d bytes", vtable, len(buf))
	}
	size := int64(binary.LittleEndian.Uint16(buf[vtable:]))
	if size < 4 || size%2 != 0 || size > int64(len(buf))-vtable {
		return nil, fmt.Errorf("its vtable of %d bytes is broken", size)
	}
	return &flatTable{buf: buf, pos: int(pos), vtable: buf[vtable : vtable+size]}, nil
}

func (t *flatTable) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

// field is the position of a field of the given size, or 0 when it is absent.
func (t *flatTable) field(id, size int) int {
	entry := 4 + 2*id
	if t.err != nil || entry+2 > len(t.vtable) {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(t.vtable[entry:]))
	if offset == 0 {
		return 0
	}
	if offset > len(t.buf)-t.pos-size {
		t.fail("field %d lies outside the %d bytes", id, len(t.buf))
		return 0
	}
	return t.pos + offset
}

func (t *flatTable) int16(id int) int {
	if p := t.field(id, 2); p != 0 {
		return int(int16(binary.LittleEndian.Uint16(t.buf[p:])))
	}
	return 0
}

func (t *flatTable) int32(id int) int {
	if p := t.field(id, 4); p != 0 {
		return int(int32(binary.LittleEndian.Uint32(t.buf[p:])))
	}
	return 0
}

func (t *flatTable) uint64(id int) uint64 {
	if p := t.field(id, 8); p != 0 {
		return binary.LittleEndian.Uint64(t.buf[p:])
	}
	return 0
}

// vector says where the elements of a vector start and how many there are.
func (t *flatTable) vector(id, size int) (start, n int) {
	p := t.field(id, 4)
	if p == 0 {
		return 0, 0
	}
	return t.vectorAt(p, size)
}

// vectorAt follows the forward offset at pos, which lies inside the buffer, to a vector.
func (t *flatTable) vectorAt(pos, size int) (start, n int) {
	at := int64(pos) + int64(binary.LittleEndian.Uint32(t.buf[pos:]))
	if at > int64(len(t.buf)-4) {
		t.fail("the vector at %d lies outside the %d bytes", at, len(t.buf))
		return 0, 0
	}
	count := int64(binary.LittleEndian.Uint32(t.buf[at:]))
	if count*int64(size) > int64(len(t.buf))-at-4 {
		t.fail("a vector of %d elements at %d reaches past the %d bytes", count, at, len(t.buf))
		return 0, 0
	}
	return int(at) + 4, int(count)
}

// bytes is a byte vector or a string, not copied.
func (t *flatTable) bytes(id int) []byte {
	start, n := t.vector(id, 1)
	return t.buf[start : start+n]
}

// strings calls f with each string of a vector of strings, not copied, until f fails.
func (t *flatTable) strings(id int, f func(i int, s []byte) error) error {
	start, n := t.vector(id, 4)
	for i := range n {
		p, size := t.vectorAt(start+4*i, 1)
		if t.err != nil {
			return t.err
		}
		if err := f(i, t.buf[p:p+size]); err != nil {
			return err
		}
	}
	return t.err
}
