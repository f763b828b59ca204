package schema

import "corallite/tflite/tensor"

// weightSets are the weight inputs of operators with several. With float32 activations the kernels check the type of one
// and read all as that type, with one scale each and no zero point.
var weightSets = func() map[string][]int {
	lstm := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16} // of the input, of the last output, peepholes, projection
	both := append([]int(nil), lstm...)
	for _, i := range lstm {
		both = append(both, i+17) // the other direction's
	}
	return map[string][]int{
		"RNN": {1, 2}, "UNIDIRECTIONAL_SEQUENCE_RNN": {1, 2}, "SVDF": {1, 2}, "EMBEDDING_LOOKUP": {1},
		"BIDIRECTIONAL_SEQUENCE_RNN":   {1, 2, 5, 6, 10, 11},
		"UNIDIRECTIONAL_SEQUENCE_LSTM": lstm, "LSTM": lstm,
		"BIDIRECTIONAL_SEQUENCE_LSTM": append(both, 40, 41, 42, 43, 44, 45, 46, 47),
	}
}()

// weightSet rejects weights of different types, and types and zero points that the kernels do not support.
func (r *reader) weightSet(o *Operator, g *Subgraph) {
	which, ok := weightSets[o.Name]
	// The basic LSTM, of five inputs, has one set and a scale that the kernel checks.
	if !ok || o.Name == "LSTM" && len(o.Inputs) < 20 || len(o.Outputs) == 0 || g.Tensors[o.Outputs[0]].Type != tensor.Float32 {
		return
	}
	var first *Tensor
	for _, i := range which {
		if i >= len(o.Inputs) || o.Inputs[i] < 0 {
			continue
		}
		w := &g.Tensors[o.Inputs[i]]
		if first == nil {
			first = w
		}
		switch w.Type {
		case tensor.Float32:
		case tensor.Int8, tensor.UInt8: // uint8: the converters of 2018 wrote it for signed bytes
			for _, z := range w.Quantization.ZeroPoints {
				if z != 0 {
					r.unsupported(exportInt8, "its %s weights %q have zero point %d, but the kernel assumes 0", w.Type, w.Name, z)
				}
			}
			if !w.Quantization.Quantized() {
				r.unsupported(exportInt8, "its %s weights %q have no quantization scale", w.Type, w.Name)
			}
		default:
			r.unsupported(exportInt8, "its weights %[2]q are %[1]s, but the kernel would read them as another type", w.Type, w.Name)
		}
		if w.Type != first.Type {
			r.unsupported(exportInt8, "its weights are %s (%q) and %s (%q), but the kernel reads all of them as one type", first.Type, first.Name, w.Type, w.Name)
		}
	}
}
