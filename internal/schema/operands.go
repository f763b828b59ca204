package schema

import (
	"encoding/binary"

	"corallite/tflite/tensor"
)

// numbers are the values of a constant tensor of indices or sizes; false if it is not one or is computed at run time.
func (g *Subgraph) numbers(list []int, i int) ([]int, bool) {
	if i >= len(list) || list[i] < 0 {
		return nil, false
	}
	t := &g.Tensors[list[i]]
	size := t.Type.Size()
	if t.Data == nil || t.Sparse || t.Type != tensor.Int32 && t.Type != tensor.Int64 || len(t.Data)%size != 0 {
		return nil, false
	}
	values := make([]int, len(t.Data)/size)
	for k := range values {
		if size == 4 {
			values[k] = int(int32(binary.LittleEndian.Uint32(t.Data[4*k:])))
		} else {
			values[k] = int(int64(binary.LittleEndian.Uint64(t.Data[8*k:])))
		}
	}
	return values, true
}

// operands checks constant indices, axes and sizes that the kernels use unchecked. Those computed at run time cannot be
// checked here.
func (r *reader) operands(o *Operator, g *Subgraph) {
	values, constant := g.numbers(o.Inputs, 1)
	input := g.known(o.Inputs, 0)
	switch o.Name {
	case "MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL":
		if input == nil || !constant {
			return
		}
		for _, axis := range values {
			if axis < -len(input.Shape) || axis >= len(input.Shape) {
				r.fail("axis %d is out of range for shape %s", axis, tensor.ShapeString(input.Shape))
			}
		}
	case "TRANSPOSE":
		var seen [maxRank]bool
		for _, d := range values {
			if d < 0 {
				d += len(values)
			}
			if d < 0 || d >= min(len(values), maxRank) || seen[d] {
				r.fail("%v is not a permutation of the dimensions", values)
				return
			}
			seen[d] = true
		}
	case "SLICE":
		sizes, both := g.numbers(o.Inputs, 2)
		if input == nil || !constant || !both || len(values) != len(input.Shape) || len(sizes) != len(values) {
			return
		}
		for d, n := range input.Shape {
			if begin, size := values[d], sizes[d]; begin < 0 || begin > n || size < -1 || size > n-begin {
				r.fail("slice of size %d at %d is out of range along dimension %d of shape %s", size, begin, d, tensor.ShapeString(input.Shape))
			}
		}
	case "MIRROR_PAD":
		if input == nil || !constant || len(values) != 2*len(input.Shape) {
			return
		}
		most := 1 - int(o.options.byteOr(0, 0)) // REFLECT leaves out the edge itself, SYMMETRIC repeats it
		for k, n := range values {
			if size := input.Shape[k/2]; n < 0 || n > max(size-most, 0) {
				r.fail("mirror padding of %d is too large for size %d of dimension %d", n, size, k/2)
			}
		}
	case "LOCAL_RESPONSE_NORMALIZATION":
		if n := int(o.options.int32Or(0, 0)); n < 0 || n > maxBytes/2 {
			r.fail("invalid radius %d", n)
		}
	case "SPARSE_TO_DENSE":
		r.sparseToDense(o, g)
	case "MATRIX_SET_DIAG":
		diagonal := g.known(o.Inputs, 1)
		if n := 0; input != nil && diagonal != nil {
			if rank := len(input.Shape); rank >= 2 {
				n = min(input.Shape[rank-1], input.Shape[rank-2])
				for _, d := range input.Shape[:rank-2] {
					n *= d
				}
			}
			if diagonal.Elements() != n {
				r.fail("diagonal of shape %s does not match input shape %s", tensor.ShapeString(diagonal.Shape), tensor.ShapeString(input.Shape))
			}
		}
	case "FULLY_CONNECTED":
		w := g.known(o.Inputs, 1)
		if input != nil && w != nil && len(w.Shape) == 2 && (w.Shape[1] == 0 || input.Elements()%w.Shape[1] != 0) {
			r.fail("input shape %s does not match weights of shape %s", tensor.ShapeString(input.Shape), tensor.ShapeString(w.Shape))
		}
	case "TRANSPOSE_CONV":
		r.transposeConv(o, g)
	}
}

// sparseToDense checks the indices that are written.
func (r *reader) sparseToDense(o *Operator, g *Subgraph) {
	places, constant := g.numbers(o.Inputs, 0)
	shape, sized := g.numbers(o.Inputs, 1)
	if !constant || !sized || len(shape) == 0 {
		return
	}
	if len(g.Tensors[o.Inputs[0]].Shape) < 2 && len(shape) != 1 {
		shape = shape[:1] // a list of numbers indexes the first dimension
	}
	for k, p := range places {
		if n := shape[k%len(shape)]; p < 0 || p >= n {
			r.fail("index %d is out of range for size %d of dimension %d", p, n, k%len(shape))
			return
		}
	}
}

// transposeConv checks that the output size matches the input's and the channels match the weights'.
func (r *reader) transposeConv(o *Operator, g *Subgraph) {
	size, constant := g.numbers(o.Inputs, 0)
	w, input := g.known(o.Inputs, 1), g.known(o.Inputs, 2)
	if w == nil || !constant {
		return
	}
	if len(w.Shape) != 4 || len(size) != 4 || size[3] != w.Shape[0] {
		r.fail("output shape %s does not match weights of shape %s", tensor.ShapeString(size), tensor.ShapeString(w.Shape))
		return
	}
	if input == nil {
		return
	}
	fits := len(input.Shape) == 4 && input.Shape[3] == w.Shape[3] && input.Shape[0] == size[0]
	for d := 1; d <= 2 && fits; d++ {
		stride := int(o.options.int32Or(3-d, 1)) // the width's comes first
		if stride < 1 {
			return // rejected by windows
		}
		covered := size[d]
		if o.options.byteOr(0, 0) == 1 { // VALID
			covered -= w.Shape[d] - 1
		}
		fits = (covered+stride-1)/stride == input.Shape[d]
	}
	if !fits {
		r.fail("output shape %s does not match input shape %s and weights of shape %s", tensor.ShapeString(size), tensor.ShapeString(input.Shape), tensor.ShapeString(w.Shape))
	}
}
