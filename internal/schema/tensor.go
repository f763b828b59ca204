package schema

import (
	"encoding/binary"
	"math"

	"corallite/tflite/tensor"
)

const (
	tensorShape, tensorType, tensorBuffer, tensorName, tensorQuantization    = 0, 1, 2, 3, 4
	tensorVariable, tensorSparsity, tensorSignature, tensorVariants          = 5, 6, 7, 9
	quantMin, quantMax, quantScale, quantZero, quantDetailsType, quantDetail = 0, 1, 2, 3, 4, 5
	quantAxis                                                                = 6
	sparsityOrder, sparsityBlocks, sparsityDimensions                        = 0, 1, 2
	dimensionFormat, dimensionSize, dimensionSegments, dimensionIndices      = 0, 1, 2, 4
	dimensionDense, dimensionCSR                                             = 0, 1
	detailsCustom, detailsBlockwise, detailsMultiAxis                        = 1, 2, 3
)

// Limits of a tensor: the kernels count elements and bytes in 32-bit integers, and handle few dimensions.
const (
	maxRank  = 8
	maxBytes = math.MaxInt32

	smallestNormal = 0x1p-126 // of float32
)

func (r *reader) tensor(t table, buffers [][]byte) Tensor {
	d := Tensor{
		Info:           tensor.Info{Name: t.text(tensorName), Shape: t.ints(tensorShape)},
		ShapeSignature: t.ints(tensorSignature),
		Buffer:         int(t.uint32(tensorBuffer)),
		Variable:       t.byteOr(tensorVariable, 0) != 0,
	}
	kind := t.byteOr(tensorType, 0)
	switch {
	case r.err != nil:
		return d
	case newerTypes[kind] != "":
		r.unsupported(exportInt8, "%q has element type %s, which is newer than this runtime", d.Name, newerTypes[kind])
		if d.Buffer > 0 && d.Buffer < len(buffers) {
			d.Data = buffers[d.Buffer]
		}
		return d
	case int(kind) >= len(elementTypes):
		r.fail("%q has unknown element type %d", d.Name, kind)
	case d.Buffer != 0 && uint64(t.uint32(tensorBuffer)) >= uint64(len(buffers)):
		r.fail("%q uses buffer %d (number of buffers: %d)", d.Name, t.uint32(tensorBuffer), len(buffers))
	}
	if r.err != nil {
		return d
	}
	d.Type = elementTypes[kind]
	if d.Buffer != 0 {
		d.Data = buffers[d.Buffer]
	}
	d.Quantization = r.quantization(t.sub(tensorQuantization), d.Info)
	sparsity := t.sub(tensorSparsity)
	d.Sparse = sparsity.present()
	size := r.size(d)
	if d.Sparse {
		r.sparsity(sparsity, d)
	}
	r.variants(t.tables(tensorVariants))
	r.contents(d, size)
	return d
}

// newerTypes are the element types that came after elementTypes, by the schema of LiteRT 2.3 and after.
var newerTypes = map[byte]string{19: "INT2", 20: "UINT4", 21: "FLOAT8_E4M3FN", 22: "FLOAT8_E5M2"}

// size is the bytes of a tensor of that shape; 0 where elements have no fixed size.
func (r *reader) size(d Tensor) int {
	if len(d.Shape) > maxRank {
		r.fail("%q has %d dimensions (maximum %d)", d.Name, len(d.Shape), maxRank)
	}
	for _, n := range d.ShapeSignature {
		if n < -1 {
			r.fail("%q has invalid shape signature %s", d.Name, tensor.ShapeString(d.ShapeSignature))
		}
	}
	if d.ShapeSignature != nil && len(d.ShapeSignature) != len(d.Shape) && len(d.ShapeSignature) != 0 {
		r.fail("%q has %d dimensions, but %d in its shape signature", d.Name, len(d.Shape), len(d.ShapeSignature))
	}
	bytes := int64(max(d.Type.Size(), 1))
	for _, n := range d.Shape {
		if n < 0 {
			r.fail("%q has invalid shape %s", d.Name, tensor.ShapeString(d.Shape))
			return 0
		}
		// Counted with 0 as 1, so that the product of the others is bounded too: kernels multiply parts of a shape.
		if bytes *= int64(max(n, 1)); bytes > maxBytes {
			r.fail("%q of shape %s is larger than 2 GiB", d.Name, tensor.ShapeString(d.Shape))
			return 0
		}
	}
	if d.Type == tensor.Int4 {
		return (d.Elements() + 1) / 2
	}
	return d.Elements() * d.Type.Size()
}

// contents checks that the size of a constant's data matches its shape.
func (r *reader) contents(d Tensor, size int) {
	switch {
	case r.err != nil || d.Data == nil:
	case d.Variable:
		r.fail("%q is variable but has constant data", d.Name)
	case d.Type == tensor.String:
		if n, err := tensor.StringCount(d.Data); err != nil {
			r.fail("%q: %v", d.Name, err)
		} else if n != d.Elements() {
			r.fail("%q of shape %s has %d strings", d.Name, tensor.ShapeString(d.Shape), n)
		}
	case d.Sparse || d.Type == tensor.Resource || d.Type == tensor.Variant:
	case len(d.Data) != size:
		r.fail("%q %s%s needs %d bytes but has %d", d.Name, d.Type, tensor.ShapeString(d.Shape), size, len(d.Data))
	}
}

// quantization reads the affine parameters. As in the runtime, more than one scale goes along an axis of the shape,
// one for each slice; a shape that is unknown (empty) is not compared.
func (r *reader) quantization(t table, info tensor.Info) tensor.Quantization {
	shape := info.Shape
	var q tensor.Quantization
	if !t.present() {
		return q
	}
	t.vector(quantMin, 4)
	t.vector(quantMax, 4)
	switch t.byteOr(quantDetailsType, 0) {
	case detailsCustom:
		t.sub(quantDetail).vector(0, 1)
	case detailsBlockwise, detailsMultiAxis:
		r.unsupported(exportInt8, "%q uses blockwise quantization, which is newer than this runtime", info.Name)
	}
	scales, zeros := t.floats(quantScale), t.longs(quantZero)
	axis := int(t.int32Or(quantAxis, 0))
	if r.err != nil || len(scales) == 0 {
		return q
	}
	switch {
	case len(scales) != len(zeros):
		r.fail("%d quantization scales but %d zero points", len(scales), len(zeros))
	case axis < 0 || len(shape) > 0 && axis >= len(shape):
		r.fail("quantization axis %d is out of range for shape %s", axis, tensor.ShapeString(shape))
	case len(scales) > 1 && (len(shape) == 0 || len(scales) != shape[axis]):
		r.fail("%d quantization scales do not match axis %d of shape %s", len(scales), axis, tensor.ShapeString(shape))
	}
	for _, s := range scales {
		// 0 means no quantization in some float models; the integer kernels divide by it, and by subnormals.
		unused := s == 0 && info.Type == tensor.Float32
		if !unused && (!(s >= smallestNormal) || math.IsInf(float64(s), 0)) {
			r.fail("invalid quantization scale %g", s)
		}
	}
	q = tensor.Quantization{Scales: scales, ZeroPoints: make([]int32, len(zeros)), Axis: axis}
	low, high := zeroPoints(info.Type)
	for i, z := range zeros {
		if z < low || z > high {
			r.fail("zero point %d is out of range for %s", z, info.Type)
		}
		q.ZeroPoints[i] = int32(z)
	}
	return q
}

// zeroPoints is the range of zero points: that of the type.
func zeroPoints(t tensor.Type) (low, high int64) {
	switch t {
	case tensor.UInt8:
		return 0, math.MaxUint8
	case tensor.Int8:
		return math.MinInt8, math.MaxInt8
	case tensor.UInt16:
		return 0, math.MaxUint16
	case tensor.Int16:
		return math.MinInt16, math.MaxInt16
	default:
		return math.MinInt32, math.MaxInt32
	}
}

// variants walks the element descriptions of a variant tensor.
func (r *reader) variants(v vector) {
	for i := 0; i < v.n && r.err == nil; i++ {
		v.at(i).vector(0, 4)
	}
}

// sparsity checks the sparse format of a constant: n dimensions of the shape and k of blocks, in an order of
// traversal that is a permutation, each dense with a size or compressed (CSR) with segments and indices.
func (r *reader) sparsity(t table, d Tensor) {
	r.in("sparsity", -1)
	defer r.out()
	order, blocks, dims := t.ints(sparsityOrder), t.ints(sparsityBlocks), t.tables(sparsityDimensions)
	if r.err != nil {
		return
	}
	rank := len(d.Shape)
	if len(order) != rank+len(blocks) || dims.n != len(order) || rank == 0 {
		r.fail("sparse traversal order has %d dimensions and %d descriptions, for rank %d and %d block dimensions", len(order), dims.n, rank, len(blocks))
		return
	}
	seen := make([]bool, len(order))
	for i, o := range order {
		if o < 0 || o >= len(order) || seen[o] || (i < rank) != (o < rank) {
			r.fail("invalid sparse traversal order %v", order)
			return
		}
		seen[o] = true
	}
	sizes, ok := r.blockSizes(order, blocks, dims, d.Shape)
	if !ok {
		return
	}
	rows := 1 // positions that the dimensions so far give
	for i := 0; i < dims.n && r.err == nil; i++ {
		m := dims.at(i)
		switch m.byteOr(dimensionFormat, dimensionDense) {
		case dimensionDense:
			if n := int(m.int32Or(dimensionSize, 0)); r.err == nil && n != sizes[i] {
				r.fail("dense dimension %d has size %d (want %d)", i, n, sizes[i])
			}
			if rows *= sizes[i]; rows > maxBytes {
				r.fail("more than 2 GiB when expanded")
			}
		case dimensionCSR:
			rows = r.compressed(m, i, rows, sizes[i])
		default:
			r.fail("sparse dimension %d has an unknown format", i)
		}
	}
	if size := rows * max(d.Type.Size(), 1); r.err == nil && d.Type != tensor.Int4 && len(d.Data) != size {
		r.fail("%q needs %d bytes but has %d", d.Name, size, len(d.Data))
	}
}

// blockSizes gives the extent of each dimension in the order of traversal: a shape's dimension divided by its block,
// and the block itself.
func (r *reader) blockSizes(order, blocks []int, dims vector, shape []int) ([]int, bool) {
	rank := len(shape)
	extent := make([]int, len(order))
	copy(extent, shape)
	for i := rank; i < len(order); i++ { // the last ones in the order are the blocks' own, always dense
		b := order[i] - rank
		mapped, n := blocks[b], int(dims.at(i).int32Or(dimensionSize, 0))
		if r.err != nil {
			return nil, false
		}
		if mapped < 0 || mapped >= rank || n <= 0 || extent[mapped]%n != 0 {
			r.fail("block size %d does not fit %d along dimension %d of shape %s", b, n, mapped, tensor.ShapeString(shape))
			return nil, false
		}
		extent[mapped] /= n
		extent[order[i]] = n
	}
	sizes := make([]int, len(order))
	for i, o := range order {
		sizes[i] = extent[o]
	}
	return sizes, true
}

// compressed checks a CSR dimension: one more segment border than rows, rising from 0 to the number of indices; the
// indices rising within a segment and below the dimension's size. It returns the number of indices.
func (r *reader) compressed(m table, dim, rows, size int) int {
	segments, ok1 := r.indexVector(m, dimensionSegments)
	indices, ok2 := r.indexVector(m, dimensionIndices)
	if r.err != nil {
		return 0
	}
	bad := !ok1 || !ok2 || len(segments) != rows+1 || segments[0] != 0 || segments[rows] != len(indices)
	for i := 0; i < rows && !bad; i++ {
		bad = segments[i] > segments[i+1]
		for j := segments[i]; j < segments[i+1] && !bad; j++ {
			bad = j >= len(indices) || indices[j] < 0 || indices[j] >= size || j > segments[i] && indices[j] <= indices[j-1]
		}
	}
	if bad {
		r.fail("sparse dimension %d has invalid segments or indices", dim)
	}
	return len(indices)
}

// indexVector reads one of the three widths of an index vector: the union's tag is in field id, the table in id+1.
func (r *reader) indexVector(m table, id int) ([]int, bool) {
	tag, t := m.byteOr(id, 0), m.sub(id+1)
	width := map[byte]int{1: 4, 2: 2, 3: 1}[tag]
	if r.err != nil || width == 0 || !t.present() {
		return nil, false
	}
	v := t.vector(0, width)
	if !v.present || !r.copies(8*v.n) {
		return nil, false
	}
	s := make([]int, v.n)
	for i := range s {
		p := r.buf[v.pos+i*width:]
		switch width {
		case 4:
			s[i] = int(int32(binary.LittleEndian.Uint32(p)))
		case 2:
			s[i] = int(binary.LittleEndian.Uint16(p))
		default:
			s[i] = int(p[0])
		}
	}
	return s, true
}
