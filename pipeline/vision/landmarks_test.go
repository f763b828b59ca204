package vision

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// TestRegion places a turned square: what points right in the picture points up in it.
func TestRegion(t *testing.T) {
	r := region{x: 100, y: 50, side: 40, angle: upright(90, 50, 110, 50)}
	for _, c := range [][4]float64{{0.5, 0.5, 100, 50}, {0.5, 0, 120, 50}, {0, 0.5, 100, 30}, {1, 1, 80, 70}} {
		if x, y := r.at(c[0], c[1]); math.Abs(x-c[2]) > 1e-9 || math.Abs(y-c[3]) > 1e-9 {
			t.Errorf("%v is at %v, %v", c, x, y)
		}
	}
	nan := math.NaN()
	for _, r := range []region{{x: 10, y: 10}, {x: nan, y: 1, side: 9}, {x: 1, y: 1, side: nan}, {x: 1, y: 1, side: 9, angle: nan}, {x: -100, y: 5, side: 20}, {x: 5, y: 5, side: 1e9}} {
		if r.in(100, 100) {
			t.Errorf("%+v is in the picture", r)
		}
	}
}

// TestWarp cuts a turned square out of a picture with one bright spot, which is then where the region says, and fills what lies
// outside of the picture with its edge.
func TestWarp(t *testing.T) {
	m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(10, 20, 30, 0), 100, 200, gocv.MatTypeCV8UC3)
	gocv.Circle(&m, image.Pt(120, 50), 4, color.RGBA{R: 255, G: 255, B: 255}, -1)
	f, err := NewFrame(m)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	p := NewPool(1)
	defer p.Close()
	part, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer part.Release()
	part.warp(f, region{x: 100, y: 50, side: 80, angle: math.Pi / 2}, 40, 40) // the spot lies above the middle of it
	if err := part.Seal(); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[image.Point]uint8{{X: 20, Y: 10}: 255, {X: 20, Y: 20}: 10, {X: 10, Y: 20}: 10, {X: 20, Y: 30}: 10} {
		if got := part.Target().GetVecbAt(at.Y, at.X)[0]; got != want {
			t.Errorf("%v is %d, want %d", at, got, want)
		}
	}
	outside, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Release()
	outside.warp(f, region{x: 0, y: 0, side: 80}, 40, 40)
	if got := outside.Target().GetVecbAt(0, 0); got[0] != 10 || got[2] != 30 {
		t.Errorf("outside of the picture is %v", got)
	}
}

// hand outputs of a model as its file names them, in another order than its numbers.
func handInfos(names ...string) []tensor.Info {
	shapes := map[string][]int{"Identity": {1, 63}, "Identity_1": {1, 1}, "Identity_2": {1, 1}, "Identity_3": {1, 63}}
	var infos []tensor.Info
	for _, name := range names {
		infos = append(infos, tensor.Info{Name: name, Type: tensor.Float32, Shape: shapes[strings.TrimSuffix(name, ":0")]})
	}
	return infos
}

// TestHandOutputs finds outputs by their names, and refuses what only the order would tell.
func TestHandOutputs(t *testing.T) {
	got, ok := handLandmarks.fits(handInfos("Identity_2:0", "Identity_3:0", "Identity_1:0", "Identity:0"))
	if !ok || got[0] != 3 || got[1] != 2 || got[2] != 0 {
		t.Errorf("%v, %v", got, ok)
	}
	renamed := handInfos("Identity", "Identity_1", "Identity_2", "Identity_3")
	renamed[1].Name = "presence"
	for _, infos := range [][]tensor.Info{renamed, handInfos("Identity", "Identity_2"), nil, {{Name: "Identity", Type: tensor.Float32, Shape: []int{1, 5}}}} {
		if got, ok := handLandmarks.fits(infos); ok {
			t.Errorf("%v: %v", infos, got)
		}
	}
}

// TestHandedness: what MediaPipe calls left is a right hand in a picture that is not mirrored.
func TestHandedness(t *testing.T) {
	for v, want := range map[float32]pipeline.Class{0.9: {Label: "right", Index: 1, Score: 0.9}, 0.25: {Label: "left", Index: 0, Score: 0.75}} {
		if got := handedness(v); len(got) != 1 || got[0] != want {
			t.Errorf("%v: %+v", v, got)
		}
	}
	if got := handedness(float32(math.NaN())); got != nil {
		t.Error(got)
	}
}

// secondStep is an engine that gives a hand whose points lie on a diagonal of what it sees.
type secondStep struct {
	in   tensor.Tensor
	outs []tensor.Tensor
	runs int
}

func newSecondStep(presence, handed float32, point func(k int) (x, y, z float32)) *secondStep {
	e := &secondStep{in: floats("image", []int{1, 8, 8, 3}, make([]float32, 8*8*3)...)}
	var v []float32
	for k := range handKeypoints {
		x, y, z := point(k)
		v = append(v, x, y, z)
	}
	e.outs = []tensor.Tensor{floats("Identity", []int{1, 63}, v...), floats("Identity_1", []int{1, 1}, presence), floats("Identity_2", []int{1, 1}, handed)}
	return e
}

func (e *secondStep) Inputs() []tensor.Info        { return []tensor.Info{e.in.Info} }
func (e *secondStep) Outputs() []tensor.Info       { return outputs(e.outs).Outputs() }
func (e *secondStep) Input(int) tensor.Tensor      { return e.in }
func (e *secondStep) Output(i int) tensor.Tensor   { return e.outs[i] }
func (e *secondStep) Invoke(context.Context) error { e.runs++; return nil }
func (e *secondStep) Device() (d pipeline.Device)  { return d }
func (e *secondStep) Close() error                 { return nil }

// palm is a detection as the first step gives it, upright, with its whole box behind the key points.
func palm(x, y, size float32) pipeline.Detection {
	d := pipeline.Detection{Label: "hand", Score: 0.9, Box: [4]float32{x, y, x + size, y + size}}
	for range palmKeypoints {
		d.Keypoints = append(d.Keypoints, pipeline.Keypoint{X: x + size/2, Y: y + size})
	}
	d.Keypoints[palmMiddle].Y = y
	d.Keypoints = append(d.Keypoints, pipeline.Keypoint{X: x, Y: y}, pipeline.Keypoint{X: x + size, Y: y + size})
	return d
}

func landmarker(t *testing.T, e *secondStep, s Settings) *Landmarker {
	t.Helper()
	s.Task, s.Decoder, s.Landmarks, s.NMSThreshold = "detect", "mediapipe_palm", "hand.tflite", 0.3
	first := ModelInfo{
		Inputs:  []tensor.Info{{Name: "image", Type: tensor.Float32, Shape: []int{1, 192, 192, 3}}},
		Outputs: []tensor.Info{{Name: "boxes", Type: tensor.Float32, Shape: []int{1, 2016, 18}}, {Name: "scores", Type: tensor.Float32, Shape: []int{1, 2016, 1}}},
	}
	task, err := NewTask(first, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	l, err := NewLandmarker(task, ModelInfo{Inputs: e.Inputs(), Outputs: e.Outputs()}, []pipeline.Engine{e}, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := l.crops.Outstanding(); n != 0 {
			t.Errorf("%d parts of pictures were not released", n)
		}
		for range 2 {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return l
}

func greyFrame(t *testing.T) *Frame {
	t.Helper()
	f, err := NewFrame(gocv.NewMatWithSizeFromScalar(gocv.NewScalar(80, 80, 80, 0), 240, 320, gocv.MatTypeCV8UC3))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Release)
	return f
}

// TestLandmarker maps a hand back, leaves out what is not there, and looks once where two palms are one.
func TestLandmarker(t *testing.T) {
	middle := func(k int) (float32, float32, float32) { return 4 + float32(k)/100, 4 - float32(k)/100, 0.8 }
	f := greyFrame(t)
	ctx := context.Background()

	e := newSecondStep(0.8, 0.1, middle)
	found, err := landmarker(t, e, Settings{}).Refine(ctx, f, pipeline.Result{Detections: pipeline.Detections{palm(100, 100, 40), palm(102, 101, 40)}})
	if err != nil || len(found.Detections) != 1 || e.runs != 1 {
		t.Fatalf("%d runs, %+v, %v", e.runs, found, err)
	}
	h := found.Detections[0]
	wrist := h.Keypoints[0]
	// The region is 2.6 palms wide, and its middle half a palm above the palm's, which lies at 120, 120.
	if wrist.Label != "wrist" || math.Abs(float64(wrist.X)-120) > 1e-3 || math.Abs(float64(wrist.Y)-100) > 1e-3 || math.Abs(float64(wrist.Z)-0.1/0.4*104) > 1e-3 {
		t.Errorf("%+v", wrist)
	}
	if h.Score != 0.8 || h.Classes[0].Label != "left" || len(h.Keypoints) != 21 {
		t.Errorf("%+v", h)
	}

	half := 0.9
	for name, s := range map[string]Settings{
		"presence_threshold": {DetectSettings: DetectSettings{PresenceThreshold: &half}},
		"score_threshold":    {Settings: score.Settings{ScoreThreshold: 0.85}},
	} {
		found, err := landmarker(t, newSecondStep(0.8, 0.1, middle), s).Refine(ctx, f, pipeline.Result{Detections: pipeline.Detections{palm(100, 100, 40)}})
		if err != nil || found.Detections == nil || len(found.Detections) != 0 {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}

	nan := float32(math.NaN())
	for name, e := range map[string]*secondStep{
		"presence": newSecondStep(nan, 0, middle),
		"a point":  newSecondStep(0.8, 0, func(int) (float32, float32, float32) { return nan, 0, 0 }),
	} {
		found, err := landmarker(t, e, Settings{}).Refine(ctx, f, pipeline.Result{Detections: pipeline.Detections{palm(100, 100, 40)}})
		var one *pipeline.ItemError
		if !errors.As(err, &one) || len(found.Detections) != 0 {
			t.Errorf("%s that is not a number: %+v, %v", name, found, err)
		}
	}

	e = newSecondStep(0.8, 0.1, middle)
	found, err = landmarker(t, e, Settings{}).Refine(ctx, f, pipeline.Result{Detections: pipeline.Detections{palm(nan, 3, 40), palm(5, 5, 0), palm(5e6, 5, 40)}})
	if err != nil || len(found.Detections) != 0 || e.runs != 0 {
		t.Errorf("regions outside of the picture: %d runs, %+v, %v", e.runs, found, err)
	}
}

// TestLandmarksRefused says what is wrong where the two models do not belong together.
func TestLandmarksRefused(t *testing.T) {
	first := ModelInfo{
		Inputs:  []tensor.Info{{Name: "image", Type: tensor.Float32, Shape: []int{1, 224, 224, 3}}},
		Outputs: []tensor.Info{{Name: "boxes", Type: tensor.Float32, Shape: []int{1, 2254, 12}}, {Name: "scores", Type: tensor.Float32, Shape: []int{1, 2254, 1}}},
	}
	if _, err := NewTask(first, Settings{Task: "pose"}); err == nil || !strings.Contains(err.Error(), "--landmarks pose_landmark_full.tflite") {
		t.Error(err)
	}
	task, err := NewTask(first, Settings{Task: "pose", DetectSettings: DetectSettings{Landmarks: "x.tflite"}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	e := newSecondStep(1, 1, func(int) (float32, float32, float32) { return 0, 0, 0 })
	if _, err := NewLandmarker(task, ModelInfo{Inputs: e.Inputs(), Outputs: e.Outputs()}, []pipeline.Engine{e}, Settings{}); err == nil || !strings.Contains(err.Error(), "no pose landmark model") {
		t.Error(err)
	}
	if _, err := NewTask(ModelInfo{Inputs: e.Inputs(), Outputs: e.Outputs()}, Settings{Task: "detect"}); err == nil || !strings.Contains(err.Error(), "the second of MediaPipe's two models for a hand") {
		t.Error(err)
	}
	yolo := ModelInfo{Inputs: pictureInput(64), Outputs: []tensor.Info{{Name: "o", Type: tensor.Float32, Shape: []int{1, 6, 100}}}}
	if _, err := NewTask(yolo, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "yolov8", Landmarks: "x.tflite"}}); err == nil || !strings.Contains(err.Error(), "behind the decoder mediapipe_palm") {
		t.Error(err)
	}
}
