package vision

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/yuv"
)

// noise is a picture of random samples, in memory without gaps.
func noise(t testing.TB, l yuv.Layout, width, height int) *yuv.Picture {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	memory := make([]byte, yuv.Bytes(l, width, height))
	for i := range memory {
		memory[i] = byte(r.Uint32())
	}
	p, err := yuv.In(memory, l, width, height)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// TestScaleIsOpenCVs: a picture that is scaled from its planes is the one that OpenCV makes of the whole picture in BGR,
// to the bit.
func TestScaleIsOpenCVs(t *testing.T) {
	for _, l := range []yuv.Layout{yuv.I420, yuv.I422, yuv.I444, yuv.NV12, yuv.Gray} {
		for _, size := range []image.Point{{640, 480}, {333, 251}, {20, 12}, {1, 1}} {
			p := noise(t, l, size.X, size.Y)
			pixels := make([]byte, 3*size.X*size.Y)
			if err := p.BGR(pixels, p.Bounds()); err != nil {
				t.Fatal(err)
			}
			whole, err := gocv.NewMatFromBytes(size.Y, size.X, gocv.MatTypeCV8UC3, pixels)
			if err != nil {
				t.Fatal(err)
			}
			defer whole.Close()
			for _, part := range []image.Rectangle{p.Bounds(), image.Rect(3, 5, 17, 12), image.Rect(101, 51, 301, 251), image.Rect(0, 3, 20, 9)} {
				if !part.In(p.Bounds()) {
					continue
				}
				for _, to := range []image.Point{{300, 300}, {1, 1}, {part.Dx(), part.Dy()}, {part.Dx() / 2, part.Dy() / 2}, {97, 31}, {10, 3}} {
					if to.X < 1 || to.Y < 1 {
						continue
					}
					name := fmt.Sprintf("%v %v to %v", p, part, to)
					got := make([]byte, 3*to.X*to.Y)
					if err := p.Scale(got, 3*to.X, to.X, to.Y, part, yuv.BGR); err != nil {
						t.Fatal(name, err)
					}
					from, want := whole.Region(part), gocv.NewMat()
					gocv.Resize(from, &want, to, 0, 0, gocv.InterpolationLinear)
					expected := want.ToBytes()
					from.Close()
					want.Close()
					most, differ := 0, 0
					for i, g := range got {
						d := int(g) - int(expected[i])
						if most = max(most, d, -d); d != 0 {
							differ++
						}
					}
					if differ > 0 {
						t.Errorf("%s: %d of %d bytes differ, by at most %d", name, differ, len(got), most)
					}
				}
			}
		}
	}
}
