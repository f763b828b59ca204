package vision_test

import (
	"context"
	"math"
	"os"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/score"
	"corallite/internal/testdata"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// TestPlanarModel classifies with a model that takes pictures with channels first. The right answers are LiteRT 2.3's
// (ai-edge-litert) on the same pixels, resized by OpenCV and normalized with torchvision's numbers.
func TestPlanarModel(t *testing.T) {
	model, err := os.ReadFile(testdata.Path(t, "wild/mobilenet_v2_quantized_1x3x224x224.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := tflite.New(model, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	task, err := vision.NewTask(vision.ModelInfo{Inputs: engine.Inputs(), Outputs: engine.Outputs()}, vision.Settings{
		Task: "classify", InputSettings: vision.InputSettings{Mean: []float64{123.675, 116.28, 103.53}, Std: []float64{58.395, 57.12, 57.375}},
		Settings: score.Settings{Activation: score.None, MaxResults: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	for name, want := range map[string]struct {
		classes [3]int
		values  [3]float64
	}{
		"images/cat.bmp":     {[3]int{285, 281, 282}, [3]float64{13.6482, 12.9658, 12.6246}}, // Egyptian cat, tabby, tiger cat
		"images/parrot.jpg":  {[3]int{88, 92, 90}, [3]float64{17.174, 17.174, 16.0367}},      // macaw
		"images/hot_dog.jpg": {[3]int{934, 965, 933}, [3]float64{13.4208, 12.3972, 10.4636}}, // hotdog
	} {
		frame, err := vision.NewFrame(gocv.IMRead(testdata.Path(t, name), gocv.IMReadColor))
		if err != nil {
			t.Fatal(err)
		}
		r, err := vision.Once(context.Background(), engine, task, frame)
		frame.Release()
		if err != nil || len(r.Classes) != 3 {
			t.Fatalf("%s: %+v, %v", name, r.Classes, err)
		}
		for i, c := range r.Classes {
			if c.Index != want.classes[i] || math.Abs(float64(c.Score)-want.values[i]) > 0.23 { // two steps of its output
				t.Errorf("%s: class %d is %d with %v, want %d with %v", name, i, c.Index, c.Score, want.classes[i], want.values[i])
			}
		}
	}
}
