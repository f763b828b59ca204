package vision

import (
	"bytes"
	"fmt"
	"image"
	"strings"
	"testing"

	"corallite/internal/yuv"
	"corallite/tflite/tensor"
)

// TestPrepareFromPlanes: a model's input is the same whether the frame has planes or the BGR that they become, and the frame
// is not converted for it.
func TestPrepareFromPlanes(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	for _, l := range []yuv.Layout{yuv.I420, yuv.I444, yuv.NV12, yuv.Gray} {
		for _, size := range []image.Point{{320, 180}, {64, 64}, {31, 57}} {
			picture := noise(t, l, size.X, size.Y)
			picture.Matrix = yuv.BT709
			planes := inPlanes(t, pool, picture, nil)
			bgr, err := pool.Get()
			if err != nil {
				t.Fatal(err)
			}
			to, err := bgr.Reserve(size.X, size.Y)
			if err != nil {
				t.Fatal(err)
			}
			copy(to, colours(t, picture, picture.Bounds()))
			if err := bgr.Seal(); err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				typ      tensor.Type
				channels int
				o        InputOptions
			}{
				{tensor.UInt8, 3, InputOptions{}},
				{tensor.UInt8, 3, InputOptions{Order: BGR, Resize: Letterbox, Fill: [3]uint8{1, 2, 3}}},
				{tensor.UInt8, 3, InputOptions{Order: BGR, Resize: CenterCrop}},
				{tensor.UInt8, 3, InputOptions{Resize: Letterbox, Fill: [3]uint8{9, 8, 7}}},
				{tensor.UInt8, 1, InputOptions{}},
				{tensor.Int8, 3, InputOptions{Resize: CenterCrop}},
				{tensor.Float32, 3, InputOptions{Mean: []float32{10, 20, 30}, Std: []float32{50, 60, 70}}},
				{tensor.Float32, 1, InputOptions{Resize: Letterbox}},
			} {
				name := fmt.Sprintf("%v to %v %d %+v", picture, c.typ, c.channels, c.o)
				info := tensor.Info{Type: c.typ, Shape: []int{1, 48, 64, c.channels}}
				in, err := NewInput(info, c.o)
				if err != nil {
					t.Fatal(name, err)
				}
				var data [2][]byte
				var places [2]any
				for i, f := range []*Frame{planes, bgr} {
					data[i] = make([]byte, 64*48*c.channels*c.typ.Size())
					place, err := in.Prepare(tensor.Tensor{Info: info, Data: data[i]}, f)
					if err != nil {
						t.Fatal(name, err)
					}
					places[i] = place
				}
				if !bytes.Equal(data[0], data[1]) || places[0] != places[1] {
					t.Errorf("%s: the inputs differ; placements %v and %v", name, places[0], places[1])
				}
				in.Close()
			}
			if planes.Converted() {
				t.Error("the frame was converted for a model's input")
			}
			planes.Release()
			bgr.Release()
		}
	}
}

// BenchmarkPrepare1080p measures a 1920x1080 picture in planes to an input of 300x300 bytes: in one pass, and converted
// first.
func BenchmarkPrepare1080p(b *testing.B) {
	picture := noise(b, yuv.I420, 1920, 1080)
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}}
	in, err := NewInput(info, InputOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	dst := tensor.Tensor{Info: info, Data: make([]byte, 300*300*3)}
	pool := NewPool(1)
	defer pool.Close()
	b.Run("one pass", func(b *testing.B) {
		for b.Loop() {
			f := inPlanes(b, pool, picture, nil)
			if _, err := in.Prepare(dst, f); err != nil {
				b.Fatal(err)
			}
			f.Release()
		}
	})
	b.Run("converted first", func(b *testing.B) {
		for b.Loop() {
			f, err := pool.Get()
			if err != nil {
				b.Fatal(err)
			}
			to, err := f.Reserve(1920, 1080)
			if err != nil {
				b.Fatal(err)
			}
			if err := picture.BGR(to, picture.Bounds()); err != nil {
				b.Fatal(err)
			}
			if err := f.Seal(); err != nil {
				b.Fatal(err)
			}
			if _, err := in.Prepare(dst, f); err != nil {
				b.Fatal(err)
			}
			f.Release()
		}
	})
}

// TestSingleUse: the planes go back when a model's input is made, and the frame keeps its size and its references.
func TestSingleUse(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 8, 8, 3}}
	in, err := NewInput(info, InputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	dst := tensor.Tensor{Info: info, Data: make([]byte, 8*8*3)}
	for range 2 { // the second time with the same frame of the pool
		released := 0
		whole, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		whole.SetPlanes(*noise(t, yuv.I420, 32, 32), func() { released++ })
		whole.SetSingleUse()
		if err := whole.Seal(); err != nil {
			t.Fatal(err)
		}
		f, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Cut(whole, image.Rect(2, 2, 20, 24)); err != nil {
			t.Fatal(err)
		}
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		whole.Release()
		if released != 0 {
			t.Error("the planes were given back before their use")
		}
		if _, err := in.Prepare(dst, f); err != nil {
			t.Fatal(err)
		}
		if released != 1 || f.Width() != 18 || f.Height() != 22 {
			t.Errorf("released %d times; %dx%d", released, f.Width(), f.Height())
		}
		if m := f.Mat(); !m.Empty() {
			t.Error("the frame still has a picture")
		}
		if _, err := in.Prepare(dst, f); err == nil || !strings.Contains(err.Error(), "single use") {
			t.Errorf("a second use says %v", err)
		}
		f.Release()
		if released != 1 || pool.Outstanding() != 0 || pool.Misuses() != 0 {
			t.Errorf("released %d times, %d out, %d misuses", released, pool.Outstanding(), pool.Misuses())
		}
	}
	f := inPlanes(t, pool, noise(t, yuv.I420, 8, 8), nil) // a frame of the pool that was used once, and is not now
	defer f.Release()
	for range 2 {
		if _, err := in.Prepare(dst, f); err != nil {
			t.Error(err)
		}
	}
}
