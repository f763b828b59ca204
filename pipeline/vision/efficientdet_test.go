package vision

import (
	"math"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/tflite/tensor"
)

// TestEfficientDetAnchors compares with those that google/automl's anchors.py at 6a54c87 computes: how many, and three of them.
func TestEfficientDetAnchors(t *testing.T) {
	for side, want := range map[int]struct {
		count                int
		fifth, middle, final Anchor
	}{
		320: {19206, Anchor{0.0125, 0.0125, 0.13363, 0.06682}, Anchor{0.6875, 0.6625, 0.075, 0.075}, Anchor{0.83333, 0.83333, 1.12246, 2.24492}},
		384: {27621, Anchor{0.01042, 0.01042, 0.11136, 0.05568}, Anchor{0.96875, 0.65625, 0.11136, 0.05568}, Anchor{0.83333, 0.83333, 1.12246, 2.24492}},
		448: {37629, Anchor{0.00893, 0.00893, 0.09545, 0.04773}, Anchor{0.33036, 0.66964, 0.09545, 0.04773}, Anchor{0.875, 0.875, 0.84185, 1.68369}},
		512: {49104, Anchor{0.00781, 0.00781, 0.11136, 0.05568}, Anchor{0.63281, 0.66406, 0.0625, 0.0625}, Anchor{0.875, 0.875, 1.12246, 2.24492}},
	} {
		got, err := efficientDetAnchors(side, side)
		if err != nil || len(got) != want.count {
			t.Errorf("%d: %d anchors, %v; want %d", side, len(got), err, want.count)
			continue
		}
		for i, w := range map[int]Anchor{4: want.fifth, len(got) / 2: want.middle, len(got) - 1: want.final} {
			g := got[i]
			for _, d := range []float32{g.X - w.X, g.Y - w.Y, g.W - w.W, g.H - w.H} {
				if math.Abs(float64(d)) > 1e-5 {
					t.Errorf("%d: anchor %d is %+v, want %+v", side, i, g, w)
					break
				}
			}
		}
	}
	for _, size := range [][2]int{{640, 640}, {320, 384}, {300, 300}} {
		if _, err := efficientDetAnchors(size[0], size[1]); err == nil {
			t.Errorf("%v: anchors are known", size)
		}
	}
}

func TestDescribedDetectorsAreRefused(t *testing.T) {
	in := []tensor.Info{{Name: "image", Type: tensor.Float32, Shape: []int{1, 96, 96, 3}}}
	out := []tensor.Info{{Name: "a", Type: tensor.Float32, Shape: []int{1, 2, 4}}, {Name: "b", Type: tensor.Float32, Shape: []int{1, 2, 7}}}
	good := schema.Detector{Anchors: [][4]float32{{0.5, 0.5, 1, 1}, {0.2, 0.2, 1, 1}}, Coords: 4, XScale: 1, YScale: 1, WScale: 1, HScale: 1, Exponential: true, Sigmoid: true}
	for name, c := range map[string]struct {
		change func(*schema.Detector)
		says   string
	}{
		"key points":        {func(d *schema.Detector) { d.Coords, d.Keypoints = 16, 6 }, "6 key points"},
		"a scale of 0":      {func(d *schema.Detector) { d.WScale = 0 }, "scale 0"},
		"an anchor too few": {func(d *schema.Detector) { d.Anchors = d.Anchors[:1] }, "[1,1,4]"},
		"an anchor of NaN":  {func(d *schema.Detector) { d.Anchors = [][4]float32{{float32(math.NaN())}, {}} }, "finite"},
	} {
		d := good
		c.change(&d)
		s := Settings{Task: taskDetect}
		s.Decoder, s.NMSThreshold = "efficientdet_lite", 0.3
		task, err := NewTask(ModelInfo{Inputs: in, Outputs: out, Metadata: &Metadata{Detector: &d}}, s)
		if err == nil {
			task.Close()
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v does not say %q", name, err, c.says)
		}
	}
}
