package vision

import "fmt"

// postprocessOp is the custom operator that ends an SSD detector of TensorFlow's object detection API.
const postprocessOp = "TFLite_Detection_PostProcess"

// ssdPostprocess reads detectors that end in TFLite_Detection_PostProcess, which decodes and suppresses boxes itself.
var ssdPostprocess = &Decoder{
	Name:        "ssd_postprocess",
	Description: "SSD and EfficientDet models that end in " + postprocessOp,
	Fits: func(m ModelInfo) Fit {
		if m.Graph != nil && m.Graph.Find(postprocessOp) != nil {
			return Certain
		}
		return NoFit
	},
	New: newPostprocessed,
}

// newPostprocessed reads from the graph which output is which: the operator's outputs are boxes, classes, scores and
// count, wherever the graph puts them.
func newPostprocessed(m ModelInfo, s Settings) (Task, error) {
	if m.Graph == nil || m.Graph.Find(postprocessOp) == nil {
		return nil, fmt.Errorf("detect: the decoder ssd_postprocess needs a model that ends in %s; this one has %s",
			postprocessOp, list("output", m.Outputs))
	}
	if err := s.readsSeveral(); err != nil {
		return nil, err
	}
	op := m.Graph.Find(postprocessOp)
	at := m.Graph.OutputsOf(op)
	if len(at) < 4 {
		return nil, fmt.Errorf("detect: %s has %d outputs (want boxes, classes, scores and count)", postprocessOp, len(at))
	}
	for i, what := range []string{"boxes", "classes", "scores", "count"} {
		if at[i] < 0 {
			return nil, fmt.Errorf("detect: the %s of %s are not an output of the model", what, postprocessOp)
		}
	}
	o, err := s.options(m, nil, BackgroundOffset)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	// Its second input has a score for each anchor and class, the background mostly counted as one.
	if len(op.Inputs) > 1 && op.Inputs[1] >= 0 {
		if shape := m.Graph.Tensors[op.Inputs[1]].Shape; len(shape) > 0 {
			o.Classes = shape[len(shape)-1] - 1
		}
	}
	perBox := 1
	if options := op.PostProcess(); !options.RegularNMS {
		perBox = options.PerBox
	}
	return asTask(NewDetect(m.Inputs, m.Outputs, DetectOptions{
		Options: o, PerBox: perBox,
		Outputs: DetectionOutputs{Boxes: at[0], Classes: at[1], Scores: at[2], Count: at[3]},
	}))
}
