package vision

import (
	"reflect"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/tflite/tensor"
)

func TestParseUltralytics(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want *Ultralytics
	}{
		"JSON, as ultralytics 8.4 packs it": {`{"description": "Ultralytics YOLO26 model", "stride": 32, "task": "pose", "head": "Pose26", "imgsz": [160, 160],
			"names": {"0": "person", "1": "it's"}, "args": {"batch": 1, "nms": false}, "channels": 3, "end2end": true, "kpt_shape": [2, 3],
			"kpt_names": {"0": ["head", "tail"]}}`,
			&Ultralytics{Task: "pose", Head: "Pose26", Labels: []string{"person", "it's"}, End2End: true, KeypointShape: [2]int{2, 3}, KeypointNames: []string{"head", "tail"}}},
		"a dictionary of Python, as older versions": {`{'description': 'Ultralytics YOLOv8n model trained on coco.yaml', 'author': 'Ultralytics', 'version': '8.1.0', 'stride': 32, 'task': 'detect', 'batch': 1, 'imgsz': [640, 640], 'names': {0: 'person', 1: "driver's cab"}}`,
			&Ultralytics{Task: "detect", Labels: []string{"person", "driver's cab"}}},
		"a dictionary of Python with nms": {`{'stride': 32, 'task': 'detect', 'names': {0: 'a'}, 'args': {'batch': 1, 'nms': True}}`, &Ultralytics{Task: "detect", Labels: []string{"a"}, End2End: true}},
		"export.py of yolov5":             {`{'stride': 32, 'names': {0: 'person', 1: 'bicycle'}}`, &Ultralytics{Labels: []string{"person", "bicycle"}}},
		"YAML, names in a list":           {"stride: 32\ntask: obb\nnames: [plane, ship]\n", &Ultralytics{Task: "obb", Labels: []string{"plane", "ship"}}},
		"labels":                          {"person\nbicycle\n", nil},
		"labels with colons":              {"0: person\n1: bicycle\n", nil},
		"a manifest of something else":    {`{"names": ["a"], "version": 2}`, nil},
		"nothing":                         {"", nil},
	} {
		got, err := ParseUltralytics([]byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	for _, damaged := range []string{`{"stride": 32, "names": {"x": "y"}}`, `{"stride": 32, "names": {"-1": "y"}}`, `{"stride": 32, "task": ["a"], "names": {"0": "y"}}`} {
		if u, err := ParseUltralytics([]byte(damaged)); err == nil {
			t.Errorf("%s: %+v", damaged, u)
		}
	}
}

// TestUltralyticsDecides makes the task that a model's file asks for, without a decoder that is named.
func TestUltralyticsDecides(t *testing.T) {
	const size = 128 // 336 boxes
	in := func(planar bool) []tensor.Info {
		shape := []int{1, size, size, 3}
		if planar {
			shape = []int{1, 3, size, size}
		}
		return []tensor.Info{{Name: "args_0", Type: tensor.Float32, Shape: shape}}
	}
	out := func(shapes ...[]int) (all []tensor.Info) {
		for _, s := range shapes {
			all = append(all, tensor.Info{Name: "output", Type: tensor.Float32, Shape: s})
		}
		return all
	}
	two := []string{"a", "b"}
	for name, c := range map[string]struct {
		u       Ultralytics
		planar  bool
		outputs []tensor.Info
		want    string
	}{
		"detect":                      {Ultralytics{Task: "detect", Labels: two}, true, out([]int{1, 6, 336}), "yolov8"},
		"detect, channels last":       {Ultralytics{Task: "detect", Labels: two}, false, out([]int{1, 6, 336}), "yolov8"},
		"masks":                       {Ultralytics{Task: "segment", Labels: two}, true, out([]int{1, 38, 336}, []int{1, 32, 32, 32}), "yolov8"},
		"masks, channels last":        {Ultralytics{Task: "segment", Labels: two}, false, out([]int{1, 32, 32, 32}, []int{1, 38, 336}), "yolov8"},
		"obb":                         {Ultralytics{Task: "obb", Labels: two}, true, out([]int{1, 7, 336}), "yolov8_obb"},
		"pose":                        {Ultralytics{Task: "pose", Labels: two, KeypointShape: [2]int{5, 2}}, true, out([]int{1, 16, 336}), "yolov8_pose"},
		"end to end":                  {Ultralytics{Task: "detect", Labels: two, End2End: true}, true, out([]int{1, 300, 6}), "yolo_end2end_pixels"},
		"end to end, through ONNX":    {Ultralytics{Task: "detect", Labels: two, End2End: true}, false, out([]int{1, 300, 6}), "yolo_end2end"},
		"end to end, masks":           {Ultralytics{Task: "segment", Labels: two, End2End: true}, true, out([]int{1, 300, 38}, []int{1, 32, 32, 32}), "yolo_end2end_pixels"},
		"end to end, obb":             {Ultralytics{Task: "obb", Labels: two, End2End: true}, true, out([]int{1, 300, 7}), "yolo_end2end_obb_pixels"},
		"end to end, pose":            {Ultralytics{Task: "pose", Labels: two, End2End: true, KeypointShape: [2]int{17, 3}}, true, out([]int{1, 300, 57}), "yolo_end2end_pose_pixels"},
		"end to end, exported as raw": {Ultralytics{Task: "detect", Labels: two, End2End: true}, true, out([]int{1, 6, 336}), "yolov8"},
		"yolov5":                      {Ultralytics{Labels: two}, false, out([]int{1, 1008, 7}), "yolov5"},
		"yolov5, masks":               {Ultralytics{Labels: two}, false, out([]int{1, 1008, 39}, []int{1, 32, 32, 32}), "yolov5"},
	} {
		m := ModelInfo{Inputs: in(c.planar), Outputs: c.outputs, Ultralytics: &c.u, Warn: func(s string) { t.Errorf("%s: said %q", name, s) }}
		d, err := chooseDecoder(m, "")
		if err != nil || d.Name != c.want {
			t.Errorf("%s: %v, %v; want %s", name, d, err, c.want)
			continue
		}
		task, err := NewTask(m, Settings{Task: "detect", Settings: score.Settings{ScoreThreshold: 0.5}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if y := task.(*YOLO); !reflect.DeepEqual(y.classes.labels, two) {
			t.Errorf("%s: the labels are %v", name, y.classes.labels)
		}
		task.Close()
	}
	for name, c := range map[string]struct {
		u          Ultralytics
		task, want string
	}{
		"masks of objects": {Ultralytics{Task: "segment", Labels: two}, "segment", "set task: detect"},
		"a classifier":     {Ultralytics{Task: "classify", Labels: two}, "detect", "set task: classify"},
		"a detector":       {Ultralytics{Task: "detect", Labels: two}, "classify", "set task: detect"},
		"depth":            {Ultralytics{Task: "depth", Labels: two}, "segment", "task depth, which is not supported"},
		"rt-detr":          {Ultralytics{Task: "detect", Head: "RTDETRDecoder", Labels: two}, "detect", "RT-DETR"},
	} {
		m := ModelInfo{Inputs: in(true), Outputs: out([]int{1, 6, 336}), Ultralytics: &c.u}
		if task, err := NewTask(m, Settings{Task: c.task}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", name, task, err, c.want)
		}
	}
	// A classifier gets its pictures as it was trained, without a word on it.
	for family, std := range map[string]float32{"classify": 255, "": 58.395} {
		m := ModelInfo{Inputs: in(true), Outputs: out([]int{1, 2}), Ultralytics: &Ultralytics{Task: family, Labels: two}, Warn: func(s string) { t.Error(s) }}
		task, err := NewTask(m, Settings{Task: "classify"})
		if err != nil {
			t.Fatal(err)
		}
		if o := task.(*Classify).Input.opts; o.Resize != CenterCrop || o.Std[0] != std {
			t.Errorf("%q: the input is %+v", family, o)
		}
		task.Close()
	}
	m := ModelInfo{Inputs: in(true), Outputs: out([]int{1, 300, 57}), Ultralytics: &Ultralytics{Task: "pose", Labels: []string{"person"}, End2End: true, KeypointShape: [2]int{17, 3}}}
	task, err := NewTask(m, Settings{Task: "pose"})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	row := make([]float32, 300*57)
	copy(row, []float32{10, 20, 40, 60, 0.9, 0, 12, 24, 0.75, 20, 30, 0.1})
	r, err := task.Decode(outputs{floats("output", []int{1, 300, 57}, row...)}, fitInto(Letterbox, 256, 256, size, size).placement(256, 256))
	if err != nil || len(r.Poses) != 1 || len(r.Poses[0].Keypoints) != 17 || r.Poses[0].Keypoints[1].X != 40 || r.Poses[0].Keypoints[0].Label != "nose" || r.Detections != nil {
		t.Errorf("%+v, %v", r, err)
	}
}
