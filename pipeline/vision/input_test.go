package vision

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"gocv.io/x/gocv"

	"corallite/tflite/tensor"
)

// painted is a frame of width × height pixels, each from a function of its place: blue, green, red.
func painted(tb testing.TB, width, height int, color func(x, y int) [3]byte) *Frame {
	tb.Helper()
	p := NewPool(0)
	f, err := p.Get()
	if err != nil {
		tb.Fatal(err)
	}
	pixels, err := f.Reserve(width, height)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range width * height {
		c := color(i%width, i/width)
		copy(pixels[3*i:], c[:])
	}
	if err := f.Seal(); err != nil {
		tb.Fatal(err)
	}
	return f
}

// gradient has a value of its own in each channel of each pixel.
func gradient(x, y int) [3]byte { return [3]byte{byte(x), byte(y), byte(x + y)} }

func tensorFor(info tensor.Info) tensor.Tensor {
	return tensor.Tensor{Info: info, Data: make([]byte, info.Elements()*info.Type.Size())}
}

// element reads value i of a tensor in Go's own way, apart from the code that is tested.
func element(t tensor.Tensor, i int) float64 {
	d := t.Data[i*t.Type.Size():]
	switch t.Type {
	case tensor.UInt8:
		return float64(d[0])
	case tensor.Int8:
		return float64(int8(d[0]))
	case tensor.UInt16:
		return float64(binary.NativeEndian.Uint16(d))
	case tensor.Int16:
		return float64(int16(binary.NativeEndian.Uint16(d)))
	case tensor.Int32:
		return float64(int32(binary.NativeEndian.Uint32(d)))
	case tensor.Float16:
		return float64(fromFloat16(binary.NativeEndian.Uint16(d)))
	case tensor.Float32:
		return float64(math.Float32frombits(binary.NativeEndian.Uint32(d)))
	default:
		return math.Float64frombits(binary.NativeEndian.Uint64(d))
	}
}

func TestPrepareEveryTypeAndNormalization(t *testing.T) {
	f := painted(t, 16, 16, func(x, y int) [3]byte { v := byte(y*16 + x); return [3]byte{v, 255 - v, v / 2} })
	defer f.Release()
	imagenet := InputOptions{Mean: []float32{123.675, 116.28, 103.53}, Std: []float32{58.395, 57.12, 57.375}}
	q := tensor.PerTensor
	for _, c := range []struct {
		name string
		info tensor.Info
		opts InputOptions
		want func(pixel, channel int) float64 // channel in the model's order
		by   float64
	}{
		{"uint8 as it is", tensor.Info{Type: tensor.UInt8, Quantization: q(0.0078125, 128)}, InputOptions{}, func(p, _ int) float64 { return float64(p) }, 0},
		{"int8", tensor.Info{Type: tensor.Int8, Quantization: q(0.0078125, 0)}, InputOptions{}, func(p, _ int) float64 { return float64(p) - 128 }, 0},
		{"float32", tensor.Info{Type: tensor.Float32}, InputOptions{}, func(p, _ int) float64 { return float64(p)/127.5 - 1 }, 1e-7},
		{"float64", tensor.Info{Type: tensor.Float64}, InputOptions{}, func(p, _ int) float64 { return float64(p)/127.5 - 1 }, 1e-15},
		{"float16", tensor.Info{Type: tensor.Float16}, InputOptions{}, func(p, _ int) float64 { return float64(p)/127.5 - 1 }, 0.0005},
		{"int16", tensor.Info{Type: tensor.Int16, Quantization: q(1./32768, 0)}, InputOptions{},
			func(p, _ int) float64 { return math.Min(math.Round((float64(p)/127.5-1)*32768), 32767) }, 0},
		{"int32 not quantized", tensor.Info{Type: tensor.Int32}, InputOptions{}, func(p, _ int) float64 { return float64(p) }, 0},
		{"uint16 not quantized", tensor.Info{Type: tensor.UInt16}, InputOptions{}, func(p, _ int) float64 { return float64(p) }, 0},
		{"float32 of imagenet", tensor.Info{Type: tensor.Float32}, imagenet,
			func(p, c int) float64 { return (float64(p) - float64(imagenet.Mean[c])) / float64(imagenet.Std[c]) }, 1e-6},
		{"0 to 1 in uint8", tensor.Info{Type: tensor.UInt8, Quantization: q(1./255, 0)}, InputOptions{Mean: []float32{0}, Std: []float32{255}},
			func(p, _ int) float64 { return float64(p) }, 0},
		{"requantized to uint8", tensor.Info{Type: tensor.UInt8, Quantization: q(0.02, 100)}, InputOptions{Mean: []float32{127.5}, Std: []float32{127.5}},
			func(p, _ int) float64 {
				return math.Max(0, math.Min(255, math.Round((float64(p)/127.5-1)/float64(float32(0.02))+100)))
			}, 0},
		{"requantized to int8 of imagenet", tensor.Info{Type: tensor.Int8, Quantization: q(0.0186584, -14)}, imagenet,
			func(p, c int) float64 {
				v := (float64(p) - float64(imagenet.Mean[c])) / float64(imagenet.Std[c])
				return math.Max(-128, math.Min(127, math.Round(v/float64(float32(0.0186584))-14)))
			}, 0},
	} {
		for _, order := range []ColorOrder{RGB, BGR} {
			c.info.Shape = []int{1, 16, 16, 3}
			c.opts.Order = order
			in, err := NewInput(c.info, c.opts)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			dst := tensorFor(c.info)
			if _, err := in.Prepare(dst, f); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			in.Close()
			for v := range 256 {
				rgb := [3]int{v / 2, 255 - v, v}
				for ch := range 3 {
					pixel := rgb[ch]
					if order == BGR {
						pixel = rgb[2-ch]
					}
					if got, want := element(dst, 3*v+ch), c.want(pixel, ch); math.Abs(got-want) > c.by {
						t.Fatalf("%s, order %d: pixel %d in channel %d is stored as %v, want %v", c.name, order, pixel, ch, got, want)
					}
				}
			}
		}
	}
}

func TestPrepareResizesAsOpenCV(t *testing.T) {
	f := painted(t, 80, 40, gradient)
	defer f.Release()
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 30, 30, 3}}
	m := f.Mat()
	for _, how := range []Resize{Stretch, Letterbox, CenterCrop} {
		in, err := NewInput(info, InputOptions{Resize: how, Fill: [3]uint8{10, 20, 30}})
		if err != nil {
			t.Fatal(err)
		}
		fit := fitInto(how, 80, 40, 30, 30)
		want := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(30, 20, 10, 0), 30, 30, gocv.MatTypeCV8UC3)
		from, to := m.Region(fit.from), want.Region(fit.to)
		gocv.Resize(from, &to, fit.to.Size(), 0, 0, gocv.InterpolationLinear)
		gocv.CvtColor(want, &want, gocv.ColorBGRToRGB)
		for range 2 {
			dst := tensorFor(info)
			p, err := in.Prepare(dst, f)
			if err != nil {
				t.Fatal(err)
			}
			if string(dst.Data) != string(want.ToBytes()) {
				t.Errorf("%v: the pixels are not OpenCV's", how)
			}
			if p != fit.placement(80, 40) {
				t.Errorf("%v: placement %+v", how, p)
			}
		}
		from.Close()
		to.Close()
		want.Close()
		in.Close()
	}
}

// A picture of another size leaves nothing of the last one in the bars.
func TestPrepareRepaintsTheBars(t *testing.T) {
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 8, 8, 3}}
	in, err := NewInput(info, InputOptions{Resize: Letterbox})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	white := func(int, int) [3]byte { return [3]byte{255, 255, 255} }
	dst := tensorFor(info)
	for _, size := range [][2]int{{8, 8}, {16, 8}, {8, 16}, {16, 8}, {20, 20}, {1, 1}, {8, 16}} {
		f := painted(t, size[0], size[1], white)
		if _, err := in.Prepare(dst, f); err != nil {
			t.Fatal(err)
		}
		f.Release()
		inside := fitInto(Letterbox, size[0], size[1], 8, 8).to
		for i := range 64 {
			want := 0.0
			if x, y := i%8, i/8; x >= inside.Min.X && x < inside.Max.X && y >= inside.Min.Y && y < inside.Max.Y {
				want = 255
			}
			if got := element(dst, 3*i); got != want {
				t.Fatalf("%v: pixel %d is %v, want %v", size, i, got, want)
			}
		}
	}
}

func TestPrepareGrey(t *testing.T) {
	f := painted(t, 4, 4, func(x, _ int) [3]byte { return [3]byte{byte(x), byte(2 * x), byte(3 * x)} })
	defer f.Release()
	info := tensor.Info{Type: tensor.Float32, Shape: []int{1, 4, 4, 1}}
	in, err := NewInput(info, InputOptions{Mean: []float32{0}, Std: []float32{1}})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	dst := tensorFor(info)
	if _, err := in.Prepare(dst, f); err != nil {
		t.Fatal(err)
	}
	for x := range 4 {
		want := math.Round(float64(x) * (0.114 + 2*0.587 + 3*0.299)) // ITU-R BT.601, as OpenCV's BGR2GRAY
		if got := element(dst, x); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
}

func TestNewInputRefuses(t *testing.T) {
	good := tensor.Info{Name: "in", Type: tensor.UInt8, Shape: []int{1, 4, 4, 3}}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		info tensor.Info
		opts InputOptions
		want string
	}{
		"sound":            {tensor.Info{Name: "in", Type: tensor.Int8, Shape: []int{1, 40}}, InputOptions{}, "[1,40]"},
		"batch":            {tensor.Info{Type: tensor.UInt8, Shape: []int{2, 4, 4, 3}}, InputOptions{}, "[2,4,4,3]"},
		"channels":         {tensor.Info{Type: tensor.UInt8, Shape: []int{1, 4, 4, 4}}, InputOptions{}, "[1,4,4,4]"},
		"empty":            {tensor.Info{Type: tensor.UInt8, Shape: []int{1, 0, 4, 3}}, InputOptions{}, "[1,0,4,3]"},
		"huge":             {tensor.Info{Type: tensor.UInt8, Shape: []int{1, 1 << 20, 1 << 20, 3}}, InputOptions{}, "too large"},
		"strings":          {tensor.Info{Type: tensor.String, Shape: []int{1, 4, 4, 3}}, InputOptions{}, "string"},
		"per channel":      {tensor.Info{Type: tensor.UInt8, Shape: []int{1, 4, 4, 3}, Quantization: tensor.Quantization{Scales: []float32{1, 2, 3}, ZeroPoints: []int32{0, 0, 0}, Axis: 3}}, InputOptions{}, "scale"},
		"mean alone":       {good, InputOptions{Mean: []float32{1}}, "both"},
		"two means":        {good, InputOptions{Mean: []float32{1, 2}, Std: []float32{1}}, "mean has 2"},
		"invalid std 0":    {good, InputOptions{Mean: []float32{1}, Std: []float32{0}}, "invalid std 0"},
		"invalid mean NaN": {good, InputOptions{Mean: []float32{nan}, Std: []float32{1}}, "invalid mean NaN"},
		"unknown mode":     {good, InputOptions{Resize: 9}, "resize(9)"},
		"unknown order":    {good, InputOptions{Order: 9}, "order 9"},
	} {
		in, err := NewInput(c.info, c.opts)
		if err == nil {
			in.Close()
			t.Errorf("%s: taken", name)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", name, err, c.want)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 4, 4, 3}}
	in, err := NewInput(info, InputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := painted(t, 8, 8, gradient)
	short := tensorFor(info)
	short.Data = short.Data[:10]
	if _, err := in.Prepare(short, f); err == nil {
		t.Error("a tensor that is too small was written to")
	}
	other := tensorFor(info)
	other.Type = tensor.Int8
	if _, err := in.Prepare(other, f); err == nil {
		t.Error("a tensor of another type was written to")
	}
	f.Release()
	if _, err := in.Prepare(tensorFor(info), f); err == nil {
		t.Error("a released frame was prepared")
	}
	in.Close()
	in.Close()
	g := painted(t, 8, 8, gradient)
	defer g.Release()
	if _, err := in.Prepare(tensorFor(info), g); !errors.Is(err, ErrClosed) {
		t.Errorf("Prepare after Close: %v, want ErrClosed", err)
	}
}

func TestPrepareByManyGoroutines(t *testing.T) {
	info := tensor.Info{Type: tensor.Float32, Shape: []int{1, 16, 16, 3}}
	in, err := NewInput(info, InputOptions{Resize: Letterbox})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v := byte(50 * g)
			f := painted(t, 20+g, 20, func(int, int) [3]byte { return [3]byte{v, v, v} })
			defer f.Release()
			dst := tensorFor(info)
			for range 50 {
				if _, err := in.Prepare(dst, f); err != nil {
					t.Error(err)
				}
				if got, want := element(dst, 3*(8*16+8)), float64(v)/127.5-1; math.Abs(got-want) > 1e-6 {
					t.Errorf("goroutine %d: %v, want %v", g, got, want)
				}
			}
		}()
	}
	wg.Wait()
}

func TestPrepareAllocatesNothing(t *testing.T) {
	f := painted(t, 768, 576, gradient)
	defer f.Release()
	for name, c := range map[string]struct {
		info tensor.Info
		opts InputOptions
	}{
		"uint8":           {tensor.Info{Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}}, InputOptions{}},
		"int8":            {tensor.Info{Type: tensor.Int8, Shape: []int{1, 300, 300, 3}}, InputOptions{Resize: CenterCrop}},
		"float letterbox": {tensor.Info{Type: tensor.Float32, Shape: []int{1, 128, 128, 3}}, InputOptions{Resize: Letterbox}},
	} {
		in, err := NewInput(c.info, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		dst := tensorFor(c.info)
		prepare := func() {
			if _, err := in.Prepare(dst, f); err != nil {
				t.Fatal(err)
			}
		}
		prepare()
		if n := testing.AllocsPerRun(20, prepare); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
		in.Close()
	}
}
