package schema

import (
	"slices"
	"strings"

	"corallite/tflite/tensor"
)

// The kernels, and XNNPACK even more, trust operators without checking. The checks here were found by running broken
// models (docs/hostile-models.md): each prevents a crash.

// operatorOptions checks an operator against its kernel.
func (r *reader) operatorOptions(o *Operator, g *Subgraph) {
	r.arity(o)
	r.optional(o)
	if o.Custom && flexOperators[o.Name] {
		if err := verifyFlex(o.CustomOptions); err != nil {
			r.fail("invalid custom options: %v", err)
		} else if o.Name == "TFLite_Detection_PostProcess" {
			r.postprocess(o, g)
		} else if o.Name == PosenetOp {
			r.posenet(o, g)
		}
	}
	if r.err != nil || o.Custom {
		return
	}
	r.kernels(o, g)
	r.quantized(o, g)
	r.optionsKind(o)
	r.enums(o)
	r.operands(o, g)
	in := func(i int) *Tensor { return g.known(o.Inputs, i) }
	out := func(i int) *Tensor { return g.known(o.Outputs, i) }
	switch o.Name {
	case "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D", "CONV_3D", "CONV_3D_TRANSPOSE":
		if !o.options.present() {
			r.fail("the operator has no options")
		}
		r.windows(o)
		r.channels(o, g, in, out)
	case "FULLY_CONNECTED":
		if w, b := in(1), in(2); w != nil && b != nil && (len(w.Shape) != 2 || b.Elements() != w.Shape[0]) {
			r.fail("bias has %d elements, which does not match weights of shape %s", b.Elements(), tensor.ShapeString(w.Shape))
		}
	case "CONCATENATION":
		r.concatenation(o, g)
	case "RESHAPE", "SQUEEZE", "EXPAND_DIMS":
		// All bytes of the input are copied, even if the output is smaller.
		if a, b := g.Tensors[o.Inputs[0]].Type, g.Tensors[o.Outputs[0]].Type; a != b {
			r.fail("input type %s differs from output type %s", a, b)
		}
		if o.Name == "RESHAPE" {
			r.reshape(o, g)
		}
	case "STRIDED_SLICE", "SLICE", "PAD", "PADV2", "MIRROR_PAD", "TRANSPOSE":
		r.positions(o, g)
	case "LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM":
		// The basic LSTM has four outputs of several types, the full one has one.
		if a, b := g.Tensors[o.Inputs[0]].Type, g.Tensors[o.Outputs[0]].Type; len(o.Outputs) == 1 && a != b {
			r.fail("input type %s differs from output type %s", a, b)
		}
	case "SPLIT", "SPLIT_V":
		if n := int(o.options.int32Or(0, 0)); n != len(o.Outputs) {
			r.fail("the number of splits is %d, but there are %d outputs", n, len(o.Outputs))
		}
	case "UNPACK":
		if n := int(o.options.int32Or(0, 0)); n != len(o.Outputs) {
			r.fail("it unpacks %d tensors, but there are %d outputs", n, len(o.Outputs))
		}
	case "PACK":
		if n := int(o.options.int32Or(0, 0)); n != len(o.Inputs) {
			r.fail("it packs %d tensors, but there are %d inputs", n, len(o.Inputs))
		}
	case "WHILE":
		if len(o.Inputs) != len(o.Outputs) {
			r.fail("the number of inputs (%d) and outputs (%d) does not match", len(o.Inputs), len(o.Outputs))
		}
	case "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE":
		if a, b, c := in(0), in(1), out(0); a != nil && b != nil && c != nil && !broadcasts(a.Shape, b.Shape, c.Shape) {
			r.fail("input shapes %s and %s do not broadcast to output shape %s", tensor.ShapeString(a.Shape), tensor.ShapeString(b.Shape), tensor.ShapeString(c.Shape))
		}
	default:
		if sameShape[o.Name] {
			if a, c := in(0), out(0); a != nil && c != nil && !slices.Equal(a.Shape, c.Shape) {
				r.fail("input shape %s differs from output shape %s", tensor.ShapeString(a.Shape), tensor.ShapeString(c.Shape))
			}
		}
	}
}

// quantized checks that 8-bit tensors of the arithmetic operators have a scale.
func (r *reader) quantized(o *Operator, g *Subgraph) {
	switch o.Name {
	case "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "ADD", "SUB", "MUL", "CONCATENATION",
		"AVERAGE_POOL_2D", "SOFTMAX", "LOGISTIC", "TANH", "MEAN", "DEQUANTIZE":
	default:
		return
	}
	for _, list := range [][]int{o.Inputs, o.Outputs} {
		for _, i := range list {
			if i < 0 {
				continue
			}
			if t := g.Tensors[i]; (t.Type == tensor.UInt8 || t.Type == tensor.Int8) && !t.Quantization.Quantized() {
				r.fail("tensor %q is %s but has no quantization scale", t.Name, t.Type)
			}
		}
	}
}

// optionsKind checks that the options, if any, are the operator's own: the runtime ignores others, and the checks here
// would misread their fields. Operators and their options have the same names except for spelling.
func (r *reader) optionsKind(o *Operator) {
	if !o.options.present() {
		return
	}
	want := strings.ToLower(strings.ReplaceAll(o.Name, "_", ""))
	if other, ok := optionsOf[o.Name]; ok {
		want = other
	}
	has := strings.ToLower(builtinOptions[o.optionsType-1].name)
	known := slices.ContainsFunc(builtinOptions[:], func(l optionsLayout) bool { return strings.ToLower(l.name) == want })
	if known && has != want {
		r.fail("options of another operator: %sOptions", builtinOptions[o.optionsType-1].name)
	}
}

// optionsOf are the operators that share options, or whose options have another name.
var optionsOf = map[string]string{
	"AVERAGE_POOL_2D": "pool2d", "MAX_POOL_2D": "pool2d", "L2_POOL_2D": "pool2d", "L2_NORMALIZATION": "l2norm",
	"MAXIMUM": "maximumminimum", "MINIMUM": "maximumminimum", "MEAN": "reducer", "SUM": "reducer", "REDUCE_PROD": "reducer",
	"REDUCE_MAX": "reducer", "REDUCE_MIN": "reducer", "REDUCE_ANY": "reducer", "REDUCE_ALL": "reducer",
	"UNIDIRECTIONAL_SEQUENCE_RNN": "sequencernn", "CONV_3D_TRANSPOSE": "conv3d", "RANDOM_UNIFORM": "random",
	"RANDOM_STANDARD_NORMAL": "random", "MULTINOMIAL": "random",
}

// reshape checks the new shape: that it fits the kernel's fixed-size array and has the type as which it is read.
func (r *reader) reshape(o *Operator, g *Subgraph) {
	if o.options.present() {
		if v := o.options.vector(0, 4); v.n > maxRank {
			r.fail("the new shape has too many dimensions: %d", v.n)
		}
	}
	if len(o.Inputs) < 2 {
		return
	}
	if t := g.Tensors[o.Inputs[1]]; t.Type != tensor.Int32 || len(t.Shape) > 1 || t.Elements() > maxRank {
		r.fail("the new shape has an invalid type: %s%s", t.Type, tensor.ShapeString(t.Shape))
	}
}

// positions checks the type and shape of operands with one number per dimension of the input.
func (r *reader) positions(o *Operator, g *Subgraph) {
	list := []int{1}
	switch o.Name {
	case "STRIDED_SLICE":
		list = []int{1, 2, 3}
	case "SLICE":
		list = []int{1, 2}
	}
	for _, i := range list {
		t := g.Tensors[o.Inputs[i]]
		if t.Type != tensor.Int32 && t.Type != tensor.Int64 {
			r.fail("input %d has an invalid type: %s", i, t.Type)
		}
		input, known := g.known(o.Inputs, 0), g.known(o.Inputs, i)
		if input == nil || known == nil {
			continue
		}
		rank, shape := len(input.Shape), known.Shape
		fits := len(shape) == 1 && shape[0] == rank
		switch o.Name {
		case "STRIDED_SLICE": // may name fewer or, with new axes, more dimensions, the same number in all three
			first := g.known(o.Inputs, 1)
			fits = len(shape) == 1 && shape[0] <= maxRank && (first == nil || slices.Equal(shape, first.Shape))
		case "PAD", "PADV2", "MIRROR_PAD":
			fits = len(shape) == 2 && shape[0] == rank && shape[1] == 2
		}
		if !fits {
			r.fail("input %d of shape %s does not match input shape %s", i, tensor.ShapeString(shape), tensor.ShapeString(input.Shape))
		}
	}
}

// sameShape are operators whose output has the shape of their first input.
var sameShape = map[string]bool{
	"DENSIFY": true, "DEQUANTIZE": true, "QUANTIZE": true, "LOGISTIC": true, "TANH": true, "RELU": true,
	"RELU_N1_TO_1": true, "RELU6": true, "RELU_0_TO_1": true, "ELU": true, "HARD_SWISH": true, "LEAKY_RELU": true,
	"PRELU": true, "SOFTMAX": true, "LOG_SOFTMAX": true, "ABS": true, "NEG": true, "EXP": true, "SQRT": true,
	"RSQRT": true, "SQUARE": true, "FLOOR": true, "CEIL": true, "ROUND": true, "SIN": true, "COS": true, "LOG": true,
	"CAST": true, "GELU": true, "L2_NORMALIZATION": true, "LOCAL_RESPONSE_NORMALIZATION": true,
}

// known is the i-th tensor of a list if its shape in the file is final: not empty, which may mean an unknown rank, and
// without dynamic dimensions.
func (g *Subgraph) known(list []int, i int) *Tensor {
	if i >= len(list) || list[i] < 0 {
		return nil
	}
	t := &g.Tensors[list[i]]
	if len(t.Shape) == 0 || slices.Contains(t.ShapeSignature, -1) {
		return nil
	}
	return t
}

// enums checks the options that the kernels switch on.
func (r *reader) enums(o *Operator) {
	const padding, activation = 1, 5 // maximum values: VALID, SIGN_BIT
	at := map[string]struct{ padding, activation int }{
		"CONV_2D": {0, 3}, "DEPTHWISE_CONV_2D": {0, 4}, "AVERAGE_POOL_2D": {0, 5}, "MAX_POOL_2D": {0, 5}, "L2_POOL_2D": {0, 5},
		"TRANSPOSE_CONV": {0, 3}, "CONV_3D": {0, 4}, "CONV_3D_TRANSPOSE": {0, 4}, "FULLY_CONNECTED": {-1, 0}, "ADD": {-1, 0},
		"SUB": {-1, 0}, "MUL": {-1, 0}, "DIV": {-1, 0}, "CONCATENATION": {-1, 1}, "LSTM": {-1, 0}, "SVDF": {-1, 1},
		"UNIDIRECTIONAL_SEQUENCE_LSTM": {-1, 0}, "L2_NORMALIZATION": {-1, 0}, "RNN": {-1, 0},
	}
	where, ok := at[o.Name]
	if !ok || !o.options.present() {
		return
	}
	if where.padding >= 0 && o.options.byteOr(where.padding, 0) > padding {
		r.fail("unknown padding %d", o.options.byteOr(where.padding, 0))
	}
	if a := o.options.byteOr(where.activation, 0); a > activation {
		r.fail("unknown activation %d", a)
	}
}

// windows checks strides, dilations and filter sizes, by which the kernels divide.
func (r *reader) windows(o *Operator) {
	positive := map[string][]int{ // ids of fields that default to 0
		"CONV_2D": {1, 2}, "DEPTHWISE_CONV_2D": {1, 2}, "TRANSPOSE_CONV": {1, 2}, "AVERAGE_POOL_2D": {1, 2, 3, 4},
		"MAX_POOL_2D": {1, 2, 3, 4}, "L2_POOL_2D": {1, 2, 3, 4}, "CONV_3D": {1, 2, 3}, "CONV_3D_TRANSPOSE": {1, 2, 3},
	}
	dilations := map[string][]int{"CONV_2D": {4, 5}, "DEPTHWISE_CONV_2D": {5, 6}, "CONV_3D": {5, 6, 7}, "CONV_3D_TRANSPOSE": {5, 6, 7}}
	const most = 1 << 16 // far larger than any picture; products do not overflow
	for _, id := range positive[o.Name] {
		if v := o.options.int32Or(id, 0); v <= 0 || v > most {
			r.fail("option %d has an invalid value: %d", id, v)
		}
	}
	for _, id := range dilations[o.Name] {
		if v := o.options.int32Or(id, 1); v <= 0 || v > most {
			r.fail("invalid dilation %d", v)
		}
	}
}

// channels checks that filter, bias and output of a convolution have the same number of channels.
func (r *reader) channels(o *Operator, g *Subgraph, in, out func(int) *Tensor) {
	filter, bias, result := in(1), in(2), out(0)
	if t := g.Tensors[o.Inputs[0]].Type; o.Name == "DEPTHWISE_CONV_2D" && len(o.Inputs) == 2 && (t == tensor.UInt8 || t == tensor.Int8) {
		r.fail("the bias is missing, but XNNPACK reads it")
	}
	dim := map[string]int{"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
	d, ok := dim[o.Name]
	if !ok || filter == nil {
		return
	}
	if len(filter.Shape) != 4 {
		r.fail("invalid filter shape %s", tensor.ShapeString(filter.Shape))
		return
	}
	channels := filter.Shape[d]
	if bias != nil && bias.Elements() != channels {
		r.fail("bias has %d elements, but there are %d channels", bias.Elements(), channels)
	}
	if result != nil && (len(result.Shape) != 4 || result.Shape[3] != channels) {
		r.fail("the %d channels do not match output shape %s", channels, tensor.ShapeString(result.Shape))
	}
	input := in(0)
	if input != nil && len(input.Shape) != 4 {
		r.fail("invalid input shape %s", tensor.ShapeString(input.Shape))
		return
	}
	if input == nil || channels == 0 || input.Shape[3] == 0 || filter.Shape[3] == 0 {
		return
	}
	if o.Name == "CONV_2D" && input.Shape[3]%filter.Shape[3] != 0 || o.Name == "DEPTHWISE_CONV_2D" && channels%input.Shape[3] != 0 {
		r.fail("input shape %s does not match filter shape %s", tensor.ShapeString(input.Shape), tensor.ShapeString(filter.Shape))
	}
}

// concatenation checks that the inputs fill the output along the axis.
func (r *reader) concatenation(o *Operator, g *Subgraph) {
	out := g.known(o.Outputs, 0)
	if out == nil {
		return
	}
	rank := len(out.Shape)
	axis := int(o.options.int32Or(0, 0))
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank {
		r.fail("axis %d is out of range for shape %s", axis, tensor.ShapeString(out.Shape))
		return
	}
	sum := 0
	for i := range o.Inputs {
		in := g.known(o.Inputs, i)
		if in == nil {
			return
		}
		for d := 0; d < rank; d++ {
			if len(in.Shape) != rank || d != axis && in.Shape[d] != out.Shape[d] {
				r.fail("input shape %s does not match output shape %s", tensor.ShapeString(in.Shape), tensor.ShapeString(out.Shape))
				return
			}
		}
		sum += in.Shape[axis]
	}
	if sum != out.Shape[axis] {
		r.fail("input sizes along the axis add up to %d, but axis %d of output shape %s differs", sum, axis, tensor.ShapeString(out.Shape))
	}
}

// broadcasts reports whether a and b broadcast to out.
func broadcasts(a, b, out []int) bool {
	if len(out) != max(len(a), len(b)) {
		return false
	}
	for i := 1; i <= len(out); i++ {
		x, y := 1, 1
		if i <= len(a) {
			x = a[len(a)-i]
		}
		if i <= len(b) {
			y = b[len(b)-i]
		}
		if want := out[len(out)-i]; x != y && x != 1 && y != 1 || want != x && want != y || want == 1 && (x != 1 || y != 1) {
			return false
		}
	}
	return true
}
