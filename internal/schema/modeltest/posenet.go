package modeltest

import "maps"

// PosenetOptions are the options of PosenetDecoderOp as Coral's models have them, with changes; one that is nil is
// left out.
func PosenetOptions(change map[string]any) []byte {
	options := map[string]any{"max_detections": 20, "score_threshold": 0.2, "stride": 16, "nms_radius": 10.0}
	maps.Copy(options, change)
	maps.DeleteFunc(options, func(_ string, v any) bool { return v == nil })
	return FlexMap(options)
}

// Posenet is a graph of the operator PosenetDecoderOp alone, on inputs of floats: height × width cells.
func Posenet(height, width int, options []byte) Model {
	return Model{Subgraphs: []Subgraph{{
		Tensors: []Tensor{
			Float32("heatmap", 1, height, width, 17), Float32("short", 1, height, width, 34), Float32("mid", 1, height, width, 64),
			Float32("points"), Float32("scores"), Float32("poses"), Float32("count"),
		},
		Inputs: []int32{0, 1, 2}, Outputs: []int32{3, 4, 5, 6},
		Operators: []Operator{{
			Code: Custom, Custom: "PosenetDecoderOp", CustomData: options, Inputs: []int32{0, 1, 2}, Outputs: []int32{3, 4, 5, 6},
		}},
	}}}
}
