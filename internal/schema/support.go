package schema

import (
	"errors"
	"fmt"

	"corallite/tflite/tensor"
)

// ErrUnsupported is wrapped by errors about valid models that the runtime ([Runtime]) cannot run, or would silently run
// wrongly.
var ErrUnsupported = errors.New("a valid model that this runtime cannot run")

// Runtime is the runtime whose kernels the checks of this package know.
const Runtime = "TensorFlow Lite 2.17.1"

// unsupported keeps the first reason why the runtime cannot run a valid model, and a way out.
func (r *reader) unsupported(wayOut, format string, args ...any) {
	if r.err != nil {
		return
	}
	err := fmt.Errorf("%w: %s%s: %s; %s", ErrUnsupported, r.where(), fmt.Sprintf(format, args...), "the runtime is "+Runtime, wayOut)
	if !r.survey {
		r.err = err
	} else if len(r.refused) < mostRefused {
		r.refused = append(r.refused, err)
	}
}

// mostRefused is how many reasons a survey gives.
const mostRefused = 20

// newerOperators is how many numbers behind those of operatorNames may be operators of a newer runtime.
const newerOperators = 64

// Ways out, using options of the tools that export models.
const (
	exportInt8    = "quantize to 8 bits instead (ai-edge-quantizer: a recipe of 8-bit weights; TensorFlow's converter: its default)"
	exportFloat32 = "export the float32 model (onnx2tf writes one whose name ends in _float32.tflite) or an 8-bit one"
	exportOlder   = "export it with an older version of the tool that made it"
)

// kernels rejects what the schema allows but the runtime's kernels silently misinterpret: results that differ between
// runs, or reads past a tensor's end. Each was observed (docs/hostile-models.md).
func (r *reader) kernels(o *Operator, g *Subgraph) {
	r.weights(o, g)
	r.weightSet(o, g)
	r.oneScaleEach(o, g)
	r.sameScale(o, g)
	r.fixedScale(o, g)
	if !halfActivations[o.Name] || len(o.Inputs) == 0 || o.Inputs[0] < 0 {
		return
	}
	if input := &g.Tensors[o.Inputs[0]]; input.Type == tensor.Float16 && input.Data == nil {
		r.unsupported(exportFloat32, "its activations are float16, which the CPU kernels do not support")
	}
}

// halfActivations are operators whose kernels have no float16; it is only for weights before DEQUANTIZE.
var halfActivations = map[string]bool{
	"CONV_2D": true, "DEPTHWISE_CONV_2D": true, "TRANSPOSE_CONV": true, "CONV_3D": true, "FULLY_CONNECTED": true, "BATCH_MATMUL": true,
	"ADD": true, "SUB": true, "MUL": true, "DIV": true, "AVERAGE_POOL_2D": true, "MAX_POOL_2D": true, "MEAN": true,
	"SOFTMAX": true, "LOGISTIC": true, "TANH": true,
}
