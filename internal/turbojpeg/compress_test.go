package turbojpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
)

func newCompressor(tb testing.TB) *Compressor {
	tb.Helper()
	c, err := NewCompressor()
	if errors.Is(err, ErrMissing) {
		testdata.Missing(tb, "libturbojpeg is not installed: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for range 2 {
			if err := c.Close(); err != nil {
				tb.Error(err)
			}
		}
	})
	return c
}

// gradient is a BGR picture of one tint, which half the colours' resolution does not blur.
func gradient(width, height int) []byte {
	pix := make([]byte, width*height*3)
	for y := range height {
		for x := range width {
			v := byte(50 + 150*x/width)
			copy(pix[3*(y*width+x):], []byte{v + 40, v, v - 40})
		}
	}
	return pix
}

// distance is the mean difference of a picture from BGR pixels, in levels of a channel.
func distance(img image.Image, pix []byte, width, height int) float64 {
	sum := 0.0
	for y := range height {
		for x := range width {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			p := pix[3*(y*width+x):]
			sum += math.Abs(float64(c.B)-float64(p[0])) + math.Abs(float64(c.G)-float64(p[1])) + math.Abs(float64(c.R)-float64(p[2]))
		}
	}
	return sum / float64(width*height*3)
}

func TestCompressedPicturesAreWhatTheyWere(t *testing.T) {
	c := newCompressor(t)
	for _, size := range [][2]int{{640, 480}, {1, 1}, {37, 5}, {3, 1999}, {1280, 720}, {16, 16}} { // larger and smaller in turn
		w, h := size[0], size[1]
		pix := gradient(w, h)
		data, err := c.Compress(pix, w, h, 90)
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(data)) // Go's own decoder, so that not one mistake is made twice
		if err != nil {
			t.Fatalf("%dx%d: %v", w, h, err)
		}
		if b := img.Bounds(); b.Dx() != w || b.Dy() != h {
			t.Errorf("%dx%d came back as %dx%d", w, h, b.Dx(), b.Dy())
		} else if d := distance(img, pix, w, h); d > 4 {
			t.Errorf("%dx%d: the mean difference is %.1f levels", w, h, d)
		}
	}
}

func TestEachResultIsItsOwn(t *testing.T) {
	c := newCompressor(t)
	first, err := c.Compress(gradient(64, 48), 64, 48, 80)
	if err != nil {
		t.Fatal(err)
	}
	kept := bytes.Clone(first)
	if _, err := c.Compress(make([]byte, 64*48*3), 64, 48, 80); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, kept) {
		t.Error("the second picture changed the first one's bytes")
	}
}

func TestQuality(t *testing.T) {
	c := newCompressor(t)
	mat := gocv.IMRead(testdata.Path(t, "images/parrot.jpg"), gocv.IMReadColor)
	defer mat.Close()
	size := map[int]int{}
	for _, q := range []int{20, 80, 100} {
		data, err := c.Compress(mat.ToBytes(), mat.Cols(), mat.Rows(), q)
		if err != nil {
			t.Fatal(err)
		}
		size[q] = len(data)
	}
	if !(size[20] < size[80] && size[80] < size[100]) {
		t.Errorf("bytes by quality: %v; want more with more", size)
	}
}

func TestCompressRefuses(t *testing.T) {
	c := newCompressor(t)
	for name, try := range map[string]struct {
		bytes, width, height, quality int
	}{
		"nothing":         {0, 0, 0, 80},
		"too few bytes":   {11, 2, 2, 80},
		"too many bytes":  {13, 2, 2, 80},
		"too wide":        {3 * (MaxSide + 1), MaxSide + 1, 1, 80},
		"negative height": {12, 2, -2, 80},
		"no quality":      {12, 2, 2, 0},
		"quality 101":     {12, 2, 2, 101},
	} {
		if _, err := c.Compress(make([]byte, try.bytes), try.width, try.height, try.quality); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compress(make([]byte, 12), 2, 2, 80); err == nil {
		t.Error("compressed after Close")
	}
}

func BenchmarkCompress(b *testing.B) {
	c := newCompressor(b)
	mat := gocv.IMRead(testdata.Path(b, "images/cat_720p.jpg"), gocv.IMReadColor)
	defer mat.Close()
	pix := mat.ToBytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compress(pix, mat.Cols(), mat.Rows(), 80); err != nil {
			b.Fatal(err)
		}
	}
}
