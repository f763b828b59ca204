package tflite

import (
	"errors"
	"fmt"
	"unsafe"

	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
	"corallite/tflite/internal/posenet"
	"corallite/tflite/tensor"
)

// posenetNode is PosenetDecoderOp in one graph: Coral's operator that decodes PoseNet's outputs into poses (package
// posenet). Its inputs are the heat map [1,H,W,17] and the short and mid offsets [1,H,W,34] and [1,H,W,64], in pixels
// of the model's input; its outputs, of float32, the key points [1,N,17,2], y and x in those pixels, their scores
// [1,N,17], the scores of the poses [1,N] and how many there are [1]. What is not used is zero.
type posenetNode struct {
	options schema.PosenetOptions
	decoder *posenet.Decoder
	fields  posenet.Fields
}

func openPosenet(options []byte) (capi.Node, error) {
	o, err := schema.ReadPosenetOptions(options)
	if err != nil {
		return nil, fmt.Errorf("%s: its custom options: %w", schema.PosenetOp, err)
	}
	return &posenetNode{options: o, decoder: posenet.NewDecoder(posenet.Options(o))}, nil
}

// Prepare checks what the runtime found out of the shapes, and what else Invoke relies on.
func (p *posenetNode) Prepare(in, out capi.Operands) ([][]int, error) {
	shapes, err := p.prepare(in, out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schema.PosenetOp, err)
	}
	return shapes, nil
}

func (p *posenetNode) prepare(in, out capi.Operands) ([][]int, error) {
	if in.Len() == 4 && out.Len() == 5 {
		return nil, errors.New("long offsets and masks (BodyPix) are not supported: use a PoseNet model without them")
	}
	if in.Len() != 3 || out.Len() != 4 {
		return nil, fmt.Errorf("%d inputs and %d outputs (want 3 and 4)", in.Len(), out.Len())
	}
	for i := range in.Len() {
		scale, _ := in.Quantization(i)
		switch t := tensor.Type(in.View(i).Type()); t {
		case tensor.Float32:
		case tensor.UInt8, tensor.Int8:
			if !(scale > 0) {
				return nil, fmt.Errorf("input %d is %s without quantization", i, t)
			}
		default:
			return nil, fmt.Errorf("input %d is %s (want float32, uint8 or int8)", i, t)
		}
	}
	for i := range out.Len() {
		if t := tensor.Type(out.View(i).Type()); t != tensor.Float32 {
			return nil, fmt.Errorf("output %d is %s (want float32)", i, t)
		}
	}
	height, width, err := schema.PosenetCells(in.View(0).Shape(), in.View(1).Shape(), in.View(2).Shape())
	if err != nil {
		return nil, err
	}
	cells := height * width
	p.fields = posenet.Fields{
		Height: height, Width: width,
		Heatmap: make([]float32, cells*posenet.HeatmapChannels),
		Short:   make([]float32, cells*posenet.ShortChannels),
		Mid:     make([]float32, cells*posenet.MidChannels),
	}
	most := p.options.MaxDetections
	return [][]int{{1, most, posenet.Keypoints, 2}, {1, most, posenet.Keypoints}, {1, most}, {1}}, nil
}

// Invoke decodes.
func (p *posenetNode) Invoke(in, out capi.Operands) error {
	cell := 1 / float32(p.options.Stride)
	for i, to := range []struct {
		field []float32
		unit  float32
	}{{p.fields.Heatmap, 1}, {p.fields.Short, cell}, {p.fields.Mid, cell}} {
		if err := dequantize(to.field, in, i, to.unit); err != nil {
			return fmt.Errorf("%s: %w", schema.PosenetOp, err)
		}
	}
	var results [4][]float32
	most := p.options.MaxDetections
	for i, want := range [4]int{most * posenet.Keypoints * 2, most * posenet.Keypoints, most, 1} {
		if results[i] = elements[float32](out.View(i)); len(results[i]) != want {
			return fmt.Errorf("%s: output %d has %d values (want %d)", schema.PosenetOp, i, len(results[i]), want)
		}
		clear(results[i])
	}
	poses := p.decoder.Decode(&p.fields)
	for row, pose := range poses {
		for k, point := range pose.Keypoints {
			at := row*posenet.Keypoints + k
			results[0][2*at], results[0][2*at+1], results[1][at] = point.Y, point.X, pose.Scores[k]
		}
		results[2][row] = pose.Score
	}
	results[3][0] = float32(len(poses))
	return nil
}

// dequantize fills to with the real values of input i, times unit.
func dequantize(to []float32, in capi.Operands, i int, unit float32) error {
	v := in.View(i)
	scale, zero := in.Quantization(i)
	count := 0
	switch tensor.Type(v.Type()) {
	case tensor.Float32:
		count = scaled(to, elements[float32](v), unit, 0)
	case tensor.UInt8:
		count = scaled(to, elements[uint8](v), scale*unit, float32(zero))
	case tensor.Int8:
		count = scaled(to, elements[int8](v), scale*unit, float32(zero))
	}
	if count != len(to) {
		return fmt.Errorf("input %d has %d values (want %d)", i, count, len(to))
	}
	return nil
}

// scaled fills to with scale × (from − zero), and gives the number of values in from.
func scaled[T float32 | uint8 | int8](to []float32, from []T, scale, zero float32) int {
	for i := range min(len(to), len(from)) {
		to[i] = scale * (float32(from[i]) - zero)
	}
	return len(from)
}

// elements are a tensor's values.
func elements[T float32 | uint8 | int8](v capi.View) []T {
	var one T
	// The runtime's memory of that tensor, for the time of the call that showed it; it is aligned for its type.
	return unsafe.Slice((*T)(v.Data()), v.Bytes()/int(unsafe.Sizeof(one)))
}
