package assemble

import (
	"errors"

	"corallite/configs"
	"corallite/pipeline/vision"
	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

// newYOLO makes the task for a YOLO detector. What Ultralytics trains with holds where nobody says otherwise.
func newYOLO(m configs.Model, inputs, outputs []tensor.Info) (visionTask, error) {
	layout := map[string]vision.YOLOLayout{"yolov5": vision.YOLOv5, "yolov8": vision.YOLOv8}[m.Head]
	o, err := options(m, 0)
	if err != nil {
		return nil, err
	}
	usual := vision.YOLOInput()
	if m.Resize == "" {
		o.Input.Resize = usual.Resize
	}
	o.Input.Fill = usual.Fill
	if len(m.Mean) == 0 {
		o.Input.Mean, o.Input.Std = usual.Mean, usual.Std
	}
	return vision.NewYOLO(inputs, outputs, vision.YOLOOptions{
		Options: o, Layout: layout, Pixels: m.HeadPixels, NMSThreshold: float32(m.NMSThreshold),
	})
}

func newSegmenter(m configs.Model, inputs, outputs []tensor.Info) (visionTask, error) {
	o, err := options(m, 0)
	if err != nil {
		return nil, err
	}
	return vision.NewSegment(inputs, outputs, vision.SegmentOptions{Options: o, MinShare: float32(m.MinShare)})
}

func newPose(m configs.Model, graph *schema.Subgraph, inputs, outputs []tensor.Info) (visionTask, error) {
	o, err := options(m, 0)
	if err != nil {
		return nil, err
	}
	if len(o.Allow)+len(o.Deny) > 0 {
		return nil, errors.New("pose: it knows people only, so there is nothing to allow or deny")
	}
	o.Labels = nil
	p := vision.PoseOptions{Options: o, KeypointThreshold: float32(m.KeypointThreshold)}
	if op := graph.Find(schema.PosenetOp); op != nil {
		at := graph.OutputsOf(op)
		if len(at) < 4 {
			return nil, errors.New("pose: the outputs of its decoder are not those of the model")
		}
		p.Outputs = vision.PoseOutputs{Keypoints: at[0], KeypointScores: at[1], Scores: at[2], Count: at[3]}
	}
	return vision.NewPose(inputs, outputs, p)
}

// newEmbedder makes the task with a gallery, or without one (nil).
func newEmbedder(m configs.Model, gallery *vision.Gallery, inputs, outputs []tensor.Info) (visionTask, error) {
	if gallery == nil {
		m.ScoreThreshold, m.MaxResults = 0, 0
	}
	o, err := options(m, 0)
	if err != nil {
		return nil, err
	}
	o.Labels = nil // the gallery has them
	return vision.NewEmbed(inputs, outputs, vision.EmbedOptions{
		Options: o, Gallery: gallery, NoVector: gallery != nil && (m.Vector == nil || !*m.Vector),
	})
}
