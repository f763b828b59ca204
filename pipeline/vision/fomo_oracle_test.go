package vision_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/score"
	"corallite/pipeline/vision"
)

// TestFOMOAsTensorFlow runs a FOMO model (scripts/train/fomo) on a picture and compares with the cells that TensorFlow Lite gave
// for it, and with what was drawn. The picture has the input's size, so that nothing is resized.
func TestFOMOAsTensorFlow(t *testing.T) {
	var want struct {
		Cells [][4]any // row, column, label, score
		Drawn [][3]any
	}
	b, err := os.ReadFile("testdata/fomo_shapes.json")
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	engine := open(t, "testdata/fomo_shapes.tflite")
	task, err := vision.NewTask(vision.ModelInfo{Inputs: engine.Inputs(), Outputs: engine.Outputs()}, vision.Settings{
		Task: "detect", DetectSettings: vision.DetectSettings{Decoder: "fomo"}, Settings: score.Settings{ScoreThreshold: 0.5, Labels: []string{"disc", "square"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got := runMat(t, engine, task, gocv.IMRead("testdata/fomo_shapes.png", gocv.IMReadColor)).Detections
	at := func(row, column any, label any) int {
		y, x := 8*float32(row.(float64))+4, 8*float32(column.(float64))+4
		for i, d := range got {
			if d.Label == label && d.Box[0] < x && x < d.Box[2] && d.Box[1] < y && y < d.Box[3] {
				return i
			}
		}
		return -1
	}
	highest := make([]float64, len(got))
	for _, c := range want.Cells {
		i := at(c[0], c[1], c[2])
		if i < 0 {
			t.Fatalf("the cell %v is in none of %+v", c, got)
		}
		highest[i] = math.Max(highest[i], c[3].(float64))
	}
	for i, d := range got {
		if math.Abs(float64(d.Score)-highest[i]) > 2./256 { // kernels round differently
			t.Errorf("%+v; TensorFlow's highest score is %v", d, highest[i])
		}
	}
	if len(want.Drawn) < 2 || len(got) != len(want.Drawn) {
		t.Errorf("%d objects, %d were drawn", len(got), len(want.Drawn))
	}
	for _, d := range want.Drawn {
		if at(d[0], d[1], d[2]) < 0 {
			t.Errorf("nothing at %s: %+v", fmt.Sprint(d), got)
		}
	}
}
