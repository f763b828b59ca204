package vision_test

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"testing"

	"gocv.io/x/gocv"

	"corallite/delegate"
	"corallite/internal/score"
	"corallite/internal/testdata"
	"corallite/pipeline/vision"
)

// TestDetectorAsMediaPipe runs a detector that MediaPipe's metadata describe, with nothing named, and compares with what
// MediaPipe's ObjectDetector finds in the same picture (scripts/exports/mediapipe_detector.py).
func TestDetectorAsMediaPipe(t *testing.T) {
	var want struct {
		Conf    float64
		Most    int
		Objects []struct {
			Label string
			Class int
			Score float64
			Box   [4]float64
		}
	}
	text, err := os.ReadFile("testdata/mediapipe_detector.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil || len(want.Objects) < 15 {
		t.Fatal(err, len(want.Objects))
	}
	const file = "testdata/mediapipe_detector.tflite"
	model, err := delegate.Read(delegate.Files{CPU: file})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	about, err := model.Describe()
	if err != nil {
		t.Fatal(err)
	}
	engine := open(t, file)
	info := vision.ModelInfo{Inputs: engine.Inputs(), Outputs: engine.Outputs(), Graph: model.Graph(), Metadata: about.Metadata, PackedFile: about.Packed}
	task, err := vision.NewTask(info, vision.Settings{Task: "detect", Settings: score.Settings{ScoreThreshold: want.Conf, MaxResults: want.Most}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	whole := gocv.IMRead(testdata.Path(t, "images/cat.bmp"), gocv.IMReadColor)
	defer whole.Close()
	picture := gocv.NewMat()
	gocv.Resize(whole, &picture, image.Pt(96, 96), 0, 0, gocv.InterpolationLinear)
	got := runMat(t, engine, task, picture).Detections
	if len(got) != len(want.Objects) {
		t.Fatalf("%d objects, want %d", len(got), len(want.Objects))
	}
	for i, w := range want.Objects {
		d := got[i]
		same := d.Label == w.Label && d.Index == w.Class && math.Abs(float64(d.Score)-w.Score) < 1e-3
		for k := range 2 { // MediaPipe's are whole pixels, and a box that leaves the picture is moved into it
			low, high := w.Box[k], w.Box[k+2]
			same = same && math.Abs(float64(d.Box[k])-low) <= 1.01 && (low == 0 || high >= 96 || math.Abs(float64(d.Box[k+2])-high) <= 2.01)
		}
		if !same {
			t.Errorf("object %d is %s %.4f %v, want %+v", i, d.Label, d.Score, d.Box, w)
		}
	}
}
