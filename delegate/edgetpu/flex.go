package edgetpu

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Types of FlexBuffer values that are told apart here (https://flatbuffers.dev/internals/#flexbuffers).
const (
	flexString = 5
	flexMap    = 9
	flexBlob   = 25
)

// flexBytes is the string or blob that a FlexBuffer map holds under key, not copied. A FlexBuffer is read from its
// end: root value, its packed type (type<<2 | log2 of the width), its width. Offsets count backwards.
func flexBytes(buf []byte, key string) ([]byte, error) {
	if len(buf) < 3 {
		return nil, fmt.Errorf("%d bytes are too few for a FlexBuffer", len(buf))
	}
	packed, width := buf[len(buf)-2], int(buf[len(buf)-1])
	if packed>>2 != flexMap || width != 1 && width != 2 && width != 4 && width != 8 {
		return nil, fmt.Errorf("it is no FlexBuffer map (type %d, width %d)", packed>>2, width)
	}
	b := flexBuffer(buf[:len(buf)-2])
	start, ok := b.back(len(b)-width, width)
	w := 1 << (packed & 3)
	if !ok || start < 3*w {
		return nil, errFlex
	}
	n, ok1 := b.uint(start-w, w)
	keyWidth, ok2 := b.uint(start-2*w, w)
	keys, ok3 := b.back(start-3*w, w)
	if !ok1 || !ok2 || !ok3 || n > uint64(len(b)/w) || keyWidth > 8 {
		return nil, errFlex
	}
	types := start + int(n)*w
	if types > len(b) || types+int(n) > len(b) {
		return nil, errFlex
	}
	for i := range int(n) {
		at, ok := b.back(keys+i*int(keyWidth), int(keyWidth))
		if !ok {
			return nil, errFlex
		}
		end := bytes.IndexByte(b[at:], 0)
		if end < 0 {
			return nil, errFlex
		}
		if string(b[at:at+end]) != key {
			continue
		}
		t := b[types+i]
		if t>>2 != flexString && t>>2 != flexBlob {
			return nil, fmt.Errorf("its FlexBuffer map holds no string under %q", key)
		}
		return b.sized(start+i*w, w, 1<<(t&3))
	}
	return nil, fmt.Errorf("its FlexBuffer map has no key %q", key)
}

var errFlex = errors.New("its FlexBuffer map is broken: an offset points outside")

type flexBuffer []byte

// uint reads a little-endian number of 1, 2, 4 or 8 bytes.
func (b flexBuffer) uint(pos, width int) (uint64, bool) {
	if pos < 0 || pos > len(b)-width {
		return 0, false
	}
	switch s := b[pos:]; width {
	case 1:
		return uint64(s[0]), true
	case 2:
		return uint64(binary.LittleEndian.Uint16(s)), true
	case 4:
		return uint64(binary.LittleEndian.Uint32(s)), true
	case 8:
		return binary.LittleEndian.Uint64(s), true
	default:
		return 0, false
	}
}

// back follows the backward offset at pos.
func (b flexBuffer) back(pos, width int) (int, bool) {
	offset, ok := b.uint(pos, width)
	if !ok || offset > uint64(pos) {
		return 0, false
	}
	return pos - int(offset), true
}

// sized is the string or blob that the offset at pos leads to; its length stands before it.
func (b flexBuffer) sized(pos, width, lengthWidth int) ([]byte, error) {
	start, ok := b.back(pos, width)
	if !ok {
		return nil, errFlex
	}
	n, ok := b.uint(start-lengthWidth, lengthWidth)
	if !ok || n > uint64(len(b)-start) {
		return nil, errFlex
	}
	return b[start : start+int(n)], nil
}
