package modeltest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// FlexMap is a FlexBuffer map, as custom operators have for options. Values are int, float32, float64 or string.
func FlexMap(values map[string]any) []byte {
	const width, packedWidth = 8, 3 // of every number and offset, and that as a packed type has it
	kinds := map[string]byte{}
	places := map[string]int{} // of keys and strings
	var b []byte
	text := func(s string) int {
		at := len(b)
		b = append(append(b, s...), 0)
		return at
	}
	word := func(v uint64) { b = binary.LittleEndian.AppendUint64(b, v) }
	back := func(to int) { word(uint64(len(b) - to)) }
	keys := slices.Sorted(maps.Keys(values))
	strings := map[string]int{}
	for _, k := range keys {
		places[k] = text(k)
		if s, ok := values[k].(string); ok {
			for len(b)%width != 0 {
				b = append(b, 0)
			}
			word(uint64(len(s)))
			strings[k] = text(s)
		}
	}
	for len(b)%width != 0 {
		b = append(b, 0)
	}
	word(uint64(len(keys)))
	first := len(b)
	for _, k := range keys {
		back(places[k])
	}
	back(first)
	word(width)
	word(uint64(len(keys)))
	root := len(b)
	for _, k := range keys {
		switch v := values[k].(type) {
		case int:
			kinds[k] = 1
			word(uint64(v))
		case float32:
			kinds[k] = 3
			word(math.Float64bits(float64(v)))
		case float64:
			kinds[k] = 3
			word(math.Float64bits(v))
		case string:
			kinds[k] = 5
			back(strings[k])
		default:
			panic(fmt.Sprintf("a FlexBuffer of %T", v))
		}
	}
	for _, k := range keys {
		b = append(b, kinds[k]<<2|packedWidth)
	}
	back(root)
	const mapType = 9
	return append(b, mapType<<2|packedWidth, width)
}
