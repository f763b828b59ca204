package camera

import (
	"context"
	"encoding/binary"
	"image"
	"math"
	"path/filepath"
	"testing"

	"corallite/internal/testdata"
	"corallite/internal/turbojpeg"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// slope is a picture whose red grows with x and whose green grows with y, by one for each step pixels.
func slope(width, height, step int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			i := m.PixOffset(x, y)
			m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = byte(x/step), byte(y/step), 128, 255
		}
	}
	return m
}

func needTurbo(t *testing.T) {
	t.Helper()
	c, err := turbojpeg.NewCompressor()
	if err != nil {
		testdata.Missing(t, "libturbojpeg is not installed: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func by(n float64) func(int, int) float64 { return func(int, int) float64 { return n } }

func next(t *testing.T, s pipeline.Source[*vision.Frame]) *vision.Frame {
	t.Helper()
	f, err := s.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Release)
	return f
}

// Each pixel of a reduced picture must show the place in the upright picture that the frame says, with all orientations and
// sizes that are no multiple of a block.
func TestReducedJPEG(t *testing.T) {
	needTurbo(t)
	dir := t.TempDir()
	for _, reduce := range []int{2, 4, 8} {
		for orientation := 1; orientation <= 8; orientation++ {
			upright := slope(403, 301, 2)
			data := withEXIF(t, "JPEG", stored(upright, orientation), orientation, binary.BigEndian)
			p, err := NewPictures(write(t, filepath.Join(dir, "a.jpg"), data))
			if err != nil {
				t.Fatal(err)
			}
			p.Reduce(by(float64(reduce) + 0.5))
			f := next(t, p)
			if f.Width() != 403 || f.Height() != 301 || f.Reduction() != reduce {
				t.Fatalf("orientation %d: %dx%d reduced by %d; want 403x301 by %d", orientation, f.Width(), f.Height(), f.Reduction(), reduce)
			}
			for _, at := range []image.Rectangle{image.Rect(16, 16, 32, 32), image.Rect(360, 16, 376, 32), image.Rect(16, 260, 32, 276)} {
				part, exact := f.Part(at)
				mean := part.Mean()
				red, green := float64(exact.Min.X+exact.Max.X)/4, float64(exact.Min.Y+exact.Max.Y)/4
				if math.Abs(mean.Val3-red) > 2 || math.Abs(mean.Val2-green) > 2 {
					t.Errorf("1/%d, orientation %d: %v shows red %.1f, green %.1f; want %.1f, %.1f", reduce, orientation, exact, mean.Val3, mean.Val2, red, green)
				}
				part.Close()
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestWhatIsNotReduced(t *testing.T) {
	needTurbo(t)
	dir := t.TempDir()
	photo := write(t, filepath.Join(dir, "a.jpg"), jpegOf(t, slope(800, 600, 4)))
	drawing := write(t, filepath.Join(dir, "a.png"), pngOf(t, slope(800, 600, 4)))
	for name, c := range map[string]struct {
		file   string
		config ImagesConfig
		most   float64
		want   int
	}{
		"nobody asked":      {photo, ImagesConfig{}, 0, 1},
		"large enough":      {photo, ImagesConfig{}, 8, 8},
		"between two":       {photo, ImagesConfig{}, 7.9, 4},
		"too small":         {photo, ImagesConfig{}, 1.9, 1},
		"decode full":       {photo, ImagesConfig{Decode: "full"}, 8, 1},
		"decode auto":       {photo, ImagesConfig{Decode: "auto"}, 8, 8},
		"a PNG":             {drawing, ImagesConfig{}, 8, 1},
		"a model of 1 by 1": {photo, ImagesConfig{}, math.Inf(1), 8},
	} {
		c.config.Images = []string{c.file}
		s, err := openImages(c.config)
		if err != nil {
			t.Fatal(err)
		}
		if c.most > 0 {
			s.(Reducer).Reduce(by(c.most))
		}
		f := next(t, s)
		if f.Reduction() != c.want || f.Width() != 800 {
			t.Errorf("%s: reduced by %d, width %d; want %d, 800", name, f.Reduction(), f.Width(), c.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRegionOfAReducedPicture(t *testing.T) {
	needTurbo(t)
	p, err := NewPictures(write(t, filepath.Join(t.TempDir(), "a.jpg"), jpegOf(t, slope(801, 601, 4))))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSelect(p, SelectOptions{Region: [4]float64{0.25, 0.5, 0.75, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Reduce(func(width, height int) float64 {
		if width != 401 || height != 300 {
			t.Errorf("asked about a region of %dx%d; want 401x300", width, height)
		}
		return 4
	})
	f := next(t, s)
	if f.Width() != 401 || f.Height() != 300 || f.Reduction() != 4 {
		t.Fatalf("%dx%d reduced by %d; want 401x300 by 4", f.Width(), f.Height(), f.Reduction())
	}
	part, exact := f.Part(image.Rect(40, 40, 80, 80))
	defer part.Close()
	exact = exact.Add(image.Pt(200, 301)) // to the whole picture
	mean := part.Mean()
	red, green := float64(exact.Min.X+exact.Max.X)/8, float64(exact.Min.Y+exact.Max.Y)/8
	if math.Abs(mean.Val3-red) > 2 || math.Abs(mean.Val2-green) > 2 {
		t.Errorf("%v shows red %.1f, green %.1f; want %.1f, %.1f", exact, mean.Val3, mean.Val2, red, green)
	}
}

// What libjpeg-turbo does not decode is decoded by OpenCV, in full.
func TestOtherJPEGsAreNotReduced(t *testing.T) {
	p, err := NewPictures(write(t, filepath.Join(t.TempDir(), "a.jpg"), fromBase64(t, cmykJPEG)))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Reduce(by(8))
	if f := next(t, p); f.Reduction() != 1 || f.Width() != 8 {
		t.Errorf("reduced by %d, width %d; want 1, 8", f.Reduction(), f.Width())
	}
}

func openImages(c ImagesConfig) (pipeline.Source[*vision.Frame], error) {
	return c.Open(context.Background(), sourceEnv)
}
