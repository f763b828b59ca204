package schema

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// FlexBuffer types (flatbuffers/flexbuffers.h). The low two bits of a packed type are the width of what it points to.
const (
	flexNull, flexInt, flexUint, flexFloat, flexKey, flexString       = 0, 1, 2, 3, 4, 5
	flexIndirectInt, flexIndirectFloat, flexMap, flexVector           = 6, 8, 9, 10
	flexVectorInt, flexVectorFloat, flexVectorKey, flexVectorString   = 11, 13, 14, 15
	flexVectorInt2, flexVectorFloat4, flexBlob, flexBool, flexBoolVec = 16, 24, 25, 26, 36
)

// flexOperators are the custom operators whose options are a FlexBuffer map: those of the runtime, which reads it
// unchecked, and the one that package tflite adds.
var flexOperators = map[string]bool{
	"TFLite_Detection_PostProcess": true, "AudioSpectrogram": true, "Mfcc": true, PosenetOp: true,
}

// flex walks a FlexBuffer and checks every offset, size and terminator.
type flex struct {
	buf    []byte
	values int // remaining budget
}

var errFlex = errors.New("broken FlexBuffer")

// verifyFlex checks a FlexBuffer whose root is a map. The root is at the end: the value, its packed type, its width.
func verifyFlex(buf []byte) error {
	if len(buf) < 3 {
		return errFlex
	}
	width, packed := int(buf[len(buf)-1]), buf[len(buf)-2]
	if !isWidth(width) || len(buf)-2-width < 0 || packed>>2 != flexMap {
		return errFlex
	}
	f := &flex{buf: buf, values: 4 * len(buf)}
	return f.value(len(buf)-2-width, width, packed, 0)
}

func isWidth(w int) bool { return w == 1 || w == 2 || w == 4 || w == 8 }

// uint reads an unsigned number of width bytes.
func (f *flex) uint(pos, width int) (uint64, error) {
	if pos < 0 || width > len(f.buf)-pos {
		return 0, errFlex
	}
	var b [8]byte
	copy(b[:], f.buf[pos:pos+width])
	return binary.LittleEndian.Uint64(b[:]), nil
}

// follow reads the backward offset at pos.
func (f *flex) follow(pos, width int) (int, error) {
	offset, err := f.uint(pos, width)
	if err != nil || offset > uint64(pos) {
		return 0, errFlex
	}
	return pos - int(offset), nil
}

// value checks the value at pos, which is width bytes wide.
func (f *flex) value(pos, width int, packed byte, depth int) error {
	if f.values--; f.values < 0 || depth > 32 {
		return errFlex
	}
	kind, child := int(packed>>2), 1<<(packed&3)
	if kind <= flexFloat || kind == flexBool {
		_, err := f.uint(pos, width)
		return err
	}
	target, err := f.follow(pos, width)
	if err != nil {
		return err
	}
	switch {
	case kind == flexKey:
		return f.key(target)
	case kind >= flexIndirectInt && kind <= flexIndirectFloat:
		_, err := f.uint(target, child)
		return err
	case kind == flexString || kind == flexBlob:
		n, err := f.size(target, child, 1)
		if err == nil && kind == flexString && (target+n >= len(f.buf) || f.buf[target+n] != 0) {
			err = errFlex
		}
		return err
	case kind == flexMap:
		return f.mapping(target, child, depth)
	case kind == flexVector:
		return f.vector(target, child, depth)
	case kind >= flexVectorInt && kind <= flexVectorFloat || kind == flexBoolVec:
		_, err := f.size(target, child, child)
		return err
	case kind == flexVectorKey:
		return f.keys(target, child)
	case kind >= flexVectorInt2 && kind <= flexVectorFloat4:
		n := (kind-flexVectorInt2)/3 + 2
		if n*child > len(f.buf)-target {
			return errFlex
		}
		return nil
	default: // flexVectorString is deprecated and not written by anything
		return errFlex
	}
}

// size reads the element count stored before target and checks that the elements fit after it.
func (f *flex) size(target, width, element int) (int, error) {
	n, err := f.uint(target-width, width)
	if err != nil || n > uint64(len(f.buf)-target)/uint64(element) {
		return 0, errFlex
	}
	return int(n), nil
}

func (f *flex) key(target int) error {
	if bytes.IndexByte(f.buf[target:], 0) < 0 {
		return errFlex
	}
	return nil
}

func (f *flex) keys(target, width int) error {
	n, err := f.size(target, width, width)
	for i := 0; i < n && err == nil; i++ {
		if f.values--; f.values < 0 {
			return errFlex
		}
		var key int
		if key, err = f.follow(target+i*width, width); err == nil {
			err = f.key(key)
		}
	}
	return err
}

// vector checks values of width bytes each, followed by their packed types.
func (f *flex) vector(target, width, depth int) error {
	n, err := f.size(target, width, width+1)
	for i := 0; i < n && err == nil; i++ {
		err = f.value(target+i*width, width, f.buf[target+n*width+i], depth+1)
	}
	return err
}

// mapping checks a map: a vector of values with, before its size, the width and the place of its keys.
func (f *flex) mapping(target, width, depth int) error {
	keysWidth, err := f.uint(target-2*width, width)
	if err != nil || keysWidth > 8 || !isWidth(int(keysWidth)) || target-3*width < 0 {
		return errFlex
	}
	keys, err := f.follow(target-3*width, width)
	if err != nil {
		return err
	}
	values, err := f.size(target, width, width+1)
	if err != nil {
		return err
	}
	if n, err := f.size(keys, int(keysWidth), int(keysWidth)); err != nil || n != values {
		return errFlex
	}
	if err := f.keys(keys, int(keysWidth)); err != nil {
		return err
	}
	return f.vector(target, width, depth)
}
