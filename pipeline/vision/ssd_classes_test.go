package vision_test

import (
	"bytes"
	"os"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/schema"
	"corallite/internal/score"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// twoClassesABox is the COCO detector with two classes a box, and with half as many boxes, because its outputs have ten rows.
func twoClassesABox(t *testing.T, model []byte) []byte {
	t.Helper()
	m, err := schema.Read(model)
	if err != nil {
		t.Fatal(err)
	}
	options := m.Main().Find("TFLite_Detection_PostProcess").CustomOptions
	at := bytes.Index(model, options)
	for i := range options {
		for k := range options {
			if options[i] != 1 || options[k] != 10 { // classes a box, boxes
				continue
			}
			other := bytes.Clone(model)
			other[at+i], other[at+k] = 2, 5
			if m, err := schema.Read(other); err == nil && m.Main().Find("TFLite_Detection_PostProcess").PostProcess() == (schema.PostProcess{Classes: 90, PerBox: 2}) {
				return other
			}
		}
	}
	t.Fatal("the model's options have no such bytes")
	return nil
}

// foundBy is what such a detector finds in a picture.
func foundBy(t *testing.T, model []byte, picture string, threshold float64) []pipeline.Detection {
	t.Helper()
	engine, err := tflite.New(model, tflite.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	m, err := schema.Read(model)
	if err != nil {
		t.Fatal(err)
	}
	task, err := vision.NewTask(vision.ModelInfo{Inputs: engine.Inputs(), Outputs: engine.Outputs(), Graph: m.Main()},
		vision.Settings{Task: "detect", Settings: score.Settings{ScoreThreshold: threshold}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	return runMat(t, engine, task, gocv.IMRead(testdata.Path(t, "images/"+picture), gocv.IMReadColor)).Detections
}

// TestSeveralClassesABox runs a real detector with two classes a box. The best class of each box is then what it is with one
// class a box.
func TestSeveralClassesABox(t *testing.T) {
	one, err := os.ReadFile(testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	two := twoClassesABox(t, one)
	for _, picture := range []string{"cat_720p.jpg", "grace_hopper.bmp", "kite_and_cold.jpg"} {
		want := foundBy(t, one, picture, 0.2)
		best, further := map[[4]float32]pipeline.Detection{}, 0
		for _, d := range foundBy(t, two, picture, 0) {
			if b, ok := best[d.Box]; !ok {
				best[d.Box] = d
			} else if further++; b.Score < d.Score || b.Index == d.Index {
				t.Errorf("%s: %+v behind %+v", picture, d, b)
			}
		}
		if len(want) == 0 || further == 0 || further > 5 || len(best) > 5 {
			t.Errorf("%s: %d objects; %d boxes, %d further classes", picture, len(want), len(best), further)
		}
		for _, w := range want[:min(len(want), len(best))] {
			if b := best[w.Box]; b.Score != w.Score || b.Index != w.Index {
				t.Errorf("%s: %+v, with one class a box %+v", picture, b, w)
			}
		}
	}
}
