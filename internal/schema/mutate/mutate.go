// Package mutate breaks .tflite models in the ways that files break: for tests of what reads them.
package mutate

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"unsafe"

	"corallite/internal/schema"
)

// Seed is a sound model to break, with the parts of it that matter.
type Seed struct {
	Name  string
	Bytes []byte
	spots []int // offsets outside large constants: where a change alters more than a weight
}

// NewSeed looks for the places worth breaking.
func NewSeed(name string, model []byte) (Seed, error) {
	m, err := schema.Read(model)
	if err != nil {
		return Seed{}, fmt.Errorf("%s: %w", name, err)
	}
	weight := make([]bool, len(model))
	for _, g := range m.Subgraphs {
		for _, t := range g.Tensors {
			// The views point into model. Small constants stay: they are shapes, axes and paddings.
			if len(t.Data) > 256 {
				start := int(uintptr(unsafe.Pointer(&t.Data[0])) - uintptr(unsafe.Pointer(&model[0])))
				for i := range t.Data {
					weight[start+i] = true
				}
			}
		}
	}
	s := Seed{Name: name, Bytes: model}
	for i, w := range weight {
		if !w {
			s.spots = append(s.spots, i)
		}
	}
	return s, nil
}

// values are numbers at which code breaks.
var values = []uint32{0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 1 << 15, 1 << 16, 1 << 20, 1<<30 - 1, 1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<32 - 2}

// Mutant is a broken copy of the seed: bits flipped, the end cut off, a stretch put over another (of other, mostly
// the seed itself), or numbers replaced. how says which.
func (s Seed) Mutant(r *rand.Rand, other Seed) (model []byte, how string) {
	b := append([]byte(nil), s.Bytes...)
	switch r.IntN(10) {
	case 0:
		how = "truncate"
		b = b[:r.IntN(len(b))]
	case 1, 2, 3:
		how = "flip"
		for range 1 + r.IntN(4) {
			b[s.spot(r)] ^= 1 << r.IntN(8)
		}
	case 4, 5:
		how = "splice"
		from := other.Bytes
		if r.IntN(4) > 0 {
			from = s.Bytes
		}
		n := 1 + r.IntN(64)
		at, start := s.spot(r)&^3, r.IntN(len(from))&^3
		copy(b[at:], from[start:min(start+n, len(from))])
	default:
		how = "int"
		for range 1 + r.IntN(2) {
			at, v := s.spot(r), values[r.IntN(len(values))]
			switch r.IntN(4) {
			case 0:
				b[at] = byte(v)
			case 1:
				if at &^= 1; at+2 <= len(b) {
					binary.LittleEndian.PutUint16(b[at:], uint16(v))
				}
			default:
				if at &^= 3; at+4 <= len(b) {
					binary.LittleEndian.PutUint32(b[at:], v)
				}
			}
		}
	}
	return b, how
}

// spot is a place to break: nine times out of ten one that matters.
func (s Seed) spot(r *rand.Rand) int {
	if len(s.spots) > 0 && r.IntN(10) > 0 {
		return s.spots[r.IntN(len(s.spots))]
	}
	return r.IntN(len(s.Bytes))
}
