package vision_test

import (
	"context"
	"math"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/schema/modeltest"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// reshaping is a model that gives its picture of 8 × 8 pixels back in another shape, so that a picture's bytes are what
// a YOLO model might say: no such model is in the test data.
func reshaping(t *testing.T, shape ...int) *tflite.Interpreter {
	t.Helper()
	q := tensor.PerTensor(1./255, 0)
	to := make([]int32, len(shape))
	for i, n := range shape {
		to[i] = int32(n)
	}
	model := modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			{Info: tensor.Info{Name: "image", Type: tensor.UInt8, Shape: []int{1, 8, 8, 3}, Quantization: q}},
			{Info: tensor.Info{Name: "boxes", Type: tensor.UInt8, Shape: shape, Quantization: q}},
		},
		Inputs: []int32{0}, Outputs: []int32{1},
		Operators: []modeltest.Operator{{Code: modeltest.Reshape, Inputs: []int32{0}, Outputs: []int32{1},
			OptionsType: modeltest.ReshapeOptions, Options: []any{to}}},
	}}}
	engine, err := tflite.New(model.Bytes(), tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}

// yoloBytes is what a model says that found two boxes of class 2, which are one object, and one of class 1: 24 boxes of
// 3 classes (YOLOv5) or of 4 (YOLOv8), as bytes of 0 to 1.
func yoloBytes(layout vision.YOLOLayout) []byte {
	all := make([]byte, 24*8)
	for i, found := range []struct {
		box          [4]byte
		score, class byte
	}{{[4]byte{128, 128, 102, 51}, 230, 2}, {[4]byte{130, 128, 102, 51}, 200, 2}, {[4]byte{51, 51, 102, 102}, 204, 1}} {
		values := append(found.box[:], 0, 0, 0, 0)
		first, next := 5+7*i, 24 // of YOLOv8: the numbers of a box lie 24 apart
		if layout == vision.YOLOv5 {
			values[4], values[5+found.class] = found.score, 255
			first, next = first*8, 1
		} else {
			values[4+found.class] = found.score
		}
		for k, v := range values {
			all[first+k*next] = v
		}
	}
	return all
}

func TestYOLOOnTheRuntime(t *testing.T) {
	for layout, shape := range map[vision.YOLOLayout][]int{vision.YOLOv5: {1, 24, 8}, vision.YOLOv8: {1, 8, 24}} {
		engine := reshaping(t, shape...)
		labels := []string{"a", "b", "c", "d"}
		if layout == vision.YOLOv5 { // which has the score of the box beside those of the classes
			labels = labels[:3]
		}
		input := vision.YOLOInput()
		input.Order = vision.BGR // as the bytes lie in the picture
		task, err := vision.NewYOLO(engine.Inputs(), engine.Outputs(), vision.YOLOOptions{
			Options:      vision.Options{Input: input, Labels: labels, ScoreThreshold: 0.5},
			NMSThreshold: 0.45,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer task.Close()
		mat, err := gocv.NewMatFromBytes(8, 8, gocv.MatTypeCV8UC3, yoloBytes(layout))
		if err != nil {
			t.Fatal(err)
		}
		frame, err := vision.NewFrame(mat)
		if err != nil {
			t.Fatal(err)
		}
		result, err := vision.Once(context.Background(), engine, task, frame)
		frame.Release()
		if err != nil || len(result.Detections) != 2 {
			t.Errorf("%v: %+v, %v", layout, result.Detections, err)
			continue
		}
		for i, want := range []pipeline.Detection{
			{Label: "c", Index: 2, Score: 230. / 255, Box: [4]float32{77. / 255 * 8, 102.5 / 255 * 8, 179. / 255 * 8, 153.5 / 255 * 8}},
			{Label: "b", Index: 1, Score: 204. / 255, Box: [4]float32{0, 0, 102. / 255 * 8, 102. / 255 * 8}},
		} {
			g := result.Detections[i]
			same := g.Label == want.Label && g.Index == want.Index && math.Abs(float64(g.Score-want.Score)) < 1e-6
			for k := range want.Box {
				same = same && math.Abs(float64(g.Box[k]-want.Box[k])) < 1e-4
			}
			if !same {
				t.Errorf("%v: object %d is %+v, want %+v", layout, i, g, want)
			}
		}
	}
}
