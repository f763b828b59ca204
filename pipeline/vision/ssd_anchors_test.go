package vision

import (
	"math"
	"strings"
	"testing"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// faceOutputs are a face detector's outputs with some logits; all boxes lie on their anchors, 48 by 24 pixels, their
// key points 10 pixels to the right each.
func faceOutputs(anchors int, logits map[int]float32) outputs {
	boxes, scores := make([]float32, 0, 16*anchors), make([]float32, 0, anchors)
	for i := range anchors {
		logit, ok := logits[i]
		if !ok {
			logit = -20
		}
		scores = append(scores, logit)
		boxes = append(boxes, 0, 0, 48, 24)
		for k := range 6 {
			boxes = append(boxes, float32(10*k), 0)
		}
	}
	return outputs{floats("classificators", []int{1, anchors, 1}, scores...), floats("regressors", []int{1, anchors, 16}, boxes...)}
}

func TestAnchorsOfFaceDetectors(t *testing.T) {
	for variant, c := range map[string]struct {
		size, count int
		some        map[int]Anchor
	}{
		// 16×16 cells of two anchors each, then 8×8 of six.
		"front": {128, 896, map[int]Anchor{
			0: {0.03125, 0.03125, 1, 1}, 1: {0.03125, 0.03125, 1, 1}, 2: {0.09375, 0.03125, 1, 1}, 32: {0.03125, 0.09375, 1, 1},
			512: {0.0625, 0.0625, 1, 1}, 517: {0.0625, 0.0625, 1, 1}, 518: {0.1875, 0.0625, 1, 1}, 895: {0.9375, 0.9375, 1, 1},
		}},
		"back":       {256, 896, map[int]Anchor{0: {0.03125, 0.03125, 1, 1}, 895: {0.9375, 0.9375, 1, 1}}},
		"full_range": {192, 2304, map[int]Anchor{0: {0.5 / 48, 0.5 / 48, 1, 1}, 1: {1.5 / 48, 0.5 / 48, 1, 1}, 48: {0.5 / 48, 1.5 / 48, 1, 1}}},
	} {
		o, err := FaceOptions(variant)
		if err != nil {
			t.Fatal(err)
		}
		checkAnchors(t, variant, o.Anchors, c.size, c.count, c.some)
	}
}

// The example in ssd_anchors_calculator.cc, a COCO SSD of 300×300, worked out by hand for a few anchors.
func TestAnchorsOfSixLayers(t *testing.T) {
	o := AnchorOptions{
		Strides: []int{16, 32, 64, 128, 256, 512}, MinScale: 0.2, MaxScale: 0.95, OffsetX: 0.5, OffsetY: 0.5,
		AspectRatios: []float64{1, 2, 0.5, 3, 0.3333}, ReduceBoxesInLowestLayer: true, InterpolatedScaleAspectRatio: 1,
	}
	r2, r3 := math.Sqrt2, math.Sqrt(3)
	at := func(x, y, w, h float64) Anchor { return Anchor{float32(x), float32(y), float32(w), float32(h)} }
	next := math.Sqrt(0.35 * 0.5)
	checkAnchors(t, "SSD", o, 300, 1917, map[int]Anchor{
		0: at(0.5/19, 0.5/19, 0.1, 0.1), 1: at(0.5/19, 0.5/19, 0.2*r2, 0.2/r2), 2: at(0.5/19, 0.5/19, 0.2/r2, 0.2*r2),
		3:    at(1.5/19, 0.5/19, 0.1, 0.1),
		1083: at(0.05, 0.05, 0.35, 0.35), 1084: at(0.05, 0.05, 0.35*r2, 0.35/r2), 1086: at(0.05, 0.05, 0.35*r3, 0.35/r3),
		1088: at(0.05, 0.05, next, next),
		1916: at(0.5, 0.5, math.Sqrt(0.95), math.Sqrt(0.95)),
	})
}

func checkAnchors(t *testing.T, name string, o AnchorOptions, size, count int, some map[int]Anchor) {
	t.Helper()
	got, err := Anchors(o, size, size)
	if err != nil || len(got) != count {
		t.Fatalf("%s: %d anchors, %v; want %d", name, len(got), err, count)
	}
	for i, want := range some {
		g := got[i]
		for _, d := range []float32{g.X - want.X, g.Y - want.Y, g.W - want.W, g.H - want.H} {
			if math.Abs(float64(d)) > 1e-6 {
				t.Errorf("%s: anchor %d is %+v, want %+v", name, i, g, want)
				break
			}
		}
	}
}

func TestAnchorsRefuse(t *testing.T) {
	for name, o := range map[string]AnchorOptions{
		"no strides": {}, "stride of 0": {Strides: []int{8, 0}}, "ratio of 0": {Strides: []int{8}, AspectRatios: []float64{0}},
		"interpolated below 0": {Strides: []int{8}, InterpolatedScaleAspectRatio: -1},
	} {
		if _, err := Anchors(o, 128, 128); err == nil || !strings.HasPrefix(err.Error(), "anchors: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Anchors(AnchorOptions{Strides: []int{8}}, 0, 8); err == nil {
		t.Error("anchors for an input of no width")
	}
}

func TestSSDAnchorsDecode(t *testing.T) {
	o, err := FaceOptions("full_range")
	if err != nil {
		t.Fatal(err)
	}
	o.ScoreThreshold = 0.5
	// Anchors 1000 and 1001 are neighbours, 4 pixels apart. 1200 is below the threshold. The box of 40 reaches to y 14
	// of the input and the picture begins at 48, below the letterbox's upper bar.
	out := faceOutputs(2304, map[int]float32{1000: 1, 1001: 2, 40: 0, 1200: -0.01})
	task, err := NewSSDAnchors(pictureInput(192), out.Outputs(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	place := fitInto(Letterbox, 384, 192, 192, 192).placement(384, 192) // each pixel of the input is two of the picture
	got, err := task.Decode(out, place)
	if err != nil || len(got.Detections) != 1 {
		t.Fatalf("%+v, %v; want one face", got.Detections, err)
	}
	// Anchor 1000 is in row 20, column 40: at (162, 82) of the input; 1001 at (166, 82). Weighted by 0.731 and 0.881.
	s1, s2 := 1/(1+math.Exp(-1)), 1/(1+math.Exp(-2))
	x := (162*s1 + 166*s2) / (s1 + s2)
	want := [4]float64{2 * (x - 24), 2 * (82 - 48 - 12), 2 * (x + 24), 2 * (82 - 48 + 12)}
	d := got.Detections[0]
	for k := range want {
		if math.Abs(float64(d.Box[k])-math.Min(want[k], 384)) > 1e-3 {
			t.Errorf("the box is %v, want %v", d.Box, want)
		}
	}
	if math.Abs(float64(d.Score)-s2) > 1e-6 || d.Label != "face" || len(d.Keypoints) != 6 {
		t.Errorf("the face is %+v", d)
	}
	p := d.Keypoints[5] // 50 pixels to the right; outside of the picture
	if p.Label != "left_ear_tragion" || math.Abs(float64(p.X)-2*(x+50)) > 1e-3 || math.Abs(float64(p.Y)-2*(82-48)) > 1e-3 {
		t.Errorf("the last key point is %+v, want %v, %v", p, 2*(x+50), 2*(82-48))
	}
}

func TestSSDAnchorsDecodeOfClasses(t *testing.T) {
	o := SSDAnchorsOptions{
		Options: Options{ScoreThreshold: 0.3, Labels: []string{"a", "b"}},
		Anchors: AnchorOptions{Strides: []int{8}, AspectRatios: []float64{1}, MinScale: 0.5, MaxScale: 0.5, OffsetX: 0.5, OffsetY: 0.5},
		YFirst:  true, Exponential: true, NoSigmoid: true, XScale: 10, YScale: 10, WScale: 5, HScale: 5,
		NMSThreshold: 0.5, Outputs: &SSDAnchorsOutputs{Boxes: 0, Scores: 1},
	}
	out := outputs{
		floats("regressors", []int{1, 4, 4}, 0, 0, 0, 0, 10, 5, 0, float32(5*math.Log(2)), 0, 0, 0, 0, 0, 0, 0, 0),
		floats("classificators", []int{1, 4, 2}, 0.4, 0.9, 0.5, 0.5, 0.1, 0.2, 0, 0),
	}
	task, err := NewSSDAnchors(pictureInput(16), out.Outputs(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	place := fitInto(Stretch, 160, 160, 16, 16).placement(160, 160)
	got, err := task.Decode(out, place)
	if err != nil || len(got.Detections) != 2 {
		t.Fatalf("%+v, %v", got.Detections, err)
	}
	// Anchors of half the input: the first in the middle of the upper left quarter, the second of the upper right one.
	// The second is moved by 10/10 of the anchor's height down and 5/10 of its width to the right, and is twice as wide.
	for i, want := range []pipeline.Detection{
		{Label: "b", Index: 1, Score: 0.9, Box: [4]float32{0, 0, 80, 80}},
		{Label: "a", Index: 0, Score: 0.5, Box: [4]float32{80, 80, 160, 160}},
	} {
		g := got.Detections[i]
		for k := range want.Box {
			if math.Abs(float64(g.Box[k]-want.Box[k])) > 1e-3 {
				t.Errorf("box %d is %v, want %v", i, g.Box, want.Box)
			}
		}
		if g.Label != want.Label || g.Index != want.Index || g.Score != want.Score {
			t.Errorf("object %d is %+v, want %+v", i, g, want)
		}
	}
}

func TestSSDAnchorsScores(t *testing.T) {
	o, err := FaceOptions("full_range")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		threshold, logit float32
		found            int // -1: an error
	}{
		{0.5, 0, 1}, {0.5, -1e-6, 0}, {0.731058, 1, 1}, {0.7311, 1, 0}, {0, -1e30, 1}, {1, 1e30, 1}, {1, 10, 0}, {1.5, 100, 0},
		{0.5, float32(math.NaN()), -1}, {0.5, float32(math.Inf(1)), 1},
	} {
		o.ScoreThreshold = c.threshold
		logits := map[int]float32{1000: c.logit}
		if c.threshold == 0 {
			for i := range 2304 {
				logits[i] = float32(math.Inf(-1))
			}
			logits[1000] = c.logit
		}
		out := faceOutputs(2304, logits)
		task, err := NewSSDAnchors(pictureInput(192), out.Outputs(), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := task.Decode(out, fitInto(Stretch, 192, 192, 192, 192).placement(192, 192))
		n := len(got.Detections)
		if c.threshold == 0 {
			n = min(n, 1) // everything is found at 0; what counts is that it is no error
		}
		if (err != nil) != (c.found < 0) || (err == nil && n != c.found) {
			t.Errorf("threshold %v, logit %v: %d faces, %v; want %d", c.threshold, c.logit, n, err, c.found)
		}
		task.Close()
	}
}

func TestSSDAnchorsRolesByShape(t *testing.T) {
	o, err := FaceOptions("front")
	if err != nil {
		t.Fatal(err)
	}
	infos := faceOutputs(896, nil).Outputs()
	for _, order := range [][]tensor.Info{infos, {infos[1], infos[0]}} {
		task, err := NewSSDAnchors(pictureInput(128), order, o)
		if err != nil {
			t.Fatal(err)
		}
		if r := task.opts.Outputs; order[r.Boxes].Name != "regressors" || order[r.Scores].Name != "classificators" {
			t.Errorf("regressors are %s", order[r.Boxes].Name)
		}
		task.Close()
	}
}
