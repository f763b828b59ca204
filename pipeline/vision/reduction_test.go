package vision

import (
	"bytes"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"gocv.io/x/gocv"

	"corallite/tflite/tensor"
)

// reducedFrame is a frame of a picture of width × height pixels whose Mat has 1/by of its size: red grows with x, green with
// y.
func reducedFrame(t *testing.T, by, width, height int, corner image.Point) *Frame {
	t.Helper()
	cols, rows := (width-corner.X+by-1)/by, (height-corner.Y+by-1)/by
	p := NewPool(0)
	f, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Release)
	pix, err := f.Reserve(cols, rows)
	if err != nil {
		t.Fatal(err)
	}
	for y := range rows {
		for x := range cols {
			pix[3*(y*cols+x)], pix[3*(y*cols+x)+1], pix[3*(y*cols+x)+2] = 0, byte(255*y/rows), byte(255*x/cols)
		}
	}
	f.SetReduction(by, width, height, corner)
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReducedFrameHasTheSizeOfItsPicture(t *testing.T) {
	f := reducedFrame(t, 8, 1001, 643, image.Pt(0, 0))
	if f.Width() != 1001 || f.Height() != 643 || f.Reduction() != 8 {
		t.Errorf("%dx%d, reduced by %d; want 1001x643, 8", f.Width(), f.Height(), f.Reduction())
	}
	if m := f.Mat(); m.Cols() != 126 || m.Rows() != 81 {
		t.Errorf("its Mat has %dx%d pixels; want 126x81", m.Cols(), m.Rows())
	}
}

func TestPoolForgetsAReduction(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	f, err := p.Get()
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []int{4, 1} {
		if _, err := f.Reserve(10, 10); err != nil {
			t.Fatal(err)
		}
		if by > 1 {
			f.SetReduction(by, 40, 40, image.Point{})
		}
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		if f.Width() != 10*by || f.Reduction() != by {
			t.Errorf("width %d, reduced by %d; want %d, %d", f.Width(), f.Reduction(), 10*by, by)
		}
		f.Release()
		if f, err = p.Get(); err != nil {
			t.Fatal(err)
		}
	}
	f.Release()
}

// A place in the input must be the same place in the picture whether the picture was reduced or not.
func TestReducedPlacement(t *testing.T) {
	for _, how := range []Resize{Stretch, Letterbox, CenterCrop} {
		for _, corner := range []image.Point{{0, 0}, {-7, 0}, {-3, -5}} {
			in, err := NewInput(tensor.Info{Type: tensor.UInt8, Shape: []int{1, 48, 64, 3}}, InputOptions{Resize: how})
			if err != nil {
				t.Fatal(err)
			}
			const width, height = 1601, 1203
			f := reducedFrame(t, 8, width, height, corner)
			dst := tensor.Tensor{Info: tensor.Info{Type: tensor.UInt8, Shape: []int{1, 48, 64, 3}}, Data: make([]byte, 48*64*3)}
			p, err := in.Prepare(dst, f)
			if err != nil {
				t.Fatal(err)
			}
			if p.Width != width || p.Height != height {
				t.Errorf("%v: the placement is in a picture of %dx%d", how, p.Width, p.Height)
			}
			m := f.Mat()
			cols, rows := float64(m.Cols()*8), float64(m.Rows()*8)
			for _, at := range []image.Point{{32, 24}, {20, 20}, {40, 30}} {
				x, y := point(p, float64(at.X)+0.5, float64(at.Y)+0.5)
				wantRed, wantGreen := 255*(x-float64(corner.X))/cols, 255*(y-float64(corner.Y))/rows
				pixel := dst.Data[3*(at.Y*64+at.X):]
				if math.Abs(float64(pixel[0])-wantRed) > 2 || math.Abs(float64(pixel[1])-wantGreen) > 2 {
					t.Errorf("%v, corner %v: the input at %v shows red %d, green %d; the place in the picture has %.1f, %.1f",
						how, corner, at, pixel[0], pixel[1], wantRed, wantGreen)
				}
			}
			if err := in.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A reduced picture is interpolated with cubics, one that is not with lines as always.
func TestReducedIsInterpolatedWithCubics(t *testing.T) {
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 48, 64, 3}}
	in, err := NewInput(info, InputOptions{Order: BGR})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for by, how := range map[int]gocv.InterpolationFlags{1: gocv.InterpolationLinear, 4: gocv.InterpolationCubic} {
		frame, err := NewPool(0).Get()
		if err != nil {
			t.Fatal(err)
		}
		pixels, err := frame.Reserve(240, 170)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(3, 4))
		for i := range pixels {
			pixels[i] = byte(random.Uint32())
		}
		frame.SetReduction(by, 240*by, 170*by, image.Point{})
		if err := frame.Seal(); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 64*48*3)
		if _, err := in.Prepare(tensor.Tensor{Info: info, Data: got}, frame); err != nil {
			t.Fatal(err)
		}
		want := gocv.NewMat()
		gocv.Resize(frame.Mat(), &want, image.Pt(64, 48), 0, 0, how)
		if !bytes.Equal(got, want.ToBytes()) {
			t.Errorf("reduced by %d: the input is not what OpenCV makes with %v", by, how)
		}
		want.Close()
		frame.Release()
	}
}

func TestPartOfAReducedFrame(t *testing.T) {
	f := reducedFrame(t, 4, 403, 203, image.Pt(-1, 0))
	part, exact := f.Part(image.Rect(100, 50, 203, 101))
	defer part.Close()
	if want := image.Rect(99, 52, 203, 100); exact != want {
		t.Errorf("the part shows %v of the picture; want %v", exact, want)
	}
	if part.Cols() != 26 || part.Rows() != 12 {
		t.Errorf("the part has %dx%d pixels; want 26x12", part.Cols(), part.Rows())
	}
	if tiny, exact := f.Part(image.Rect(402, 202, 403, 203)); tiny.Empty() || exact.Empty() {
		t.Errorf("a part of one pixel is empty: %v", exact)
	} else {
		tiny.Close()
	}
}

func TestReductionFor(t *testing.T) {
	for _, c := range []struct {
		how           Resize
		width, height int
		want          float64
	}{
		{Stretch, 4000, 3000, 3000.0 / 224 / 3}, {Stretch, 672, 8960, 1}, {Stretch, 100, 100, 100.0 / 224 / 3},
		{Letterbox, 4000, 3000, 4000.0 / 224 / 3}, {CenterCrop, 4000, 3000, 3000.0 / 224 / 3}, {Stretch, 0, 0, 1},
	} {
		in, err := NewInput(tensor.Info{Type: tensor.UInt8, Shape: []int{1, 224, 224, 3}}, InputOptions{Resize: c.how})
		if err != nil {
			t.Fatal(err)
		}
		if got := in.Reduction(c.width, c.height); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v of %dx%d: reduced by up to %v; want %v", c.how, c.width, c.height, got, c.want)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What is used of a reduced picture is never less than three times the input's size.
func TestReducedPictureHasEnoughPixels(t *testing.T) {
	for _, how := range []Resize{Stretch, Letterbox, CenterCrop} {
		in := &Input{opts: InputOptions{Resize: how}, width: 300, height: 200}
		for width := 150; width < 6000; width += 397 {
			for height := 150; height < 6000; height += 411 {
				most := in.Reduction(width, height)
				for _, by := range []int{8, 4, 2} {
					if float64(by) > most {
						continue
					}
					fit := fitInto(how, width, height, 300, 200)
					part, _ := reduction{by: by, width: width, height: height}.snap(fit.from, (width+by-1)/by, (height+by-1)/by)
					if part.Dx()+1 < enough*fit.to.Dx() || part.Dy()+1 < enough*fit.to.Dy() {
						t.Fatalf("%v, %dx%d reduced by %d: %v of it become %v", how, width, height, by, part, fit.to)
					}
				}
			}
		}
	}
}
