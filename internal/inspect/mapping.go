package inspect

import (
	"fmt"
	"slices"

	"corallite/internal/schema"
	"corallite/tflite/tensor"
)

// The rules are those that Coral publishes (coral.ai/docs/edgetpu/models-intro: "Model requirements" and the table of supported
// operations with their limitations, compiler 16). A compiler may leave out more for reasons that it does not say.

// rule says why an operator is not mapped; "": it is. It is asked after the rules that hold for all.
type rule func(g *schema.Subgraph, o *schema.Operator) string

func always(*schema.Subgraph, *schema.Operator) string { return "" }

func noActivation(_ *schema.Subgraph, o *schema.Operator) string {
	if a := o.Activation(); a != "" {
		return "it has a fused activation (" + a + ")"
	}
	return ""
}

// rules are the operators that the compiler knows.
var rules = map[string]rule{
	"ADD": always, "SUB": always, "MUL": always, "MAXIMUM": always, "MINIMUM": always, "SQUARED_DIFFERENCE": always,
	"LOGISTIC": always, "TANH": always, "RELU": always, "RELU6": always, "RELU_N1_TO_1": always, "RSQRT": always, "QUANTIZE": always,
	"L2_NORMALIZATION": always, "RESHAPE": always, "EXPAND_DIMS": always, "SPACE_TO_DEPTH": always, "SLICE": always,
	"TRANSPOSE": always, "TRANSPOSE_CONV": constantWeights, "RESIZE_BILINEAR": always, "RESIZE_NEAREST_NEIGHBOR": always,
	"AVERAGE_POOL_2D": noActivation, "MAX_POOL_2D": noActivation,
	"CONCATENATION":     concatenation,
	"CONV_2D":           convolution,
	"DEPTHWISE_CONV_2D": convolution,
	"FULLY_CONNECTED":   fullyConnected,
	"MEAN":              withoutBatch, "SUM": withoutBatch, "REDUCE_MAX": withoutBatch, "REDUCE_MIN": withoutBatch,
	"PACK": func(_ *schema.Subgraph, o *schema.Operator) string {
		return alongBatch(o.Option("axis", 0), "packs")
	},
	"SPLIT":                        split,
	"PAD":                          pad,
	"PRELU":                        prelu,
	"SOFTMAX":                      softmax,
	"SQUEEZE":                      squeeze,
	"STRIDED_SLICE":                stridedSlice,
	"UNIDIRECTIONAL_SEQUENCE_LSTM": always,
	"LSTM":                         always,
}

// mapping asks the rules about the main graph.
func mapping(m *schema.Model) *Mapping {
	g := m.Main()
	p := &Mapping{Of: len(g.Operators)}
	if t, open := openTensor(g); open {
		p.Notes = append(p.Notes, fmt.Sprintf("tensor %q has an open size %s, and the compiler wants all sizes fixed: it would refuse the model", t.Name, tensor.ShapeString(t.ShapeSignature)))
	}
	if len(m.Subgraphs) > 1 {
		p.Notes = append(p.Notes, "it has several subgraphs, of which the compiler takes the first")
	}
	whys := make([]string, len(g.Operators))
	for i := range g.Operators {
		if whys[i] = whyNot(g, &g.Operators[i]); whys[i] != "" {
			p.Stops = append(p.Stops, Stop{i, g.Operators[i].Name, whys[i]})
		}
	}
	sure := p.reach(g, whys, func(name string) bool { return !resizes(name) })
	most := p.reach(g, whys, func(string) bool { return true })
	for i := range g.Operators {
		if most[i] {
			p.Most++
		}
		if sure[i] {
			p.Mapped++
		}
		if most[i] && !sure[i] && resizes(g.Operators[i].Name) {
			p.Notes = append(p.Notes, fmt.Sprintf("%d %s may stay on the CPU, with all that follows from it: depending on its sizes the compiler keeps it there for precision", i, g.Operators[i].Name))
		}
	}
	if _, open := openTensor(g); open {
		p.Mapped, p.Most = 0, 0
	}
	return p
}

// resizes says whether it depends on the sizes, in a way that is not published, whether an operator is mapped.
func resizes(name string) bool { return name == "RESIZE_BILINEAR" || name == "RESIZE_NEAREST_NEIGHBOR" }

// converts are operators that the compiler leaves before the first that it maps, where they make 8-bit integers of an input.
func converts(name string) bool { return name == "CAST" || name == "QUANTIZE" || name == "DEQUANTIZE" }

// reach says which operators are mapped: those that the rules take, and nothing that they depend on was left to the CPU, as the
// compiler does not come back to the Edge TPU; conversions of inputs aside.
func (p *Mapping) reach(g *schema.Subgraph, whys []string, also func(name string) bool) []bool {
	const free, converted, lost = 0, 1, 2
	state := make([]int, len(g.Tensors))
	for _, t := range g.Inputs {
		state[t] = converted
	}
	mapped := make([]bool, len(g.Operators))
	for i := range g.Operators {
		o := &g.Operators[i]
		worst, onlyInputs := free, true
		for _, t := range o.Inputs {
			if t >= 0 && g.Tensors[t].Data == nil {
				worst = max(worst, state[t])
				onlyInputs = onlyInputs && state[t] == converted
			}
		}
		mapped[i] = whys[i] == "" && also(o.Name) && worst != lost
		next := free
		switch {
		case mapped[i]:
		case onlyInputs && converts(o.Name):
			next = converted
		default:
			next = lost
		}
		for _, t := range o.Outputs {
			state[t] = next
		}
	}
	return mapped
}

func openTensor(g *schema.Subgraph) (*schema.Tensor, bool) {
	for i := range g.Tensors {
		if slices.Contains(g.Tensors[i].ShapeSignature, -1) && !onlyItemsOpen(g.Tensors[i].ShapeSignature) {
			return &g.Tensors[i], true
		}
	}
	return nil, false
}

// onlyItemsOpen says that nothing but the first dimension is open, which converters write for models that run with one item.
func onlyItemsOpen(signature []int) bool {
	return !slices.Contains(signature[1:], -1)
}

// whyNot is why an operator is not mapped.
func whyNot(g *schema.Subgraph, o *schema.Operator) string {
	r, known := rules[o.Name]
	if !known {
		if o.Name == "DEQUANTIZE" {
			return "it makes floats"
		}
		return "the Edge TPU does not have this operator"
	}
	for _, list := range [][]int{o.Inputs, o.Outputs} {
		for _, i := range list {
			if i < 0 {
				continue
			}
			t := &g.Tensors[i]
			if why := tensorRule(o, t); why != "" {
				return why
			}
		}
	}
	return r(g, o)
}

// tensorRule holds for all tensors of all operators: 8-bit integers, constants aside, and at most three dimensions larger than 1.
func tensorRule(o *schema.Operator, t *schema.Tensor) string {
	if t.Data == nil && t.Type != tensor.Int8 && t.Type != tensor.UInt8 && !(t.Type == tensor.Int16 && t.Variable) {
		return fmt.Sprintf("tensor %q is %s and not an 8-bit integer", t.Name, t.Type)
	}
	if t.Data != nil && (t.Type == tensor.Float32 || t.Type == tensor.Float16) {
		return fmt.Sprintf("its constant %q is %s and not quantized", t.Name, t.Type)
	}
	large := false
	for i, d := range t.Shape {
		large = large || i < len(t.Shape)-3 && d > 1
	}
	if large && t.Data == nil {
		return fmt.Sprintf("tensor %q %s has a size above 1 outside of its 3 innermost dimensions", t.Name, tensor.ShapeString(t.Shape))
	}
	return ""
}

func constantWeights(g *schema.Subgraph, o *schema.Operator) string {
	if len(o.Inputs) > 1 && o.Inputs[1] >= 0 && g.Tensors[o.Inputs[1]].Data == nil {
		return "its weights are computed, and not constant"
	}
	return ""
}

func convolution(g *schema.Subgraph, o *schema.Operator) string {
	if w, h := o.Option("dilation_w_factor", 1), o.Option("dilation_h_factor", 1); w != h {
		return fmt.Sprintf("it is dilated by %d in x and %d in y, which must be the same", w, h)
	}
	return constantWeights(g, o)
}

func fullyConnected(g *schema.Subgraph, o *schema.Operator) string {
	if o.Option("weights_format", 0) != 0 {
		return "its weights are not in the default format"
	}
	if len(o.Outputs) > 0 {
		if out := g.Tensors[o.Outputs[0]]; dimensionsAbove1(out.Shape) > 1 {
			return fmt.Sprintf("its output %s has more than one dimension", tensor.ShapeString(out.Shape))
		}
	}
	return constantWeights(g, o)
}

func dimensionsAbove1(shape []int) int {
	n := 0
	for _, d := range shape {
		if d > 1 {
			n++
		}
	}
	return n
}

// concatenation takes a constant only as zeros beside one other input.
func concatenation(g *schema.Subgraph, o *schema.Operator) string {
	for _, i := range o.Inputs {
		if i < 0 || g.Tensors[i].Data == nil {
			continue
		}
		if zeros, of := zerosOf(&g.Tensors[i]); len(o.Inputs) != 2 || zeros != of {
			return fmt.Sprintf("its input %q is constant, which is taken only as zeros beside one other input", g.Tensors[i].Name)
		}
	}
	return noActivation(g, o)
}

func alongBatch(axis int, what string) string {
	if axis == 0 {
		return "it " + what + " along the batch dimension"
	}
	return ""
}

func rank(g *schema.Subgraph, o *schema.Operator) int {
	if len(o.Inputs) == 0 || o.Inputs[0] < 0 {
		return 0
	}
	return len(g.Tensors[o.Inputs[0]].Shape)
}

func withoutBatch(g *schema.Subgraph, o *schema.Operator) string {
	for _, a := range g.Numbers(o, 1) {
		if n := rank(g, o); n == 4 && (a == 0 || a == -n) {
			return alongBatch(0, "reduces")
		}
	}
	return ""
}

func split(g *schema.Subgraph, o *schema.Operator) string {
	for _, a := range g.Numbers(o, 0) {
		if len(o.Inputs) > 1 && o.Inputs[1] >= 0 && (a == 0 || a == -len(g.Tensors[o.Inputs[1]].Shape)) {
			return alongBatch(0, "splits")
		}
	}
	return ""
}

func pad(g *schema.Subgraph, o *schema.Operator) string {
	if p := g.Numbers(o, 1); len(p) == 8 && (p[0] != 0 || p[1] != 0) {
		return alongBatch(0, "pads")
	}
	return ""
}

func prelu(g *schema.Subgraph, o *schema.Operator) string {
	if len(o.Inputs) > 1 && o.Inputs[1] >= 0 {
		if a := g.Tensors[o.Inputs[1]].Shape; len(a) > 1 && dimensionsAbove1(a[:len(a)-1]) > 0 {
			return fmt.Sprintf("its alpha %s has a size above 1 outside of its innermost dimension (Keras: shared_axes=[1, 2])", tensor.ShapeString(a))
		}
	}
	return ""
}

func softmax(g *schema.Subgraph, o *schema.Operator) string {
	const most = 16000
	if len(o.Inputs) == 0 || o.Inputs[0] < 0 {
		return ""
	}
	t := g.Tensors[o.Inputs[0]]
	if dimensionsAbove1(t.Shape) > 1 || t.Elements() > most {
		return fmt.Sprintf("its input %s has more than one dimension, or more than %d elements", tensor.ShapeString(t.Shape), most)
	}
	return ""
}

func squeeze(g *schema.Subgraph, o *schema.Operator) string {
	if len(o.Inputs) == 0 || o.Inputs[0] < 0 {
		return ""
	}
	shape := g.Tensors[o.Inputs[0]].Shape
	first := slices.IndexFunc(shape, func(d int) bool { return d > 1 })
	if first >= 0 && slices.Contains(shape[first:], 1) {
		return fmt.Sprintf("its input %s has dimensions of 1 that do not lead", tensor.ShapeString(shape))
	}
	return ""
}

func stridedSlice(g *schema.Subgraph, o *schema.Operator) string {
	for _, s := range g.Numbers(o, 3) {
		if s != 1 {
			return fmt.Sprintf("its stride is %d and not 1", s)
		}
	}
	if o.Option("ellipsis_mask", 0) != 0 || o.Option("new_axis_mask", 0) != 0 {
		return "it has an ellipsis or a new axis"
	}
	return ""
}
