package schema

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"corallite/tflite/tensor"
)

// PosenetOp is the custom operator that decodes PoseNet's outputs into poses. It is Coral's; package tflite implements it.
const PosenetOp = "PosenetDecoderOp"

// PosenetOptions are the options of PosenetOp.
type PosenetOptions struct {
	MaxDetections  int     // maximum number of poses, 1 to 1,000
	Stride         int     // pixels of the input from one cell of the heat map to the next, 1 to 1,024
	ScoreThreshold float32 // 0 to 1: minimum of a pose and of its root key point
	NMSRadius      float32 // 0 to 65,536 pixels of the input within which two key points of a kind are the same one
}

// Limits that keep the operator's time and memory in bounds.
const (
	posenetDetections = 1000
	posenetStride     = 1 << 10
	posenetRadius     = 1 << 16
	posenetCells      = 1 << 15 // a picture of 4K has 240 × 135 with a stride of 16
	posenetKeypoints  = 17      // with two short offsets each, and four mid offsets for each of 16 edges
)

// ReadPosenetOptions reads the FlexBuffer map that holds them. Any bytes are safe; what is missing or out of range is
// an error.
func ReadPosenetOptions(buf []byte) (PosenetOptions, error) {
	if err := verifyFlex(buf); err != nil {
		return PosenetOptions{}, err
	}
	whole, all := flexNumbers(buf), flexReals(buf)
	var wrong []string
	number := func(name string, least, most float64) float64 {
		v, ok := all[name]
		if !ok {
			wrong = append(wrong, name+" is missing or not a number")
		} else if !(v >= least && v <= most) {
			wrong = append(wrong, fmt.Sprintf("%s is %v (want %v to %v)", name, v, least, most))
		}
		return v
	}
	integer := func(name string, least, most float64) int {
		if _, ok := whole[name]; !ok {
			wrong = append(wrong, name+" is missing or not an integer")
			return 0
		}
		return int(number(name, least, most))
	}
	o := PosenetOptions{
		MaxDetections: integer("max_detections", 1, posenetDetections), Stride: integer("stride", 1, posenetStride),
		ScoreThreshold: float32(number("score_threshold", 0, 1)), NMSRadius: float32(number("nms_radius", 0, posenetRadius)),
	}
	if len(wrong) > 0 {
		return PosenetOptions{}, errors.New(strings.Join(wrong, ", "))
	}
	return o, nil
}

// flexReals are the numbers, whole ones too, in a FlexBuffer map that verifyFlex has accepted.
func flexReals(buf []byte) map[string]float64 {
	reals := map[string]float64{}
	for key, v := range flexNumbers(buf) {
		reals[key] = float64(v)
	}
	flexScalars(buf, func(key string, kind byte, width int, bits uint64) {
		switch {
		case kind == flexFloat && width == 4:
			reals[key] = float64(math.Float32frombits(uint32(bits)))
		case kind == flexFloat && width == 8:
			reals[key] = math.Float64frombits(bits)
		}
	})
	return reals
}

// PosenetCells checks the shapes of the inputs of PosenetOp, heat map [1,H,W,17], short offsets [1,H,W,34] and mid
// offsets [1,H,W,64], and gives H and W.
func PosenetCells(heatmap, short, mid []int) (height, width int, err error) {
	wrong := fmt.Errorf("heat map of shape %s, short offsets %s and mid offsets %s (want [1,H,W,%d], [1,H,W,%d] and [1,H,W,%d])",
		tensor.ShapeString(heatmap), tensor.ShapeString(short), tensor.ShapeString(mid),
		posenetKeypoints, 2*posenetKeypoints, 4*(posenetKeypoints-1))
	if len(heatmap) != 4 {
		return 0, 0, wrong
	}
	height, width = heatmap[1], heatmap[2]
	for _, c := range []struct {
		shape    []int
		channels int
	}{{heatmap, posenetKeypoints}, {short, 2 * posenetKeypoints}, {mid, 4 * (posenetKeypoints - 1)}} {
		if !slices.Equal(c.shape, []int{1, height, width, c.channels}) {
			return 0, 0, wrong
		}
	}
	if height < 1 || width < 1 || height > posenetCells/width {
		return 0, 0, fmt.Errorf("heat map of %d × %d cells (want 1 to %d in total)", height, width, posenetCells)
	}
	return height, width, nil
}

// posenet checks PosenetDecoderOp. With a fourth input, long offsets, and a fifth output, masks, it is BodyPix's.
func (r *reader) posenet(o *Operator, g *Subgraph) {
	in, out := len(o.Inputs), len(o.Outputs)
	if (in != 3 || out != 4) && (in != 4 || out != 5) || slices.ContainsFunc(o.Inputs, func(i int) bool { return i < 0 }) {
		r.fail("%d inputs and %d outputs (want 3 and 4, none omitted)", in, out)
		return
	}
	if _, err := ReadPosenetOptions(o.CustomOptions); err != nil {
		r.fail("invalid custom options: %v", err)
	}
	for _, i := range o.Inputs {
		t := g.Tensors[i]
		if eight := t.Type == tensor.UInt8 || t.Type == tensor.Int8; !eight && t.Type != tensor.Float32 {
			r.fail("input %q is %s (want float32, uint8 or int8)", t.Name, t.Type)
		} else if eight && (!t.Quantization.Quantized() || t.Quantization.PerChannel()) {
			r.fail("input %q must have exactly one quantization scale", t.Name)
		}
	}
	for _, i := range o.Outputs {
		if t := g.Tensors[i]; t.Type != tensor.Float32 {
			r.fail("output %q is %s (want float32)", t.Name, t.Type)
		}
	}
	heatmap, short, mid := g.known(o.Inputs, 0), g.known(o.Inputs, 1), g.known(o.Inputs, 2)
	if heatmap == nil || short == nil || mid == nil {
		return
	}
	if _, _, err := PosenetCells(heatmap.Shape, short.Shape, mid.Shape); err != nil {
		r.fail("%v", err)
	}
}
