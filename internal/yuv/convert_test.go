package yuv

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"os/exec"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

var (
	layouts  = []Layout{I420, I422, I444, NV12, Gray}
	matrices = []Matrix{BT601, BT709, BT2020}
	sizes    = []image.Point{{64, 48}, {1, 1}, {2, 2}, {3, 3}, {5, 5}, {2, 3}, {3, 2}, {64, 47}, {63, 48}, {63, 47}, {1030, 10}, {1031, 9}}
)

func toBGR(t testing.TB, p *Picture, part image.Rectangle) []byte {
	t.Helper()
	dst := make([]byte, 3*part.Dx()*part.Dy())
	if err := p.BGR(dst, part); err != nil {
		t.Fatal(err)
	}
	return dst
}

// TestBGRExact compares with the formula. The vector code that is followed where pixels share chroma cuts off each of
// three terms, so green can be 3 too low; otherwise values are rounded.
func TestBGRExact(t *testing.T) {
	for _, l := range layouts {
		for _, size := range sizes {
			for _, m := range matrices {
				for _, full := range []bool{false, true} {
					p := random(t, l, size.X, size.Y, 0, 255)
					p.Matrix, p.Full = m, full
					tolerance := 0.75
					if mode := p.mode(); mode == 0 || mode == 1 {
						tolerance = 3
					}
					got := toBGR(t, p, p.Bounds())
					for i, g := range got {
						x, y := i/3%p.Width, i/3/p.Width
						if want := clip(exact(p, x, y)[i%3]); math.Abs(float64(g)-want) > tolerance {
							t.Fatalf("%v %v full %v: pixel %d,%d channel %d is %d, want %.2f", p, m, full, x, y, i%3, g, want)
						}
					}
				}
			}
		}
	}
}

// TestBGRPart: a part is a part of the whole.
func TestBGRPart(t *testing.T) {
	for _, l := range layouts {
		for _, size := range []image.Point{{1100, 20}, {1101, 21}, {31, 20}} {
			p := random(t, l, size.X, size.Y, 0, 255)
			whole := toBGR(t, p, p.Bounds())
			for _, part := range []image.Rectangle{
				image.Rect(0, 0, 1, 1), image.Rect(1, 1, 2, 2), image.Rect(3, 5, 30, 18), image.Rect(4, 4, 29, 19),
				image.Rect(size.X-5, size.Y-3, size.X, size.Y), image.Rect(1, 0, size.X, size.Y),
			} {
				var want []byte
				for y := part.Min.Y; y < part.Max.Y; y++ {
					want = append(want, whole[3*(y*p.Width+part.Min.X):3*(y*p.Width+part.Max.X)]...)
				}
				if !bytes.Equal(toBGR(t, p, part), want) {
					t.Errorf("%v: the part %v is not that of the whole picture", p, part)
				}
			}
		}
	}
}

// TestFFmpeg compares with what the ffmpeg program gives.
func TestFFmpeg(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		testdata.Missing(t, "the program ffmpeg is not installed (package ffmpeg; scripts/test-files installs it)")
	}
	names := map[Layout]string{I420: "yuv420p", I422: "yuv422p", I444: "yuv444p", NV12: "nv12", Gray: "gray"}
	spaces := map[Matrix]string{BT601: "smpte170m", BT709: "bt709", BT2020: "bt2020nc"}
	compare := func(p *Picture) {
		var in bytes.Buffer
		for i := range p.Layout.Planes() {
			rowBytes, rows := p.Layout.PlaneSize(i, p.Width, p.Height)
			for y := range rows {
				in.Write(p.Data[i][y*p.Stride[i]:][:rowBytes])
			}
		}
		colours := "tv"
		if p.Full {
			colours = "pc"
		}
		c := exec.Command("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", names[p.Layout], "-s", fmt.Sprintf("%dx%d", p.Width, p.Height),
			"-colorspace", spaces[p.Matrix], "-color_range", colours, "-i", "-", "-pix_fmt", "bgr24", "-f", "rawvideo", "-")
		var stderr strings.Builder
		c.Stdin, c.Stderr = &in, &stderr
		want, err := c.Output()
		if err != nil || len(want) != 3*p.Width*p.Height {
			t.Fatalf("ffmpeg: %v, %d bytes\n%s", err, len(want), &stderr)
		}
		coarse := p.mode() == 1 || p.mode() == 0 && p.Height%2 == 1
		for i, g := range toBGR(t, p, p.Bounds()) {
			x, y := i/3%p.Width, i/3/p.Width
			if p.mode() == 2 && math.Abs(exact(p, x, y)[i%3]) > 511 {
				continue // ffmpeg's value has wrapped around
			}
			if coarse && (y >= p.Height-2 || p.Height < 4) {
				continue // where ffmpeg is coarser: see BGR
			}
			if d := int(g) - int(want[i]); d > 1 || d < -1 {
				t.Fatalf("%v %v full %v: pixel %d,%d channel %d is %d, ffmpeg says %d", p, p.Matrix, p.Full, x, y, i%3, g, want[i])
			}
			if p.mode() == 0 && p.Height%2 == 0 && g != want[i] {
				t.Fatalf("%v %v full %v: pixel %d,%d channel %d is %d, not exactly ffmpeg's %d", p, p.Matrix, p.Full, x, y, i%3, g, want[i])
			}
		}
	}
	for _, l := range layouts {
		for i, size := range sizes {
			for _, m := range matrices {
				for _, full := range []bool{false, true} {
					if i > 0 && (m != BT709 || full || l == Gray || l == I444) {
						continue // one of each size is enough, and these do not depend on it
					}
					p := random(t, l, size.X, size.Y, 0, 255)
					p.Matrix, p.Full = m, full
					compare(p)
				}
			}
		}
	}
}

func TestKnownColours(t *testing.T) {
	for _, c := range []struct {
		m       Matrix
		full    bool
		y, u, v byte
		want    [3]int // blue, green, red
	}{
		{BT601, false, 81, 90, 240, [3]int{0, 0, 255}}, // pure red of SMPTE bars
		{BT709, false, 63, 102, 240, [3]int{0, 0, 255}},
		{BT2020, false, 74, 97, 240, [3]int{0, 0, 255}},
		{BT601, true, 76, 85, 255, [3]int{0, 0, 255}}, // JPEG
		{BT709, false, 235, 128, 128, [3]int{255, 255, 255}},
		{BT709, false, 16, 128, 128, [3]int{0, 0, 0}},
		{BT709, true, 128, 128, 128, [3]int{128, 128, 128}},
	} {
		p, err := In(make([]byte, 6), I420, 2, 2)
		if err != nil {
			t.Fatal(err)
		}
		p.Matrix, p.Full = c.m, c.full
		p.Data[0] = bytes.Repeat([]byte{c.y}, 4)
		p.Data[1][0], p.Data[2][0] = c.u, c.v
		for i, g := range toBGR(t, &p, p.Bounds()) {
			if d := int(g) - c.want[i%3]; d < -2 || d > 2 {
				t.Errorf("%v full %v: %d %d %d gives %v", c.m, c.full, c.y, c.u, c.v, toBGR(t, &p, p.Bounds())[:3])
				break
			}
		}
	}
}

func TestBadCalls(t *testing.T) {
	p := random(t, I420, 8, 8, 0, 255)
	for _, part := range []image.Rectangle{{}, image.Rect(0, 0, 9, 8), image.Rect(-1, 0, 3, 3), image.Rect(4, 4, 4, 8)} {
		if err := p.BGR(make([]byte, 1000), part); err == nil {
			t.Errorf("BGR takes the part %v", part)
		}
		if err := p.Scale(make([]byte, 1000), 12, 4, 4, part, BGR); err == nil {
			t.Errorf("Scale takes the part %v", part)
		}
	}
	if err := p.BGR(make([]byte, 191), p.Bounds()); err == nil {
		t.Error("BGR takes memory that is too small")
	}
	for _, c := range [][3]int{{47, 12, 4}, {48, 11, 4}, {48, 12, 0}, {48, 12, -4}, {48, 1 << 40, 4}} {
		if err := p.Scale(make([]byte, c[0]), c[1], 4, c[2], p.Bounds(), BGR); err == nil {
			t.Errorf("Scale takes %v", c)
		}
	}
	p.Data[2] = nil
	if p.BGR(make([]byte, 192), p.Bounds()) == nil || p.Scale(make([]byte, 48), 12, 4, 4, p.Bounds(), BGR) == nil {
		t.Error("a picture without a plane is taken")
	}
}
