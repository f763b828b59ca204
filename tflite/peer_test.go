package tflite

import (
	"context"
	"math"
	"slices"
	"testing"

	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// TestClasses compares with what LiteRT 2.3 (ai_edge_litert in Python) gives for the same bytes: the best
// classes and their scores. XNNPACK, which LiteRT uses too, may differ by two steps of the 8-bit output; the built-in
// kernels round elsewhere and may differ by eight.
func TestClasses(t *testing.T) {
	type class struct {
		index int
		score float32
	}
	for _, c := range []struct {
		model, image string
		want         []class
	}{
		{"mobilenet_v1_0.25_128_quant", "cat.bmp", []class{{283, 0.28515625}, {286, 0.28515625}, {282, 0.21875}}},
		{"mobilenet_v2_1.0_224_quant", "cat.bmp", []class{{286, 0.8203125}, {282, 0.0859375}, {283, 0.0703125}}},
		{"mobilenet_v2_1.0_224_quant", "sunflower.bmp", []class{{986, 0.96484375}, {310, 0.01171875}}},
		{"mobilenet_v2_1.0_224_inat_bird_quant", "bird.bmp", []class{{659, 0.80078125}, {658, 0.04296875}, {661, 0.015625}}},
	} {
		for _, o := range []Options{{Builtin: true}, {Delegates: xnn(t, 1)}} {
			n := open1(t, testdata.Path(t, "models/"+c.model+".tflite"), o)
			picture(t, n.Input(0), c.image)
			if err := n.Invoke(context.Background()); err != nil {
				t.Fatal(err)
			}
			scores := make([]float32, n.Outputs()[0].Elements())
			if err := tensor.Real(scores, n.Output(0)); err != nil {
				t.Fatal(err)
			}
			step := 2*float64(n.Outputs()[0].Quantization.Scale()) + 1e-6
			if o.Builtin {
				step *= 4
			}
			for _, want := range c.want {
				if math.Abs(float64(scores[want.index]-want.score)) > step {
					t.Errorf("%s, %s, %s: class %d has %g, not %g", c.model, c.image, n.Device().Name, want.index, scores[want.index], want.score)
				}
			}
			if top := slices.Max(scores); math.Abs(float64(top-c.want[0].score)) > step {
				t.Errorf("%s, %s, %s: the best has %g, not %g", c.model, c.image, n.Device().Name, top, c.want[0].score)
			}
		}
	}
}

// TestDetector compares the detector's four outputs with LiteRT's; their sizes are known only after a run.
func TestDetector(t *testing.T) {
	n := open1(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), Options{Delegates: xnn(t, 2)})
	picture(t, n.Input(0), "cat.bmp")
	if err := n.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{
		{0.13075289, 0.06991491, 0.97725201, 0.7068125}, // ymin, xmin, ymax, xmax of the first box
		{16}, // cat
		{0.73046875},
		{10},
	} {
		got := must(tensor.Of[float32](n.Output(i)))
		if len(got) != n.Outputs()[i].Elements() || len(got) < len(want) {
			t.Fatalf("output %d: %v of %v", i, got, n.Outputs()[i])
		}
		for k, w := range want {
			if math.Abs(float64(got[k]-w)) > 0.02 {
				t.Errorf("output %d: %v, not %v", i, got[:len(want)], want)
			}
		}
	}
}

// TestSplitConcat knows the answer exactly: the model joins its inputs of 3, 1 and 2 channels, cuts them into six,
// and gives four of these as they are (channels 0, 2, 4, 1) and two joined (3 and 5).
func TestSplitConcat(t *testing.T) {
	n := open1(t, testdata.Path(t, "models/split_concat.tflite"), Options{})
	for i := range n.Inputs() {
		data, channels := n.Input(i).Data, n.Inputs()[i].Shape[3]
		for k := range data {
			data[k] = byte([]int{0, 3, 4}[i] + k%channels)
		}
	}
	if err := n.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]byte{{0}, {2}, {4}, {1}, {3, 5}} {
		if got := n.Output(i).Data; !slices.Equal(got, slices.Repeat(want, 64)) {
			t.Errorf("output %d is % d…, not % d", i, got[:4], want)
		}
	}
}
