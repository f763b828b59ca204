package assemble

import (
	"errors"
	"fmt"
	"strings"

	"corallite/configs"
	"corallite/pipeline"
	"corallite/pipeline/score"
	"corallite/pipeline/vision"
	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

// PostProcess is the custom operator that ends an SSD detector of TensorFlow's object detection.
const PostProcess = "TFLite_Detection_PostProcess"

// visionTask is a task on frames that has something to close.
type visionTask interface {
	pipeline.Task[*vision.Frame]
	Close() error
}

// newTask makes the task for a model whose inputs and outputs an engine tells, and whose graph its file tells.
func newTask(m configs.Model, graph *schema.Subgraph, e pipeline.Engine) (visionTask, error) {
	switch m.Task {
	case configs.TaskDetect:
		return newDetector(m, graph, e.Inputs(), e.Outputs())
	case configs.TaskClassify:
		return newClassifier(m, graph, e.Inputs(), e.Outputs())
	case configs.TaskSegment:
		return newSegmenter(m, e.Inputs(), e.Outputs())
	case configs.TaskPose:
		return newPose(m, graph, e.Inputs(), e.Outputs())
	case configs.TaskEmbed:
		return newEmbedder(m, nil, e.Inputs(), e.Outputs())
	case "":
		return nil, errors.New("its task is not known: say `task: detect` or another")
	default:
		return nil, fmt.Errorf("its task is %s, which cannot be done on pictures; detect, classify, segment, pose and embed can", m.Task)
	}
}

// options are what the tasks have in common. offset is the label offset when the model does not name one.
func options(m configs.Model, offset int) (vision.Options, error) {
	if m.LabelOffset != nil {
		offset = *m.LabelOffset
	}
	o := vision.Options{
		Input:  vision.InputOptions{Mean: float32s(m.Mean), Std: float32s(m.Std)},
		Labels: m.Labels, LabelOffset: offset, ScoreThreshold: float32(m.ScoreThreshold), MaxResults: m.MaxResults,
		Allow: m.CategoryAllowlist, Deny: m.CategoryDenylist,
		Activation: score.Activation(m.Activation), Sensitivity: m.Sensitivity,
	}
	if m.Resize == "" {
		return o, nil
	}
	var err error
	o.Input.Resize, err = vision.ParseResize(m.Resize)
	return o, err
}

func newDetector(m configs.Model, graph *schema.Subgraph, inputs, outputs []tensor.Info) (visionTask, error) {
	if op := graph.Find(PostProcess); op != nil {
		return newPostProcessed(m, graph, op, inputs, outputs)
	}
	switch {
	case m.Anchors != "":
		return newAnchored(m, inputs, outputs)
	case m.Head != "":
		return newYOLO(m, inputs, outputs)
	}
	return nil, fmt.Errorf("detect: it does not end in %s, and the catalog does not know it, so what its outputs mean is not known (%s); %s",
		PostProcess, infos(outputs), decoderHint(outputs))
}

// decoderHint says which decoder the outputs look as if they were for, and how it is named.
func decoderHint(outputs []tensor.Info) string {
	const say = "--decoder %s on the command line, %s in YAML"
	if len(outputs) != 1 {
		return "if it is a detector with anchors, name its decoder: " + fmt.Sprintf(say, "mediapipe_face_…", "anchors: mediapipe_face_…")
	}
	switch shape := outputs[0].Shape; {
	case len(shape) == 3 && shape[0] == 1 && shape[1] > 4 && shape[2] > shape[1]:
		return "it looks like a YOLOv8 head (4 coordinates and a score for each class, of so many boxes): " + fmt.Sprintf(say, "yolov8", "head: yolov8")
	case len(shape) == 3 && shape[0] == 1 && shape[2] > 5 && shape[1] > shape[2]:
		return "it looks like a YOLOv5 head (boxes, each with 4 coordinates, a score and one for each class): " + fmt.Sprintf(say, "yolov5", "head: yolov5")
	}
	return "if it is a classifier, use classify"
}

func infos(tensors []tensor.Info) string {
	words := make([]string, len(tensors))
	for i, t := range tensors {
		words[i] = t.String()
	}
	return strings.Join(words, ", ")
}

// newPostProcessed reads from the model which output is which: the operator's outputs are boxes, classes, scores and
// count, wherever the graph puts them.
func newPostProcessed(m configs.Model, graph *schema.Subgraph, op *schema.Operator, inputs, outputs []tensor.Info) (visionTask, error) {
	at := graph.OutputsOf(op)
	if len(at) < 4 {
		return nil, fmt.Errorf("%s has %d outputs; boxes, classes, scores and count are wanted", PostProcess, len(at))
	}
	for i, what := range []string{"boxes", "classes", "scores", "count"} {
		if at[i] < 0 {
			return nil, fmt.Errorf("the %s of %s are no output of the model", what, PostProcess)
		}
	}
	o, err := options(m, vision.BackgroundOffset(m.Labels))
	if err != nil {
		return nil, err
	}
	// Its second input has a score for each anchor and class, the background mostly counted as one.
	if len(op.Inputs) > 1 && op.Inputs[1] >= 0 {
		if shape := graph.Tensors[op.Inputs[1]].Shape; len(shape) > 0 {
			o.Classes = shape[len(shape)-1] - 1
		}
	}
	perBox := 1
	if op := op.PostProcess(); !op.RegularNMS {
		perBox = op.PerBox
	}
	return vision.NewDetect(inputs, outputs, vision.DetectOptions{
		Options: o,
		Outputs: vision.DetectionOutputs{Boxes: at[0], Classes: at[1], Scores: at[2], Count: at[3]}, PerBox: perBox,
	})
}

// newAnchored makes the task for one of the detectors whose anchors are known by name.
func newAnchored(m configs.Model, inputs, outputs []tensor.Info) (visionTask, error) {
	a, err := vision.FaceOptions(strings.TrimPrefix(m.Anchors, "mediapipe_face_"))
	if err != nil {
		return nil, fmt.Errorf("anchors %q: %w", m.Anchors, err)
	}
	o, err := options(m, 0)
	if err != nil {
		return nil, err
	}
	// What the detector was trained with holds where nobody says otherwise.
	if m.Resize == "" {
		o.Input.Resize = a.Input.Resize
	}
	if len(m.Mean) == 0 {
		o.Input.Mean, o.Input.Std = a.Input.Mean, a.Input.Std
	}
	if len(o.Labels) == 0 {
		o.Labels = a.Labels
	}
	a.Options = o
	if m.NMSThreshold > 0 {
		a.NMSThreshold = float32(m.NMSThreshold)
	}
	if a.Outputs, err = anchoredOutputs(m, outputs); err != nil {
		return nil, err
	}
	return vision.NewSSDAnchors(inputs, outputs, a)
}

// anchoredOutputs finds the outputs that the catalog names; nil when it names none, and the shapes tell them apart.
func anchoredOutputs(m configs.Model, outputs []tensor.Info) (*vision.SSDAnchorsOutputs, error) {
	if len(m.Outputs) == 0 {
		return nil, nil
	}
	at := map[string]int{}
	for role, name := range m.Outputs {
		i := -1
		for k, o := range outputs {
			if o.Name == name {
				i = k
			}
		}
		if i < 0 {
			return nil, fmt.Errorf("it has no output named %q, which the catalog gives for the %s", name, role)
		}
		at[role] = i
	}
	return &vision.SSDAnchorsOutputs{Boxes: at["boxes"], Scores: at["scores"]}, nil
}

func newClassifier(m configs.Model, graph *schema.Subgraph, inputs, outputs []tensor.Info) (visionTask, error) {
	if graph.Find(PostProcess) != nil {
		return nil, fmt.Errorf("classify: it ends in %s, so it finds objects: use detect", PostProcess)
	}
	// A label file with a line for the background fits a model that counts the background as a class, and one that does
	// not; the number of classes tells which.
	offset := 0
	if len(outputs) == 1 && len(m.Labels) == outputs[0].Elements()+1 {
		offset = vision.BackgroundOffset(m.Labels)
	}
	o, err := options(m, offset)
	if err != nil {
		return nil, err
	}
	return vision.NewClassify(inputs, outputs, vision.ClassifyOptions{Options: o})
}

func float32s(v []float64) []float32 {
	if v == nil {
		return nil
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}
