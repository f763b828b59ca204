package tflite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// TestKernels gives each operator that has weights every type of weights beside every type of activations, with one
// scale, a scale a channel along the axis of the kernel and along another one, and zero points. Whatever the verifier
// lets pass must be refused by the runtime, or be computed as the same model in float32, whatever stands behind the
// weights in the file. docs/hostile-models.md lists what came of it.
func TestKernels(t *testing.T) {
	var all []*kernelCase
	for _, op := range weighted {
		all = append(all, op.cases()...)
	}
	tryKernels(t, all)
}

// TestCopyingKernels gives operators that move values inputs of another scale and zero point than the output's.
func TestCopyingKernels(t *testing.T) {
	var all []*kernelCase
	for _, op := range copying {
		all = append(all, op.cases()...)
	}
	tryKernels(t, all)
}

func tryKernels(t *testing.T, all []*kernelCase) {
	t.Helper()
	child := &victim{t: t, numbers: true}
	defer child.stop()
	tally := map[string]int{}
	for _, c := range all {
		verdict := c.try(child)
		tally[verdict]++
		if verdict == "wrong" || verdict == "crash" {
			t.Errorf("%s: %s: %s", c.name, verdict, c.why)
		}
	}
	t.Log(tally)
	if tally["right"] == 0 || tally["refused by the verifier"] == 0 {
		t.Error("the cases are too wild or too tame")
	}
}

// weightedOp is an operator with weights, as its inputs lie.
type weightedOp struct {
	name            string
	code            int32
	tag             byte
	options         []any
	input, filter   []int // shapes
	out             []int
	axis, otherAxis int // along which the kernel takes a scale each, and one along which it does not
	bias            bool
	order           []int32 // inputs by tensor: 0 input, 1 filter, 2 bias, 3 the shape of the output
}

var weighted = []weightedOp{
	{name: "CONV_2D", code: 3, tag: 1, options: []any{int8(1), int32(1), int32(1), int8(0), int32(1), int32(1)},
		input: []int{1, 4, 4, 4}, filter: []int{4, 2, 2, 4}, out: []int{1, 3, 3, 4}, axis: 0, otherAxis: 3, bias: true, order: []int32{0, 1, 2}},
	{name: "DEPTHWISE_CONV_2D", code: 4, tag: 2, options: []any{int8(1), int32(1), int32(1), int32(1), int8(0), int32(1), int32(1)},
		input: []int{1, 6, 6, 4}, filter: []int{1, 4, 4, 4}, out: []int{1, 3, 3, 4}, axis: 3, otherAxis: 1, bias: true, order: []int32{0, 1, 2}},
	{name: "FULLY_CONNECTED", code: 9, tag: 8, options: []any{int8(0), int8(0), false, false},
		input: []int{2, 4}, filter: []int{4, 4}, out: []int{2, 4}, axis: 0, otherAxis: 1, bias: true, order: []int32{0, 1, 2}},
	{name: "TRANSPOSE_CONV", code: 67, tag: 49, options: []any{int8(1), int32(1), int32(1), int8(0)},
		input: []int{1, 2, 2, 4}, filter: []int{4, 2, 2, 4}, out: []int{1, 3, 3, 4}, axis: 0, otherAxis: 3, bias: true, order: []int32{3, 1, 0, 2}},
	{name: "CONV_3D", code: 132, tag: 106, options: []any{int8(1), int32(1), int32(1), int32(1), int8(0), int32(1), int32(1), int32(1)},
		input: []int{1, 3, 3, 3, 4}, filter: []int{2, 2, 2, 4, 4}, out: []int{1, 2, 2, 2, 4}, axis: 4, otherAxis: 3, bias: true, order: []int32{0, 1, 2}},
	{name: "CONV_3D_TRANSPOSE", code: 141, tag: 106, options: []any{int8(1), int32(1), int32(1), int32(1), int8(0), int32(1), int32(1), int32(1)},
		input: []int{1, 2, 2, 2, 4}, filter: []int{2, 2, 2, 4, 4}, out: []int{1, 3, 3, 3, 4}, axis: 3, otherAxis: 4, bias: true, order: []int32{3, 1, 0, 2}},
	{name: "BATCH_MATMUL", code: 126, tag: 101, options: []any{false, false, false},
		input: []int{1, 4, 4}, filter: []int{1, 4, 4}, out: []int{1, 4, 4}, axis: 2, otherAxis: 1, order: []int32{0, 1}},
	{name: "PRELU", code: 54, input: []int{1, 4, 4, 4}, filter: []int{1, 1, 4}, out: []int{1, 4, 4, 4}, axis: 2, otherAxis: 2, order: []int32{0, 1}},
	{name: "ADD", code: 0, tag: 11, options: []any{int8(0)}, input: []int{1, 4, 4, 4}, filter: []int{1, 1, 4, 4}, out: []int{1, 4, 4, 4}, axis: 3, otherAxis: 2, order: []int32{0, 1}},
	{name: "MUL", code: 18, tag: 21, options: []any{int8(0)}, input: []int{1, 4, 4, 4}, filter: []int{1, 1, 4, 4}, out: []int{1, 4, 4, 4}, axis: 3, otherAxis: 2, order: []int32{0, 1}},
	{name: "SUB", code: 41, tag: 28, options: []any{int8(0)}, input: []int{1, 4, 4, 4}, filter: []int{1, 1, 4, 4}, out: []int{1, 4, 4, 4}, axis: 3, otherAxis: 2, order: []int32{0, 1}},
	{name: "MAXIMUM", code: 55, input: []int{1, 4, 4, 4}, filter: []int{1, 1, 4, 4}, out: []int{1, 4, 4, 4}, axis: 3, otherAxis: 2, order: []int32{0, 1}},
	{name: "SQUARED_DIFFERENCE", code: 99, input: []int{1, 4, 4, 4}, filter: []int{1, 1, 4, 4}, out: []int{1, 4, 4, 4}, axis: 3, otherAxis: 2, order: []int32{0, 1}},
	{name: "CONCATENATION", code: 2, tag: 10, options: []any{int32(1), int8(0)}, input: []int{2, 4}, filter: []int{2, 4}, out: []int{2, 8}, axis: 1, otherAxis: 0, order: []int32{0, 1}},
}

// kernelCase is a model, once with each of two contents behind its weights, and the same in float32.
type kernelCase struct {
	name   string
	models [2][]byte
	float  []byte
	out    tensor.Info // type and quantization of the output
	why    string
}

func (op weightedOp) cases() []*kernelCase {
	var all []*kernelCase
	for _, act := range []tensor.Type{tensor.Float32, tensor.Int8, tensor.UInt8, tensor.Int16} {
		for _, weights := range []tensor.Type{tensor.Float32, tensor.Float16, tensor.Int4, tensor.Int8, tensor.UInt8, tensor.Int16} {
			for _, layout := range []string{"no scale", "a scale", "a scale a channel", "scales along another axis", "a zero point", "a zero point a channel"} {
				float := weights == tensor.Float32 || weights == tensor.Float16
				if float != (layout == "no scale") {
					continue
				}
				c := &kernelCase{name: fmt.Sprintf("%s, %s activations, %s weights, %s", op.name, act, weights, layout),
					out: tensor.Info{Type: act, Quantization: activation(act, true)}}
				for k := range c.models {
					c.models[k] = op.model(act, op.weights(weights, layout), byte(0x55*k+0x11))
				}
				twin := op.weights(weights, layout)
				c.float = op.model(tensor.Float32, realWeights(twin), 0)
				all = append(all, c)
			}
		}
	}
	return all
}

// weights is the constant of that type and layout of scales.
func (op weightedOp) weights(of tensor.Type, layout string) modeltest.Tensor {
	w := modeltest.Tensor{Info: tensor.Info{Name: "weights", Type: of, Shape: op.filter}}
	n, limit := w.Elements(), map[tensor.Type]int{tensor.Int4: 7, tensor.Int8: 100, tensor.UInt8: 100, tensor.Int16: 20000}[of]
	var zero int32
	if of == tensor.UInt8 {
		zero = 128
	}
	count, axis := 1, 0
	switch layout {
	case "a scale a channel":
		count, axis = op.filter[op.axis], op.axis
	case "scales along another axis":
		count, axis = op.filter[op.otherAxis], op.otherAxis
	case "a zero point":
		zero += int32(limit * 2 / 5)
	case "a zero point a channel":
		zero += int32(limit * 2 / 5)
		count, axis = op.filter[op.axis], op.axis
	}
	if limit > 0 {
		w.Quantization.Axis = axis
		for c := range count {
			w.Quantization.Scales = append(w.Quantization.Scales, float32(0.4+0.3*float64(c))/float32(limit))
			w.Quantization.ZeroPoints = append(w.Quantization.ZeroPoints, zero)
		}
	}
	for k := range n {
		part := float64((k*29)%15-7) / 7
		raw := int(math.Round(part * float64(limit)))
		switch of {
		case tensor.Float32:
			w.Data = binary.LittleEndian.AppendUint32(w.Data, math.Float32bits(float32(part)))
		case tensor.Float16:
			w.Data = binary.LittleEndian.AppendUint16(w.Data, 0x3c00) // 1
		case tensor.Int4:
			if k%2 == 0 {
				w.Data = append(w.Data, byte(raw)&15)
			} else {
				w.Data[k/2] |= byte(raw) << 4
			}
		case tensor.Int16:
			w.Data = binary.LittleEndian.AppendUint16(w.Data, uint16(raw))
		case tensor.UInt8:
			w.Data = append(w.Data, byte(raw+128))
		default:
			w.Data = append(w.Data, byte(raw))
		}
	}
	return w
}

// realWeights is what quantized weights stand for by the schema, in float32.
func realWeights(w modeltest.Tensor) modeltest.Tensor {
	inner := 1
	for _, d := range w.Shape[min(w.Quantization.Axis+1, len(w.Shape)):] {
		inner *= d
	}
	var data []byte
	for k := range w.Elements() {
		var x float64
		switch w.Type {
		case tensor.Float32:
			x = float64(math.Float32frombits(binary.LittleEndian.Uint32(w.Data[4*k:])))
		case tensor.Float16:
			x = 1
		case tensor.Int4:
			x = float64(int8(w.Data[k/2]>>(4*(k%2))<<4) >> 4)
		case tensor.Int8:
			x = float64(int8(w.Data[k]))
		case tensor.UInt8:
			x = float64(w.Data[k])
		case tensor.Int16:
			x = float64(int16(binary.LittleEndian.Uint16(w.Data[2*k:])))
		}
		if q := w.Quantization; q.Quantized() {
			c := k / inner % len(q.Scales)
			x = (x - float64(q.ZeroPoints[c])) * float64(q.Scales[c])
		}
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(x)))
	}
	return modeltest.Tensor{Info: tensor.Info{Name: w.Name, Type: tensor.Float32, Shape: w.Shape}, Data: data}
}

// activation is the quantization of inputs, of about −2 to 2, and of outputs, of about −16 to 16.
func activation(of tensor.Type, output bool) tensor.Quantization {
	q := map[tensor.Type]tensor.Quantization{
		tensor.Int8:  {Scales: []float32{1. / 64}, ZeroPoints: []int32{1}},
		tensor.UInt8: {Scales: []float32{1. / 64}, ZeroPoints: []int32{128}},
		tensor.Int16: {Scales: []float32{1. / 16384}, ZeroPoints: []int32{0}},
	}[of]
	if output && q.Quantized() {
		q.Scales = []float32{8 * q.Scales[0]}
	}
	return q
}

func (op weightedOp) model(act tensor.Type, weights modeltest.Tensor, behind byte) []byte {
	bias := map[tensor.Type]tensor.Type{tensor.Float32: tensor.Float32, tensor.Int8: tensor.Int32, tensor.UInt8: tensor.Int32, tensor.Int16: tensor.Int64}[act]
	channels := op.out[len(op.out)-1]
	var shape []byte
	for _, d := range op.out {
		shape = binary.LittleEndian.AppendUint32(shape, uint32(d))
	}
	inputs := op.order
	tensors := []modeltest.Tensor{
		{Info: tensor.Info{Name: "in", Type: act, Shape: op.input, Quantization: activation(act, false)}},
		weights,
		{Info: tensor.Info{Name: "bias", Type: bias, Shape: []int{channels}}, Data: make([]byte, channels*bias.Size())},
		{Info: tensor.Info{Name: "shape", Type: tensor.Int32, Shape: []int{len(op.out)}}, Data: shape},
		{Info: tensor.Info{Name: "out", Type: act, Shape: op.out, Quantization: activation(act, true)}},
		// The writer puts what comes first to the end, so this one, written before the weights, lies behind them.
		{Info: tensor.Info{Name: "behind", Type: tensor.UInt8, Shape: []int{4096}}, Data: fill(behind, 4096)},
	}
	// behind is to be written first, and stay tensor 0: all others move by one.
	tensors = append(tensors[5:], tensors[:5]...)
	moved := make([]int32, len(inputs))
	for i, n := range inputs {
		moved[i] = n + 1
	}
	o := modeltest.Operator{Code: op.code, Inputs: moved, Outputs: []int32{5}, OptionsType: op.tag, Options: op.options}
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{Tensors: tensors, Inputs: []int32{1}, Outputs: []int32{5}, Operators: []modeltest.Operator{o}}}}.Bytes()
}

// try is what becomes of a case.
func (c *kernelCase) try(child *victim) string {
	if err := schema.Verify(c.models[0]); err != nil {
		if !errors.Is(err, schema.ErrUnsupported) {
			c.why = err.Error()
			return "refused by the verifier as invalid"
		}
		return "refused by the verifier"
	}
	var got [2]map[string][]float64
	for k, m := range c.models {
		stage, crash := child.run(m)
		if crash != "" {
			c.why = crash + " at " + stage
			return "crash"
		}
		got[k] = child.answers
	}
	if len(got[0]) == 0 {
		return "refused by the runtime"
	}
	if stage, crash := child.run(c.float); stage != "ok" || crash != "" {
		c.why = "the float32 model: " + stage + crash
		return "wrong"
	}
	want := child.answers["builtin"]
	tolerance := 0.03 // what 8 bits cost
	if q := c.out.Quantization; q.Quantized() {
		tolerance += float64(q.Scales[0])
	}
	for kind, have := range got[0] {
		if !slices.Equal(have, got[1][kind]) {
			c.why = fmt.Sprintf("%s answers by what lies behind the weights: %.3g, then %.3g", kind, have, got[1][kind])
			return "wrong"
		}
		for i := range want {
			// What the output's type can hold of it.
			x := min(max(want[i], c.real(math.MinInt64)), c.real(math.MaxInt64))
			if d := math.Abs(have[i] - x); !(d <= tolerance+0.02*math.Abs(x)) {
				c.why = fmt.Sprintf("%s: value %d is %.3g, not %.3g", kind, i, have[i], x)
				return "wrong"
			}
		}
	}
	return "right"
}

// real is what the raw value, clamped to the output's type, stands for.
func (c *kernelCase) real(raw int64) float64 {
	limits := map[tensor.Type][2]int64{tensor.Int8: {-128, 127}, tensor.UInt8: {0, 255}, tensor.Int16: {-32768, 32767}}
	l, ok := limits[c.out.Type]
	if !ok {
		return float64(raw)
	}
	q := c.out.Quantization
	return float64(min(max(raw, l[0]), l[1])-int64(q.ZeroPoints[0])) * float64(q.Scales[0])
}
