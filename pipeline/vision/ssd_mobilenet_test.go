package vision

import (
	"math"
	"os"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/score"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// TestAnchorsOfMobileNet compares the anchors of ssd_mobilenet with those that a real model hands to its post-processing
// (y and x of the middle, height, width).
func TestAnchorsOfMobileNet(t *testing.T) {
	b, err := os.ReadFile(testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	g := m.Main()
	op := g.Find(postprocessOp)
	real := g.Tensors[op.Inputs[2]]
	values := make([]float32, real.Elements())
	if err := tensor.Real(values, tensor.Tensor{Info: real.Info, Data: real.Data}); err != nil {
		t.Fatal(err)
	}
	anchors, err := Anchors(ssdMobileNetOptions().Anchors, 300, 300)
	if err != nil || len(anchors)*4 != len(values) {
		t.Fatalf("%d anchors, %d values, %v", len(anchors), len(values), err)
	}
	within := 1e-4
	if real.Quantization.Quantized() {
		within = float64(real.Quantization.Scale())
	}
	for i, a := range anchors {
		for k, v := range [4]float32{a.Y, a.X, a.H, a.W} {
			if d := math.Abs(float64(v - values[4*i+k])); d > within {
				t.Fatalf("anchor %d is %v, the model's %v", i, a, values[4*i:4*i+4])
			}
		}
	}
}

// TestMobileNetWithoutPostprocessing decodes the box of one anchor; the background scores higher everywhere and is not
// found.
func TestMobileNetWithoutPostprocessing(t *testing.T) {
	const n, classes = 1917, 3
	boxes, scores := make([]float32, n*4), make([]float32, n*classes)
	for i := range n {
		scores[i*classes], scores[i*classes+1], scores[i*classes+2] = 5, -5, -5
	}
	const at = 1083 // the first of the second layer's: the middle at 0.05, 0.05, 0.35 wide and high
	scores[at*classes+2] = 2
	boxes[4*at], boxes[4*at+1], boxes[4*at+2], boxes[4*at+3] = 10, 20, float32(5*math.Log(0.5)), 0 // y, x, h, w
	out := outputs{floats("boxes", []int{1, n, 4}, boxes...), floats("scores", []int{1, n, classes}, scores...)}
	m := ModelInfo{Inputs: pictureInput(300), Outputs: out.Outputs()}
	if fit := ssdMobileNet.Fits(m); fit != Possible {
		t.Errorf("fit %v", fit)
	}
	task, err := NewTask(m, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "ssd_mobilenet"}, Settings: score.Settings{ScoreThreshold: 0.5, Labels: []string{"???", "person", "dog"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got, err := task.Decode(out, fitInto(Stretch, 300, 300, 300, 300).placement(300, 300))
	if err != nil {
		t.Fatal(err)
	}
	// y is 0.05 + 10/10*0.35, x 0.05 + 20/10*0.35; half as high as its anchor.
	want := []pipeline.Detection{{Label: "dog", Index: 1, Score: sigmoid(2), Box: [4]float32{
		300 * (0.75 - 0.175), 300 * (0.4 - 0.0875), 300 * (0.75 + 0.175), 300 * (0.4 + 0.0875)}}}
	if diff := differ(got.Detections, want, 1e-2); diff != "" {
		t.Error(diff)
	}
	one := ModelInfo{Inputs: m.Inputs, Outputs: outputs{out[0], floats("scores", []int{1, n, 1}, make([]float32, n)...)}.Outputs()}
	if _, err := NewTask(one, Settings{Task: "detect", DetectSettings: DetectSettings{Decoder: "ssd_mobilenet"}}); err == nil {
		t.Error("a model of the background alone is taken")
	}
}
