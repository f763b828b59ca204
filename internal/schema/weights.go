package schema

import (
	"math"
	"slices"
	"strings"

	"corallite/tflite/tensor"
)

// weightsRule is the weights that an operator's kernels (built-in and XNNPACK) support. Most kernels do not reject others:
// they read them as a supported type, or past their end.
type weightsRule struct {
	input, weights int                           // which inputs of the operator
	types          map[tensor.Type][]tensor.Type // of the weights, by the type of the activations
	axis           int                           // the axis along which there may be several scales; oneScale
	zeroPoint      bool                          // whether integer activations take account of the weights' zero point
}

const oneScale = -1

// weightsRules are those of the operators that multiply by weights of another type than that of their activations.
var weightsRules = func() map[string]weightsRule {
	plain := map[tensor.Type][]tensor.Type{
		tensor.Float32: {tensor.Float32, tensor.Int8, tensor.UInt8}, tensor.Int8: {tensor.Int8}, tensor.UInt8: {tensor.UInt8}, tensor.Int16: {tensor.Int8},
	}
	nibbles := map[tensor.Type][]tensor.Type{
		tensor.Float32: plain[tensor.Float32], tensor.Int8: {tensor.Int8, tensor.Int4}, tensor.UInt8: plain[tensor.UInt8], tensor.Int16: plain[tensor.Int16],
	}
	connected := map[tensor.Type][]tensor.Type{
		tensor.Float32: {tensor.Float32, tensor.Int8, tensor.UInt8, tensor.Int4}, tensor.Int8: {tensor.Int8, tensor.Int4},
		tensor.UInt8: {tensor.UInt8}, tensor.Int16: {tensor.Int8, tensor.Int16},
	}
	return map[string]weightsRule{
		"CONV_2D":           {0, 1, nibbles, 0, false},
		"DEPTHWISE_CONV_2D": {0, 1, nibbles, 3, false},
		"FULLY_CONNECTED":   {0, 1, connected, 0, true},
		"TRANSPOSE_CONV":    {2, 1, plain, 0, false},
		"BATCH_MATMUL": {0, 1, map[tensor.Type][]tensor.Type{
			tensor.Float32: {tensor.Float32, tensor.Int8}, tensor.Int8: {tensor.Int8}, tensor.Int16: {tensor.Int16},
		}, oneScale, true},
		"CONV_3D":           {0, 1, map[tensor.Type][]tensor.Type{tensor.Float32: {tensor.Float32}}, oneScale, false},
		"CONV_3D_TRANSPOSE": {2, 1, map[tensor.Type][]tensor.Type{tensor.Float32: {tensor.Float32}}, oneScale, false},
	}
}()

// weights rejects weights that the kernels would misread.
func (r *reader) weights(o *Operator, g *Subgraph) {
	rule, ok := weightsRules[o.Name]
	if !ok || len(o.Inputs) <= max(rule.input, rule.weights) || o.Inputs[rule.input] < 0 || o.Inputs[rule.weights] < 0 {
		return
	}
	input, w := &g.Tensors[o.Inputs[rule.input]], &g.Tensors[o.Inputs[rule.weights]]
	types, known := rule.types[input.Type]
	if !known {
		return // the runtime rejects such activations
	}
	if !slices.Contains(types, w.Type) {
		if w.Type == tensor.Int4 {
			what := "4-bit weights"
			if strings.HasSuffix(o.Name, "CONV_2D") {
				what = "4-bit convolutions"
			}
			r.unsupported(exportInt8, "%s with %s activations need a newer runtime", what, input.Type)
		}
		r.unsupported(exportInt8, "%s weights with %s activations are not supported: the kernels would read them as another type", w.Type, input.Type)
	}
	q := w.Quantization
	if n := len(q.Scales); n > 1 && rule.axis != oneScale && len(w.Shape) > 0 && q.Axis != rule.axis {
		r.unsupported(exportInt8, "its weights have %d scales along axis %d, but the kernels expect them along axis %d", n, q.Axis, rule.axis)
	}
	hybrid := input.Type == tensor.Float32 && w.Type != tensor.Float32
	// The hybrid kernel of depthwise convolutions reads a scale for each channel, however many there are.
	if n := len(q.Scales); o.Name == "DEPTHWISE_CONV_2D" && hybrid && w.Type == tensor.Int8 && len(w.Shape) == 4 && n != w.Shape[3] {
		r.unsupported("quantize its weights per channel (ai-edge-quantizer: granularity CHANNELWISE)",
			"8-bit weights with float activations have %d scales for %d channels, but the kernel reads one per channel", n, w.Shape[3])
	}
	if w.Type == tensor.UInt8 && (hybrid || input.Type != tensor.UInt8) && len(q.Scales) > 1 {
		r.unsupported(exportInt8, "uint8 weights have %d scales, but the kernels read one", len(q.Scales))
	}
	heeded := rule.zeroPoint && !hybrid || w.Type == tensor.UInt8 && input.Type == tensor.UInt8
	if !heeded || len(q.Scales) > 1 {
		if i := slices.IndexFunc(q.ZeroPoints, func(z int32) bool { return z != 0 }); i >= 0 && w.Type != tensor.Float32 {
			// Also for uint8 beside float32: the converters of 2018 wrote such weights, whose bytes are signed.
			r.unsupported(exportInt8, "its %s weights have zero point %d, but the kernels assume 0", w.Type, q.ZeroPoints[i])
		}
	}
}

// severalScales are operators that use all scales of a tensor, or copy its bytes without using any.
// All others read one scale, and the runtime sets it to 0 where there are several: they return zeros or crash the process.
var severalScales = map[string]bool{
	"CONV_2D": true, "DEPTHWISE_CONV_2D": true, "FULLY_CONNECTED": true, "TRANSPOSE_CONV": true, "DEQUANTIZE": true, "QUANTIZE": true,
	"DENSIFY": true, "CAST": true, "SHAPE": true, "RANK": true, "FAKE_QUANT": true,
	"RESHAPE": true, "SQUEEZE": true, "EXPAND_DIMS": true, "TRANSPOSE": true, "SLICE": true, "STRIDED_SLICE": true, "GATHER": true,
	"GATHER_ND": true, "SPLIT": true, "SPLIT_V": true, "UNPACK": true, "REVERSE_V2": true, "TILE": true, "BROADCAST_TO": true,
	"READ_VARIABLE": true, "ASSIGN_VARIABLE": true, "IF": true, "WHILE": true, "CALL_ONCE": true,
}

// oneScaleEach rejects tensors with several scales where the kernel reads one.
func (r *reader) oneScaleEach(o *Operator, g *Subgraph) {
	if severalScales[o.Name] {
		return
	}
	for _, list := range [][]int{o.Inputs, o.Outputs} {
		for _, i := range list {
			if i < 0 {
				continue
			}
			t := &g.Tensors[i]
			small := t.Type == tensor.Int4 || t.Type == tensor.Int8 || t.Type == tensor.UInt8 || t.Type == tensor.Int16
			if n := len(t.Quantization.Scales); n > 1 && small {
				r.unsupported("quantize it per tensor (ai-edge-quantizer: granularity TENSORWISE)", "tensor %q has %d scales, but the kernel reads one", t.Name, n)
			}
		}
	}
}

// copies are operators that copy or select values without using scales, with the inputs that hold the values (nil: all).
// The built-in kernels of other such operators compare the scales or use them.
var copies = map[string][]int{
	"RESHAPE": {0}, "SQUEEZE": {0}, "EXPAND_DIMS": {0}, "TRANSPOSE": {0}, "SLICE": {0}, "STRIDED_SLICE": {0}, "GATHER": {0}, "GATHER_ND": {0},
	"SPLIT": {1}, "SPLIT_V": {0}, "UNPACK": {0}, "PACK": nil, "REVERSE_V2": {0}, "REVERSE_SEQUENCE": {0}, "TILE": {0}, "BROADCAST_TO": {0},
	"PAD": {0}, "PADV2": {0}, "MIRROR_PAD": {0}, "SPACE_TO_DEPTH": {0}, "DEPTH_TO_SPACE": {0}, "SPACE_TO_BATCH_ND": {0}, "BATCH_TO_SPACE_ND": {0},
	"RESIZE_BILINEAR": {0}, "RESIZE_NEAREST_NEIGHBOR": {0}, "MAX_POOL_2D": {0}, "AVERAGE_POOL_2D": {0}, "MAXIMUM": nil, "MINIMUM": nil,
	"REDUCE_MAX": {0}, "REDUCE_MIN": {0}, "SELECT": {1, 2}, "SELECT_V2": {1, 2}, "CONCATENATION": nil, "DYNAMIC_UPDATE_SLICE": {0, 1},
	"SCATTER_ND": {1}, "TOPK_V2": {0}, "DENSIFY": {0},
}

// fixedScale rejects outputs whose scale differs from the one that the kernel assumes.
func (r *reader) fixedScale(o *Operator, g *Subgraph) {
	if o.Name != "SOFTMAX" || len(o.Outputs) == 0 {
		return
	}
	out := &g.Tensors[o.Outputs[0]]
	if q := out.Quantization; out.Type == tensor.UInt8 && len(q.Scales) == 1 && (math.Abs(float64(q.Scales[0]*256)-1) > 0.001 || q.ZeroPoints[0] != 0) {
		r.unsupported("export the model again", "tensor %q has scale %g and zero point %d, but the kernel uses 1/256 and 0", out.Name, q.Scales[0], q.ZeroPoints[0])
	}
}

// sameScale rejects different scales between which the operator does not convert.
func (r *reader) sameScale(o *Operator, g *Subgraph) {
	which, ok := copies[o.Name]
	if !ok || len(o.Outputs) == 0 {
		return
	}
	out := &g.Tensors[o.Outputs[0]]
	if out.Type != tensor.Int8 && out.Type != tensor.UInt8 && out.Type != tensor.Int16 || len(out.Quantization.Scales) != 1 {
		return
	}
	if o.Name == "CONCATENATION" && out.Type == tensor.UInt8 {
		return // the one that converts
	}
	for i, n := range o.Inputs {
		if n < 0 || which != nil && !slices.Contains(which, i) {
			continue
		}
		in := &g.Tensors[n]
		if in.Type != out.Type || len(in.Quantization.Scales) != 1 {
			continue
		}
		a, b := in.Quantization, out.Quantization
		// A tool may have rounded a scale on its way; 0.1 % is far below a quantization step's error.
		if ratio := a.Scales[0] / b.Scales[0]; !(ratio > 0.999 && ratio < 1.001) || a.ZeroPoints[0] != b.ZeroPoints[0] {
			r.unsupported("put a QUANTIZE operator in between, or export the model again",
				"tensor %q has scale %g and zero point %d, its output %g and %d, but the kernel copies the values unchanged",
				in.Name, a.Scales[0], a.ZeroPoints[0], b.Scales[0], b.ZeroPoints[0])
		}
	}
}
