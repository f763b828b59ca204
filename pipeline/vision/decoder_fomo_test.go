package vision

import (
	"math"
	"slices"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// fomoModel is one of 96 x 96 pixels and 12 x 12 cells, quantized as Edge Impulse's exports are.
func fomoModel(classes int) ModelInfo {
	return ModelInfo{
		Inputs:  []tensor.Info{{Name: "x", Type: tensor.Int8, Shape: []int{1, 96, 96, 3}, Quantization: tensor.PerTensor(1./255, -128)}},
		Outputs: []tensor.Info{{Name: "map", Type: tensor.Int8, Shape: []int{1, 12, 12, 1 + classes}, Quantization: tensor.PerTensor(1./256, -128)}},
	}
}

// TestFOMODecode finds objects in a map: cells that touch are one, also at a corner; classes are apart; the background is none.
func TestFOMODecode(t *testing.T) {
	m := fomoModel(2)
	for name, labels := range map[string][]string{"of classes": {"cup", "key"}, "with the background": {"background", "cup", "key"}} {
		task, err := NewTask(m, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "fomo"}, Settings: score.Settings{ScoreThreshold: 0.5, Labels: labels}})
		if err != nil {
			t.Fatal(err)
		}
		defer task.Close()
		cells := slices.Repeat([]byte{127, 0x80, 0x80}, 144) // background
		set := func(row, column, class int, score float64) {
			cells[(12*row+column)*3] = 0x80
			cells[(12*row+column)*3+1+class] = byte(int8(score*256 - 128))
		}
		set(2, 3, 0, 0.75)
		set(3, 4, 0, 0.875) // touches at a corner
		set(3, 5, 1, 0.75)  // of another class
		set(8, 3, 0, 0.5)
		set(10, 3, 0, 0.25) // too unsure
		got, err := task.Decode(outputs{bytesOf("map", tensor.Int8, m.Outputs[0].Quantization, m.Outputs[0].Shape, cells...)},
			pipeline.Placement{ScaleX: 2, ScaleY: 2, OffsetX: 10, Width: 220, Height: 192})
		if err != nil {
			t.Fatal(err)
		}
		want := pipeline.Detections{
			{Label: "cup", Score: 0.875, Box: [4]float32{10 + 48, 32, 10 + 80, 64}, Keypoints: []pipeline.Keypoint{{Label: "centroid", X: 10 + 64, Y: 48}}},
			{Label: "key", Index: 1, Score: 0.75, Box: [4]float32{10 + 80, 48, 10 + 96, 64}, Keypoints: []pipeline.Keypoint{{Label: "centroid", X: 10 + 88, Y: 56}}},
			{Label: "cup", Score: 0.5, Box: [4]float32{10 + 48, 128, 10 + 64, 144}, Keypoints: []pipeline.Keypoint{{Label: "centroid", X: 10 + 56, Y: 136}}},
		}
		if len(got.Detections) != len(want) {
			t.Fatalf("%s: %+v", name, got.Detections)
		}
		for i, w := range want {
			g := got.Detections[i]
			far := math.Hypot(float64(g.Keypoints[0].X-w.Keypoints[0].X), float64(g.Keypoints[0].Y-w.Keypoints[0].Y))
			for k := range w.Box {
				far = math.Max(far, math.Abs(float64(g.Box[k]-w.Box[k])))
			}
			if g.Label != w.Label || g.Index != w.Index || g.Score != w.Score || far > 1e-3 {
				t.Errorf("%s: %+v, want %+v", name, g, w)
			}
		}
	}
}

// TestFOMORefused says what is wrong with models and labels that do not fit.
func TestFOMORefused(t *testing.T) {
	m := fomoModel(2)
	if _, err := NewTask(m, Settings{Task: "detect"}); err == nil || !strings.Contains(err.Error(), "they fit the decoder fomo (Edge Impulse's") {
		t.Error(err)
	}
	if _, err := NewTask(m, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "fomo"}, Settings: score.Settings{Labels: []string{"a"}}}); err == nil || !strings.Contains(err.Error(), "too few labels") {
		t.Error(err)
	}
	m.Outputs[0].Shape = []int{1, 13, 12, 3}
	if _, err := NewTask(m, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "fomo"}}); err == nil || !strings.Contains(err.Error(), "no map of cells") {
		t.Error(err)
	}
}
