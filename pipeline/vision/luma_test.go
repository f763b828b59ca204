package vision

import (
	"image"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/yuv"
)

// TestLuma looks at the brightness of frames in planes, whole and cut, and in BGR, without a conversion.
func TestLuma(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	picture := noise(t, yuv.NV12, 64, 48)
	f := inPlanes(t, pool, picture, nil)
	cut, err := pool.Get()
	if err != nil {
		t.Fatal(err)
	}
	if err := cut.Cut(f, image.Rect(10, 6, 42, 38)); err != nil {
		t.Fatal(err)
	}
	if err := cut.Seal(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    *Frame
		at   image.Point
		w, h int
	}{{f, image.Point{}, 64, 48}, {cut, image.Pt(10, 6), 32, 32}} {
		p, ok := c.f.Luma()
		if !ok || !p.Usable() || p.Width != c.w || p.Height != c.h || c.f.Converted() {
			t.Fatalf("%v, %d × %d, usable %v, converted %v", ok, p.Width, p.Height, p.Usable(), c.f.Converted())
		}
		for _, x := range []image.Point{{0, 0}, {5, 7}, {c.w - 1, c.h - 1}} {
			want := picture.Data[0][(c.at.Y+x.Y)*picture.Stride[0]+c.at.X+x.X]
			if got := p.Pix[x.Y*p.Stride+x.X*p.Step]; got != want {
				t.Errorf("at %v: %d, want %d", x, got, want)
			}
		}
	}
	cut.Release()
	f.Release()
	if _, ok := f.Luma(); ok {
		t.Error("a frame that was released has luma")
	}

	m := gocv.NewMatWithSize(20, 30, gocv.MatTypeCV8UC3)
	m.SetUCharAt(7, 3*11+1, 77) // green
	b, err := NewFrame(m)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	p, ok := b.Luma()
	if !ok || !p.Usable() || p.Width != 30 || p.Height != 20 || p.Pix[7*p.Stride+11*p.Step] != 77 {
		t.Errorf("of BGR: %v, %d × %d", ok, p.Width, p.Height)
	}
}
