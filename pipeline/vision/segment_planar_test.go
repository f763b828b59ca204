package vision

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// planarPicture is an input with a channel after the other.
func planarPicture(width, height int) []tensor.Info {
	return []tensor.Info{{Name: "image", Type: tensor.UInt8, Shape: []int{1, 3, height, width}}}
}

// TestPlanarMask decodes the same scores, made by chance, class by class and pixel by pixel.
func TestPlanarMask(t *testing.T) {
	place := fitInto(Stretch, 24, 16, 24, 16).placement(24, 16)
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		const w, h = 12, 8
		classes := 2 + rnd.IntN(15)
		last, first := make([]float32, w*h*classes), make([]float32, w*h*classes)
		for i := range last {
			last[i] = float32(rnd.IntN(9)) / 8 // with equals, of which the lower class counts
			first[i%classes*w*h+i/classes] = last[i]
		}
		var got [2]*pipeline.Mask
		for k, c := range []struct {
			in  []tensor.Info
			out tensor.Tensor
		}{
			{[]tensor.Info{{Name: "image", Type: tensor.UInt8, Shape: []int{1, 16, 24, 3}}}, floats("s", []int{1, h, w, classes}, last...)},
			{planarPicture(24, 16), floats("s", []int{1, classes, h, w}, first...)},
		} {
			task, err := NewSegment(c.in, []tensor.Info{c.out.Info}, SegmentOptions{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := task.Decode(outputs{c.out}, place)
			task.Close()
			if err != nil {
				t.Fatal(err)
			}
			got[k] = r.Mask
		}
		if !reflect.DeepEqual(got[0], got[1]) {
			t.Fatalf("seed %d, %d classes: %+v, want %+v", seed, classes, got[1], got[0])
		}
	}
}

func TestMaskOfOneChannel(t *testing.T) {
	const w, h = 6, 6
	logits := make([]float32, w*h)
	probabilities, quantized := make([]float32, w*h), make([]byte, w*h)
	for i := range logits {
		logits[i] = float32(i%w) - 2.5 // -2.5 to 2.5: the right half is foreground
		probabilities[i] = sigmoid(logits[i])
		quantized[i] = byte(math.Round(float64(probabilities[i] * 255)))
	}
	place := fitInto(Stretch, w, h, w, h).placement(w, h)
	last, first := []int{1, h, w, 1}, []int{1, 1, h, w}
	for name, c := range map[string]struct {
		out    tensor.Tensor
		o      Options
		share  float32 // of the foreground
		labels [2]string
	}{
		"probabilities":      {floats("m", last, probabilities...), Options{}, 0.5, [2]string{"background", "foreground"}},
		"channel first":      {floats("m", first, probabilities...), Options{Labels: []string{"road"}}, 0.5, [2]string{"background", "road"}},
		"logits":             {floats("m", last, logits...), Options{Activation: score.Sigmoid, Labels: []string{"rest", "road"}}, 0.5, [2]string{"rest", "road"}},
		"logits, certain":    {floats("m", first, logits...), Options{Activation: score.Sigmoid, ScoreThreshold: 0.9}, 1. / 6, [2]string{"background", "foreground"}},
		"quantized":          {bytesOf("m", tensor.UInt8, tensor.PerTensor(1./255, 0), last, quantized...), Options{}, 0.5, [2]string{"background", "foreground"}},
		"quantized, certain": {bytesOf("m", tensor.UInt8, tensor.PerTensor(1./255, 0), first, quantized...), Options{ScoreThreshold: 0.7}, 2. / 6, [2]string{"background", "foreground"}},
	} {
		in := pictureInput(w)
		if c.out.Shape[1] == 1 {
			in = planarPicture(w, h)
		}
		task, err := NewSegment(in, []tensor.Info{c.out.Info}, SegmentOptions{Options: c.o})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, err := task.Decode(outputs{c.out}, place)
		task.Close()
		if err != nil || r.Mask.Width != w || r.Mask.Height != h || len(r.Mask.Segments) != 2 {
			t.Errorf("%s: %+v, %v", name, r.Mask, err)
			continue
		}
		for _, s := range r.Mask.Segments {
			want := c.share
			if s.Index == 0 {
				want = 1 - want
			}
			if s.Label != c.labels[s.Index] || math.Abs(float64(s.Share-want)) > 1e-6 {
				t.Errorf("%s: %+v, want the share %v and one of the labels %v", name, s, want, c.labels)
			}
		}
	}
	task, err := NewSegment(pictureInput(w), []tensor.Info{floats("m", last).Info}, SegmentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	if _, err := task.Decode(outputs{floats("m", last, logits...)}, place); err == nil || !strings.Contains(err.Error(), "set activation: sigmoid") {
		t.Errorf("logits without their activation: %v", err)
	}
	probabilities[3] = float32(math.NaN())
	if _, err := task.Decode(outputs{floats("m", last, probabilities...)}, place); err == nil {
		t.Error("a score that is not a number was taken")
	}
}
