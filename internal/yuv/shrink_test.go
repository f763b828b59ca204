package yuv

import (
	"image"
	"math"
	"testing"
)

// TestShrink compares with the mean of the samples, each with the share of the area that it covers.
func TestShrink(t *testing.T) {
	for _, l := range layouts {
		for _, c := range []struct {
			width, height, w, h int
			part                image.Rectangle
		}{
			{64, 48, 16, 12, image.Rect(0, 0, 64, 48)},
			{63, 47, 20, 13, image.Rect(0, 0, 63, 47)},
			{63, 47, 11, 7, image.Rect(5, 3, 60, 44)},
			{9, 9, 9, 9, image.Rect(0, 0, 9, 9)},
			{300, 5, 7, 1, image.Rect(1, 1, 298, 4)},
		} {
			p := random(t, l, c.width, c.height, 90, 170) // colours that are in range, also in the mean
			got := make([]byte, 3*c.w*c.h)
			if err := p.Shrink(got, c.w, c.h, c.part); err != nil {
				t.Fatal(err)
			}
			for i, g := range got {
				x, y := i/3%c.w, i/3/c.w
				sx, sy := float64(c.part.Dx())/float64(c.w), float64(c.part.Dy())/float64(c.h)
				area := [4]float64{
					float64(c.part.Min.X) + float64(float64(x)*sx), float64(c.part.Min.Y) + float64(float64(y)*sy),
					float64(c.part.Min.X) + float64(float64(x+1)*sx), float64(c.part.Min.Y) + float64(float64(y+1)*sy),
				}
				one, err := In([]byte{mean(p, 0, area), 0, 0}, I444, 1, 1)
				if err != nil {
					t.Fatal(err)
				}
				if l == Gray {
					one.Layout = Gray
				} else {
					one.Data[1][0], one.Data[2][0] = mean(p, 1, area), mean(p, 2, area)
				}
				if want := clip(exact(&one, 0, 0)[i%3]); math.Abs(float64(g)-want) > 2.7 { // a step of each of three samples
					t.Fatalf("%v %v to %dx%d: pixel %d,%d channel %d is %d, want %.1f", p, c.part, c.w, c.h, x, y, i%3, g, want)
				}
			}
		}
	}
	p := random(t, I420, 8, 8, 0, 255)
	for _, size := range [][2]int{{9, 8}, {8, 9}, {0, 1}, {1, 0}, {8, 8}} {
		if err := p.Shrink(make([]byte, 191), size[0], size[1], p.Bounds()); err == nil {
			t.Errorf("Shrink takes %v", size)
		}
	}
}

// mean is that of luma (0), U (1) or V (2) in an area in pixels: left, top, right, bottom.
func mean(p *Picture, which int, area [4]float64) byte {
	plane, step := which, 1
	if p.Layout == NV12 && which > 0 {
		plane, step = 1, 2
	}
	rowBytes, rows := p.Layout.PlaneSize(plane, p.Width, p.Height)
	columns := rowBytes / step
	dx, dy := 1.0, 1.0
	if columns < p.Width {
		dx = 2
	}
	if rows < p.Height {
		dy = 2
	}
	covered := func(i int, a, b, d float64) float64 { return max(min(float64(i+1), b/d)-max(float64(i), a/d), 0) }
	sum, total := 0.0, 0.0
	for y := range rows {
		for x := range columns {
			share := float64(covered(x, area[0], area[2], dx) * covered(y, area[1], area[3], dy))
			at := y*p.Stride[plane] + x*step
			if step == 2 {
				at += which - 1
			}
			sum += float64(share * float64(p.Data[plane][at]))
			total += share
		}
	}
	return byte(math.Round(sum / total))
}
