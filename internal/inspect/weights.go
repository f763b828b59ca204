package inspect

import (
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"math"
	"slices"

	"corallite/internal/schema"
	"corallite/tflite/tensor"
)

const (
	mostLargest     = 10
	mostCompression = 256 << 20 // bytes of constants of which it is tried
)

// buffer is a constant's contents, with the first tensor that uses them.
type buffer struct {
	graph, tensor int
	t             *schema.Tensor
}

// buffers are the constants of all graphs, each buffer once, and how many tensors use one that came before.
func buffers(m *schema.Model) (all []buffer, shared int) {
	seen := map[int]bool{}
	for gi := range m.Subgraphs {
		for ti := range m.Subgraphs[gi].Tensors {
			t := &m.Subgraphs[gi].Tensors[ti]
			if len(t.Data) == 0 {
				continue
			}
			if seen[t.Buffer] {
				shared++
				continue
			}
			seen[t.Buffer] = true
			all = append(all, buffer{gi, ti, t})
		}
	}
	return all, shared
}

func weights(m *schema.Model) Weights {
	all, shared := buffers(m)
	w := Weights{Count: len(all), Shared: shared, Types: []TypeBytes{}, Largest: []Constant{}}
	byType := map[string]*TypeBytes{}
	contents := map[[sha256.Size]byte]bool{}
	var zeros, counted int64
	for _, b := range all {
		name, n := b.t.Type.String(), int64(b.t.Elements())
		if byType[name] == nil {
			byType[name] = &TypeBytes{Type: name}
		}
		byType[name].Count++
		byType[name].Bytes += len(b.t.Data)
		byType[name].Parameters += n
		w.Bytes += len(b.t.Data)
		w.Parameters += n
		if b.t.Sparse {
			w.Sparse++
		}
		if sum := sha256.Sum256(b.t.Data); contents[sum] {
			w.Repeated += len(b.t.Data)
		} else {
			contents[sum] = true
		}
		z, of := zerosOf(b.t)
		zeros, counted = zeros+z, counted+of
	}
	for _, t := range byType {
		w.Types = append(w.Types, *t)
	}
	slices.SortFunc(w.Types, func(a, b TypeBytes) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Type, b.Type))
	})
	w.Zeros = share(zeros, counted)
	slices.SortStableFunc(all, func(a, b buffer) int { return cmp.Compare(len(b.t.Data), len(a.t.Data)) })
	for _, b := range all[:min(mostLargest, len(all))] {
		z, of := zerosOf(b.t)
		w.Largest = append(w.Largest, Constant{b.graph, b.tensor, b.t.Name, b.t.Type.String(), ints(b.t.Shape), len(b.t.Data), share(z, of), b.t.Sparse})
	}
	if w.Bytes > 0 && w.Bytes <= mostCompression {
		w.Compressed = compression(all)
	}
	return w
}

func share(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// zerosOf counts the elements that stand for 0: of 8-bit ones those that are the zero point.
func zerosOf(t *schema.Tensor) (zeros, of int64) {
	zero := byte(0)
	if q := t.Quantization; len(q.ZeroPoints) == 1 && t.Type.Size() == 1 {
		zero = byte(q.ZeroPoints[0])
	}
	switch size := t.Type.Size(); {
	case t.Type == tensor.String || t.Type == tensor.Int4 || size <= 0 || t.Sparse:
		return 0, 0
	case size == 1:
		return int64(bytes.Count(t.Data, []byte{zero})), int64(len(t.Data))
	default:
		for i := 0; i+size <= len(t.Data); i += size {
			if isZero(t.Type, t.Data[i:i+size]) {
				zeros++
			}
		}
		return zeros, int64(len(t.Data) / size)
	}
}

func isZero(kind tensor.Type, element []byte) bool {
	last := len(element) - 1
	for i, b := range element {
		if i == last && (kind == tensor.Float32 || kind == tensor.Float16 || kind == tensor.BFloat16 || kind == tensor.Float64) {
			b &= 0x7f // −0 is 0
		}
		if b != 0 {
			return false
		}
	}
	return true
}

// counter is a writer that only counts.
type counter int

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

func compression(all []buffer) *Compression {
	var deflated counter
	z, err := flate.NewWriter(&deflated, flate.DefaultCompression)
	if err != nil {
		return nil
	}
	var entropy float64
	for _, b := range all {
		if _, err := z.Write(b.t.Data); err != nil {
			return nil
		}
		var histogram [256]int
		for _, x := range b.t.Data {
			histogram[x]++
		}
		for _, n := range histogram {
			if n > 0 {
				bits := math.Log2(float64(len(b.t.Data)) / float64(n))
				entropy += float64(float64(n) * bits)
			}
		}
	}
	if z.Close() != nil {
		return nil
	}
	return &Compression{Deflate: int(deflated), Entropy: int(math.Ceil(entropy / 8))}
}

// ints is a copy that is never nil, so that JSON has a list.
func ints(s []int) []int { return append([]int{}, s...) }
