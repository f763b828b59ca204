package schema

import (
	"errors"
	"fmt"

	"corallite/tflite/tensor"
)

// ErrUnsupported is wrapped by the error of a model that is valid and that the runtime ([Runtime]) cannot run, or would
// run wrongly without a word.
var ErrUnsupported = errors.New("a valid model that this runtime cannot run")

// Runtime is the runtime whose kernels the checks of this package know.
const Runtime = "TensorFlow Lite 2.17.1"

// unsupported keeps the first reason why the runtime cannot run a sound model, and the way out.
func (r *reader) unsupported(wayOut, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s%s: %s; %s", ErrUnsupported, r.where(), fmt.Sprintf(format, args...), "the runtime is "+Runtime, wayOut)
	}
}

// newerOperators is how many numbers behind those of operatorNames may be operators of a newer runtime.
const newerOperators = 64

// Ways out, by what the tools that make models offer.
const (
	exportInt8    = "quantize to 8 bits instead (ai-edge-quantizer: a recipe of 8-bit weights; TensorFlow's converter: its default)"
	exportFloat32 = "export the float32 model (onnx2tf writes one whose name ends in _float32.tflite) or an 8-bit one"
	exportOlder   = "export it with an older version of the tool that made it"
)

// kernels refuses what the schema allows and the runtime's kernels take for something else, without a word: another answer
// at each run, or memory read past a tensor's end. Each was seen (docs/hostile-models.md).
func (r *reader) kernels(o *Operator, g *Subgraph) {
	at := func(i int) *Tensor {
		if i >= len(o.Inputs) || o.Inputs[i] < 0 {
			return &Tensor{}
		}
		return &g.Tensors[o.Inputs[i]]
	}
	input, filter := at(0), at(1)
	r.weights(o, g)
	r.weightSet(o, g)
	r.oneScaleEach(o, g)
	r.sameScale(o, g)
	r.fixedScale(o, g)
	// The hybrid kernel reads a scale for each channel, however many there are.
	if n := len(filter.Quantization.Scales); o.Name == "DEPTHWISE_CONV_2D" && input.Type == tensor.Float32 && filter.Type == tensor.Int8 &&
		len(filter.Shape) == 4 && n != filter.Shape[3] {
		r.unsupported("quantize its weights per channel (ai-edge-quantizer: granularity CHANNELWISE)",
			"8-bit weights of float activations have %d scales for %d channels, and the kernel reads one a channel", n, filter.Shape[3])
	}
	if halfActivations[o.Name] && input.Type == tensor.Float16 && input.Data == nil {
		r.unsupported(exportFloat32, "its activations are float16, which the CPU's kernels do not compute with")
	}
}

// halfActivations are operators whose kernels have no float16; it is for weights, behind DEQUANTIZE.
var halfActivations = map[string]bool{
	"CONV_2D": true, "DEPTHWISE_CONV_2D": true, "TRANSPOSE_CONV": true, "CONV_3D": true, "FULLY_CONNECTED": true, "BATCH_MATMUL": true,
	"ADD": true, "SUB": true, "MUL": true, "DIV": true, "AVERAGE_POOL_2D": true, "MAX_POOL_2D": true, "MEAN": true,
	"SOFTMAX": true, "LOGISTIC": true, "TANH": true,
}
