package schema

import (
	"os"
	"testing"

	"corallite/internal/testdata"
)

// TestFlex reads a real FlexBuffer, and sets each of its bytes to every value: nothing may panic or read outside.
func TestFlex(t *testing.T) {
	b, err := os.ReadFile(testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	options := append([]byte(nil), m.Main().Find("TFLite_Detection_PostProcess").CustomOptions...)
	if err := verifyFlex(options); err != nil {
		t.Fatal(err)
	}
	n := flexNumbers(options)
	if n["num_classes"] != 90 || n["max_detections"] != 10 || n["max_classes_per_detection"] != 1 {
		t.Errorf("numbers %v", n)
	}
	refused := 0
	for i, old := range options {
		for v := range 256 {
			options[i] = byte(v)
			if verifyFlex(options) != nil {
				refused++
			} else {
				flexNumbers(options)
			}
		}
		options[i] = old
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	for n := range options {
		if verifyFlex(options[:n]) == nil {
			flexNumbers(options[:n])
		}
	}
}
