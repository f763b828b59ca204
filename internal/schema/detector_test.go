package schema_test

import (
	"bytes"
	"os"
	"testing"

	"corallite/internal/schema"
)

// TestDescribeDetector reads what MediaPipe's metadata writer has written (scripts/exports/mediapipe_detector.py), whole and
// damaged.
func TestDescribeDetector(t *testing.T) {
	const path = "../../pipeline/vision/testdata/mediapipe_detector.tflite"
	d, err := readFile(t, path).Describe()
	if err != nil || d == nil || d.Detector == nil {
		t.Fatalf("%+v, %v", d, err)
	}
	got := d.Detector
	if len(got.Anchors) != 1746 || got.Coords != 4 || got.Keypoints != 0 || got.XScale != 1 || got.HScale != 1 || !got.Exponential || !got.Sigmoid {
		t.Errorf("%d anchors, %+v", len(got.Anchors), *got)
	}
	if a := got.Anchors[0]; a != [4]float32{0.5 / 12, 0.5 / 12, 0.25, 0.25} {
		t.Errorf("the first anchor is %v", a)
	}
	if d.Outputs[0].Name != "location" || d.Outputs[1].Name != "score" {
		t.Errorf("%+v", d.Outputs)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(whole, []byte("V001"))
	for name, change := range map[string]func([]byte){
		"another identifier":   func(b []byte) { b[at] = 'W' },
		"a root outside of it": func(b []byte) { b[at-1] = 0x7f },
		"a broken vtable":      func(b []byte) { b[at+8], b[at+9] = 0xff, 0xff },
	} {
		b := bytes.Clone(whole)
		change(b)
		m, err := schema.Read(b)
		if err != nil {
			t.Fatalf("%s: the model itself: %v", name, err)
		}
		if d, err := m.Describe(); err == nil && (d.Detector == nil || len(d.Detector.Anchors) == 1746) {
			t.Errorf("%s: %+v and no error", name, d.Detector)
		}
	}
}
