package vision

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Ultralytics is what the programs of Ultralytics, and yolov5's export.py, pack into a model that they export.
type Ultralytics struct {
	Task          string   // "detect", "segment", "pose", "obb", "classify", "semantic", …; "": export.py does not say it
	Head          string   // the class of the model's head: "Detect", "RTDETRDecoder"; "" before 2026
	Labels        []string // of the classes
	End2End       bool     // boxes need no suppression: the model is so, or was exported with nms=True
	KeypointShape [2]int   // of pose: key points, and values of each
	KeypointNames []string // of pose; nil: not said
}

// ParseUltralytics reads a file that is packed into a model: JSON, YAML or, in older exports, a dictionary as Python writes it.
// nil: it is something else, such as a list of labels.
func ParseUltralytics(text []byte) (*Ultralytics, error) {
	var f struct {
		Task     string    `yaml:"task"`
		Head     string    `yaml:"head"`
		Stride   any       `yaml:"stride"`
		Names    yaml.Node `yaml:"names"`
		End2End  bool      `yaml:"end2end"`
		KptShape []int     `yaml:"kpt_shape"`
		KptNames yaml.Node `yaml:"kpt_names"`
		Args     struct {
			NMS yaml.Node `yaml:"nms"`
		} `yaml:"args"`
	}
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	if err := doc.Decode(&f); err != nil || f.Stride == nil || f.Names.Kind == 0 {
		if f.Stride != nil && f.Names.Kind != 0 {
			return nil, fmt.Errorf("cannot read what its exporter says of it: %w", err)
		}
		return nil, nil
	}
	u := &Ultralytics{Task: f.Task, Head: f.Head, End2End: f.End2End || f.Args.NMS.Value == "true" || f.Args.NMS.Value == "True"}
	var err error
	if f.Names.Kind == yaml.SequenceNode {
		u.Labels, err = yamlList(&f.Names)
	} else {
		u.Labels, err = yamlMap(&f.Names)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the names of its classes: %w", err)
	}
	if len(f.KptShape) == 2 && f.KptShape[0] > 0 && f.KptShape[0] < 1<<16 {
		u.KeypointShape = [2]int{f.KptShape[0], f.KptShape[1]}
	}
	u.KeypointNames = keypointNames(&f.KptNames, u.KeypointShape[0])
	return u, nil
}

// keypointNames are the names of a list, or of the list that a map has for the first class; nil: there are not so many.
func keypointNames(n *yaml.Node, count int) []string {
	if n.Kind == yaml.MappingNode && len(n.Content) > 1 {
		n = n.Content[1]
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) != count {
		return nil
	}
	names := make([]string, count)
	for i, c := range n.Content {
		names[i] = c.Value
	}
	return names
}

// keypoints are the names of the key points: those of the file, COCO's where they are 17, else their numbers.
func (u *Ultralytics) keypoints() []string {
	switch n := u.KeypointShape[0]; {
	case len(u.KeypointNames) == n:
		return u.KeypointNames
	case n == poseKeypoints:
		return PoseKeypoints()
	default:
		names := make([]string, n)
		for i := range names {
			names[i] = strconv.Itoa(i)
		}
		return names
	}
}

// ultralyticsTasks are the tasks that read what a model was trained for, by Ultralytics' names.
var ultralyticsTasks = map[string][]string{
	"": {taskDetect, taskClassify}, "detect": {taskDetect}, "segment": {taskDetect}, "obb": {taskDetect}, "pose": {taskDetect, taskPose},
	"classify": {taskClassify, taskEmbed}, "semantic": {taskSegment},
}

// check says why a model is not for a task; nil: it is, or nothing says it.
func (u *Ultralytics) check(task string) error {
	if u == nil {
		return nil
	}
	able, known := ultralyticsTasks[u.Task]
	switch {
	case !known:
		return fmt.Errorf("it was exported for Ultralytics' task %s, which is not supported", u.Task)
	case u.Head == "RTDETRDecoder":
		return fmt.Errorf("it is an RT-DETR model, whose output is not supported: export a YOLO model")
	case !slices.Contains(able, task):
		what := cmp.Or(u.Task, "detect")
		if u.Task == "segment" {
			what += " (the mask of each object)"
		}
		return fmt.Errorf("it was exported for Ultralytics' task %s: set task: %s", what, able[0])
	}
	return nil
}

// trained is what the models of a task had as input in training, as a Decoder has it; nil: nothing says it.
func (u *Ultralytics) trained(task string) *Decoder {
	switch {
	case u == nil:
		return nil
	case task == taskSegment:
		return &Decoder{Input: YOLOInput()}
	case u.Task == "": // yolov5's classify/predict.py has ImageNet's statistics
		return &Decoder{Input: InputOptions{Resize: CenterCrop, Mean: []float32{123.675, 116.28, 103.53}, Std: []float32{58.395, 57.12, 57.375}}}
	default:
		return &Decoder{Input: InputOptions{Resize: CenterCrop, Mean: []float32{0}, Std: []float32{255}}}
	}
}

// ultralyticsDecoder is the decoder that reads what the exporter of the model wrote, as it says itself; false: nothing says it.
func (m ModelInfo) ultralyticsDecoder() (string, bool) {
	u := m.Ultralytics
	if u == nil || len(m.Inputs) != 1 {
		return "", false
	}
	head := map[string]YOLOHead{"pose": YOLOPose, "obb": YOLORotated}[u.Task]
	for _, out := range m.Outputs {
		if len(out.Shape) != 3 {
			continue
		}
		switch {
		case u.Task == "" && out.Shape[2] >= 5+len(u.Labels): // yolov5's export.py, which has boxes from 0 to 1
			return yoloDecoderName(YOLOv5, YOLOBoxes, false), true
		case u.Task == "":
		case u.End2End && u.rowsOf(m, out.Shape[2]):
			// The exporter through ONNX (channels last) normalizes these boxes, that through litert-torch does not.
			_, _, c := PictureAxes(m.Inputs[0].Shape)
			return yoloDecoderName(YOLOEnd2End, head, c == 1), true
		default:
			return yoloDecoderName(YOLOv8, head, false), true
		}
	}
	return "", false
}

// rowsOf says whether so many values are a row of an end-to-end output.
func (u *Ultralytics) rowsOf(m ModelInfo, values int) bool {
	switch u.Task {
	case "pose":
		return values == 6+u.KeypointShape[0]*u.KeypointShape[1]
	case "obb":
		return values == 7
	case "segment":
		for _, out := range m.Outputs {
			if len(out.Shape) == 4 {
				return values == 6+out.Shape[1] || values == 6+out.Shape[3]
			}
		}
	}
	return values == 6
}
