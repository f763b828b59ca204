package vision

import (
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// cornerBoxes is a decoder that nobody has: one output [1,N,5], the corners of a box in pixels of the input and its score.
var cornerBoxes = &Decoder{
	Name:        "corner_boxes",
	Description: "made up for this test",
	Fits: func(m ModelInfo) Fit {
		if len(m.Outputs) == 1 && len(m.Outputs[0].Shape) == 3 && m.Outputs[0].Shape[2] == 5 {
			return Possible
		}
		return NoFit
	},
	Input:  InputOptions{Resize: Letterbox, Mean: []float32{0}, Std: []float32{255}},
	Labels: []string{"corner"},
	New: func(m ModelInfo, s Settings) (Task, error) {
		o, err := s.options(m, FindDecoder("corner_boxes"), nil)
		if err != nil {
			return nil, err
		}
		in, err := NewInput(m.Inputs[0], o.Input)
		if err != nil {
			return nil, err
		}
		return &cornerTask{in, o}, nil
	},
}

type cornerTask struct {
	*Input
	o Options
}

func (c *cornerTask) Name() string { return "detect" }

func (c *cornerTask) Decode(out pipeline.Outputs, p pipeline.Placement) (r pipeline.Result, err error) {
	rows, err := tensor.Of[float32](out.Output(0))
	for row := range slices.Chunk(rows, 5) {
		box, ok := clipped(p, [4]float64{float64(row[0]), float64(row[1]), float64(row[2]), float64(row[3])})
		if ok && row[4] >= c.o.ScoreThreshold {
			r.Detections = append(r.Detections, pipeline.Detection{Label: c.o.Labels[0], Score: row[4], Box: box})
		}
	}
	return r, err
}

// TestMadeUpDecoder adds a decoder as one is added, by a line in the list, and runs it by its name.
func TestMadeUpDecoder(t *testing.T) {
	usual := decoders
	t.Cleanup(func() { decoders = usual })
	decoders = append(slices.Clone(usual), cornerBoxes)

	out := floats("boxes", []int{1, 2, 5}, 1, 2, 3, 4, 0.9, 5, 5, 6, 6, 0.1)
	m := ModelInfo{Inputs: []tensor.Info{{Name: "in", Type: tensor.Float32, Shape: []int{1, 8, 8, 3}}}, Outputs: []tensor.Info{out.Info}}
	if _, err := NewTask(m, Settings{Task: "detect"}); err == nil || !strings.Contains(err.Error(), "corner_boxes (made up for this test): --decoder corner_boxes") {
		t.Errorf("without its name: %v", err)
	}
	var warnings []string
	m.Warn = func(s string) { warnings = append(warnings, s) }
	task, err := NewTask(m, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "corner_boxes"}, Settings: score.Settings{ScoreThreshold: 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got, err := task.Decode(outputs{out}, pipeline.Placement{ScaleX: 10, ScaleY: 10, Width: 80, Height: 80})
	if err != nil {
		t.Fatal(err)
	}
	want := []pipeline.Detection{{Label: "corner", Score: 0.9, Box: [4]float32{10, 20, 30, 40}}}
	if diff := differ(got.Detections, want, 1e-6); diff != "" || len(warnings) > 0 {
		t.Errorf("%s; warnings %q", diff, warnings)
	}
}

// TestChooseDecoder finds the decoder by the graph's operator alone; where shapes say it, it has to be named.
func TestChooseDecoder(t *testing.T) {
	picture := func(size int) []tensor.Info {
		return []tensor.Info{{Name: "in", Type: tensor.Float32, Shape: []int{1, size, size, 3}}}
	}
	out := func(shapes ...[]int) (all []tensor.Info) {
		for _, s := range shapes {
			all = append(all, tensor.Info{Name: "out", Type: tensor.Float32, Shape: s})
		}
		return all
	}
	ends := &schema.Subgraph{Operators: []schema.Operator{{Name: postprocessOp, Custom: true}}}
	for name, c := range map[string]struct {
		m       ModelInfo
		decoder string // named
		want    string // its name, or words of the error
	}{
		"the operator says it": {ModelInfo{Graph: ends}, "", "ssd_postprocess"},
		"named all the same":   {ModelInfo{Graph: ends}, "yolov8", "yolov8"},
		"unknown":              {ModelInfo{Graph: ends}, "yolov9", `unknown decoder "yolov9" (want one of ssd_postprocess, `},
		"yolov8":               {ModelInfo{Inputs: picture(64), Outputs: out([]int{1, 84, 8400})}, "", "the decoder yolov8 (YOLOv8 to YOLO26"},
		"yolov5":               {ModelInfo{Inputs: picture(64), Outputs: out([]int{1, 25200, 85})}, "", "the decoder yolov5 (YOLOv5 and YOLOv7"},
		"a face near":          {ModelInfo{Inputs: picture(128), Outputs: out([]int{1, 896, 16}, []int{1, 896, 1})}, "", "the decoder mediapipe_face_short_range ("},
		"another":              {ModelInfo{Inputs: picture(256), Outputs: out([]int{1, 896, 1}, []int{1, 896, 16})}, "", "the decoder mediapipe_face_back ("},
		"a face far":           {ModelInfo{Inputs: picture(192), Outputs: out([]int{1, 2304, 1}, []int{1, 2304, 16})}, "", "the decoder mediapipe_face_full_range ("},
		"a classifier":         {ModelInfo{Inputs: picture(64), Outputs: out([]int{1, 1001})}, "", "if it is a classifier, use classify"},
	} {
		d, err := chooseDecoder(c.m, c.decoder)
		if err == nil && d.Name != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %s", name, d, err, c.want)
		}
	}
	for _, d := range Decoders() {
		if d.Name == "" || d.Description == "" || d.Fits == nil || d.New == nil || FindDecoder(d.Name) != d {
			t.Errorf("%+v does not describe itself", d)
		}
		if _, err := d.New(ModelInfo{}, Settings{Settings: score.Settings{Output: "x"}}); err == nil {
			t.Errorf("%s takes a model without inputs and outputs", d.Name)
		}
	}
}
