package vision

import (
	"fmt"
	"testing"

	"corallite/tflite/tensor"
)

// TestPlanarInput has the values of an input with channels apart be those of one with channels beside each other, for every
// type, order and normalization.
func TestPlanarInput(t *testing.T) {
	f := painted(t, 37, 23, gradient)
	defer f.Release()
	imagenet := InputOptions{Mean: []float32{123.675, 116.28, 103.53}, Std: []float32{58.395, 57.12, 57.375}}
	const w, h = 12, 8
	for _, kind := range []tensor.Type{tensor.UInt8, tensor.Int8, tensor.UInt16, tensor.Int16, tensor.Int32, tensor.Float16, tensor.Float32, tensor.Float64} {
		for _, o := range []InputOptions{{}, imagenet, {Order: BGR}, {Order: BGR, Resize: Letterbox, Fill: [3]uint8{10, 20, 30}}, {Resize: CenterCrop}} {
			name := fmt.Sprintf("%v %+v", kind, o)
			info := tensor.Info{Type: kind, Quantization: tensor.PerTensor(0.02, 3), Shape: []int{1, h, w, 3}}
			interleaved, planar := tensorFor(info), tensorFor(info)
			planar.Shape = []int{1, 3, h, w}
			place := map[bool]any{}
			for _, to := range []tensor.Tensor{interleaved, planar} {
				in, err := NewInput(to.Info, o)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if in.Width() != w || in.Height() != h {
					t.Fatalf("%s: %d x %d", name, in.Width(), in.Height())
				}
				for range 2 {
					if place[to.Shape[1] == 3], err = in.Prepare(to, f); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
				in.Close()
			}
			if place[false] != place[true] {
				t.Errorf("%s: placed at %v, want %v", name, place[true], place[false])
			}
			for i := range w * h {
				for c := range 3 {
					if got, want := element(planar, c*w*h+i), element(interleaved, 3*i+c); got != want {
						t.Fatalf("%s: pixel %d, channel %d is %v, want %v", name, i, c, got, want)
					}
				}
			}
		}
	}
}

func TestPictureAxes(t *testing.T) {
	for _, c := range []struct{ shape, want []int }{
		{[]int{1, 224, 200, 3}, []int{1, 2, 3}}, {[]int{1, 3, 224, 200}, []int{2, 3, 1}}, {[]int{1, 1, 28, 20}, []int{2, 3, 1}},
		{[]int{1, 28, 20, 1}, []int{1, 2, 3}}, {[]int{1, 3, 20, 3}, []int{1, 2, 3}}, {[]int{1, 3, -1, -1}, []int{2, 3, 1}},
		{[]int{1, -1, -1, 3}, []int{1, 2, 3}}, {[]int{1, 10}, []int{1, 2, 3}},
	} {
		if y, x, ch := PictureAxes(c.shape); y != c.want[0] || x != c.want[1] || ch != c.want[2] {
			t.Errorf("%v: %d, %d, %d; want %v", c.shape, y, x, ch, c.want)
		}
	}
}
