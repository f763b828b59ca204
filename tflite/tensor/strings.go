package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A string tensor's memory is one buffer, as tensorflow/lite/string_util.h describes it, all numbers 32-bit little
// endian: the count of strings, count+1 offsets from the buffer's start (the last is the buffer's end), the strings'
// bytes one after another without terminators.

// AppendStrings appends the buffer that holds the strings to dst. It fails when the buffer would pass 2 GiB, which
// its offsets cannot express.
func AppendStrings(dst []byte, values ...string) ([]byte, error) {
	end := int64(4 * (len(values) + 2))
	for _, v := range values {
		end += int64(len(v))
	}
	if end > math.MaxInt32 {
		return dst, fmt.Errorf("%d strings need %d bytes, more than a string tensor can hold", len(values), end)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(values)))
	offset := uint32(4 * (len(values) + 2))
	dst = binary.LittleEndian.AppendUint32(dst, offset)
	for _, v := range values {
		offset += uint32(len(v))
		dst = binary.LittleEndian.AppendUint32(dst, offset)
	}
	for _, v := range values {
		dst = append(dst, v...)
	}
	return dst, nil
}

// StringCount checks a string tensor's buffer and returns how many strings it holds.
func StringCount(buffer []byte) (int, error) {
	if len(buffer) < 4 {
		return 0, fmt.Errorf("a string buffer of %d bytes has no count", len(buffer))
	}
	n := binary.LittleEndian.Uint32(buffer)
	if n == 0 {
		return 0, nil // the runtime writes the count alone, or the count and one offset
	}
	first := 4 * (uint64(n) + 2)
	if first > uint64(len(buffer)) {
		return 0, fmt.Errorf("a string buffer of %d bytes cannot hold the offsets of %d strings", len(buffer), n)
	}
	last := first
	for i := range uint64(n) + 1 {
		offset := uint64(binary.LittleEndian.Uint32(buffer[4+4*i:]))
		if offset < last || offset > uint64(len(buffer)) || i == 0 && offset != first {
			return 0, fmt.Errorf("string %d of %d starts at %d, outside its buffer", i, n, offset)
		}
		last = offset
	}
	return int(n), nil
}

// Strings are the strings of a tensor of type [String], copied.
func Strings(t Tensor) ([]string, error) {
	if t.Type != String {
		return nil, fmt.Errorf("tensor %q has type %s, not string", t.Name, t.Type)
	}
	if len(t.Data) == 0 {
		return nil, nil
	}
	n, err := StringCount(t.Data)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	values := make([]string, n)
	for i := range values {
		start := binary.LittleEndian.Uint32(t.Data[4+4*i:])
		end := binary.LittleEndian.Uint32(t.Data[8+4*i:])
		values[i] = string(t.Data[start:end])
	}
	return values, nil
}
