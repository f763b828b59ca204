// Package vtest finds the people in vtest.avi, for tests of what follows them.
package vtest

import (
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// People is SSD MobileNet v1 that finds persons on two engines, at the tracker's low threshold; then is the model's
// PostProcess.
func People(t testing.TB, then func(*vision.Frame, *pipeline.Result)) *pipeline.Model[*vision.Frame] {
	t.Helper()
	var engines []pipeline.Engine
	for range 2 {
		xnnpack, err := tflite.NewXNNPACK(1)
		if err != nil {
			t.Fatal(err)
		}
		e, err := tflite.Open(testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"),
			tflite.Options{Threads: 1, Delegates: []tflite.Delegate{xnnpack}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		engines = append(engines, e)
	}
	labels, err := vision.ReadLabels(testdata.Path(t, "labels/ssd_mobilenet_v1_coco_labelmap.txt"))
	if err != nil {
		t.Fatal(err)
	}
	task, err := vision.NewDetect(engines[0].Inputs(), engines[0].Outputs(), vision.DetectOptions{
		Options: vision.Options{Labels: labels, LabelOffset: vision.BackgroundOffset(labels), Classes: 90, ScoreThreshold: 0.1,
			Allow: []string{"person"}},
		Outputs: vision.DetectionOutputs{Boxes: 0, Classes: 1, Scores: 2, Count: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	m, err := pipeline.NewModel("coco", task, engines, pipeline.ModelOptions[*vision.Frame]{PostProcess: then})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
