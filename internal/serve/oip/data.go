package oip

import (
	"encoding/binary"
	"math"
	"strconv"

	"corallite/internal/serve/hub"
	"corallite/tflite/tensor"
)

// parseData reads the numbers of a tensor from JSON, flat or nested: valid JSON, as encoding/json has passed it on.
func parseData(text []byte, t tensor.Type, count int) ([]byte, error) {
	size := t.Size()
	out := make([]byte, 0, min(count, len(text))*size) // each number has a byte at least
	for at := 0; at < len(text); {
		switch c := text[at]; c {
		case '[', ']', ',', ' ', '\t', '\n', '\r':
			at++
			continue
		case '{', '"', ':':
			return nil, hub.Bad("data has something else than numbers: %q", excerpt(text[at:]))
		}
		end := at
		for end < len(text) && !delimits(text[end]) {
			end++
		}
		if len(out) == count*size {
			return nil, hub.Bad("data has more than the %d numbers of the shape", count)
		}
		var err error
		if out, err = appendNumber(out, text[at:end], t); err != nil {
			return nil, err
		}
		at = end
	}
	if len(out) != count*size {
		return nil, hub.Bad("data has %d numbers, and the shape %d", len(out)/size, count)
	}
	return out, nil
}

func delimits(c byte) bool {
	return c == '[' || c == ']' || c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '{' || c == '"' || c == ':'
}

func excerpt(text []byte) []byte { return text[:min(len(text), 20)] }

// appendNumber appends a number as a tensor has it. It allocates nothing for it: pictures have hundreds of thousands.
func appendNumber(out, word []byte, t tensor.Type) ([]byte, error) {
	bits := 8 * t.Size()
	switch t {
	case tensor.Bool:
		switch string(word) {
		case "true", "1":
			return append(out, 1), nil
		case "false", "0":
			return append(out, 0), nil
		}
	case tensor.Float32, tensor.Float64:
		if v, err := strconv.ParseFloat(string(word), bits); err == nil {
			if bits == 32 {
				return binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v))), nil
			}
			return binary.LittleEndian.AppendUint64(out, math.Float64bits(v)), nil
		}
	case tensor.UInt8, tensor.UInt16, tensor.UInt32, tensor.UInt64:
		if v, err := strconv.ParseUint(string(word), 10, bits); err == nil {
			return appendBits(out, v, bits), nil
		}
	case tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64:
		if v, err := strconv.ParseInt(string(word), 10, bits); err == nil {
			return appendBits(out, uint64(v), bits), nil
		}
	default:
		return nil, hub.Bad("a tensor of %s cannot be sent as JSON: use binary data", datatype(t))
	}
	return nil, hub.Bad("%.40s in data is no %s", word, datatype(t))
}

// appendBits appends the low bits of v.
func appendBits(out []byte, v uint64, bits int) []byte {
	for range bits / 8 {
		out = append(out, byte(v))
		v >>= 8
	}
	return out
}

// appendData appends the numbers of a tensor as a flat JSON array.
func appendData(out, data []byte, t tensor.Type) ([]byte, error) {
	out = append(out, '[')
	size := t.Size()
	for at := 0; at+size <= len(data); at += size {
		if at > 0 {
			out = append(out, ',')
		}
		var v uint64
		for i := size - 1; i >= 0; i-- {
			v = v<<8 | uint64(data[at+i])
		}
		switch t {
		case tensor.Bool:
			out = strconv.AppendBool(out, v != 0)
		case tensor.UInt8, tensor.UInt16, tensor.UInt32, tensor.UInt64:
			out = strconv.AppendUint(out, v, 10)
		case tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64:
			shift := 64 - 8*size
			out = strconv.AppendInt(out, int64(v<<shift)>>shift, 10)
		case tensor.Float32, tensor.Float64:
			x, bits := math.Float64frombits(v), 64
			if t == tensor.Float32 {
				x, bits = float64(math.Float32frombits(uint32(v))), 32
			}
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, hub.Fault(500, "an output has the value %v, which JSON has no word for: ask for binary data", x)
			}
			out = strconv.AppendFloat(out, x, 'g', -1, bits)
		default:
			return nil, hub.Bad("an output of %s cannot be sent as JSON: ask for binary data", datatype(t))
		}
	}
	return append(out, ']'), nil
}
