package vision

import (
	"math"
	"testing"
)

// TestSharpness paints stripes with ever softer edges.
func TestSharpness(t *testing.T) {
	pool := NewPool(1)
	defer pool.Close()
	paint := func(shade func(x int) float64) float64 {
		f, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Release()
		pix, err := f.Reserve(200, 100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range pix {
			pix[i] = byte(shade(i / 3 % 200))
		}
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		for _, box := range [][4]float32{{50, 50, 50, 50}, {90, 60, 10, 20}, {-50, -50, -10, -10}, {300, 300, 400, 400}} {
			if s := Sharpness(f, box); s != 0 {
				t.Errorf("%v, which is empty, is %v sharp", box, s)
			}
		}
		nan := float32(math.NaN())
		if s := Sharpness(f, [4]float32{nan, -1e30, 1e30, 1e30}); !(s >= 0 && s <= 1) {
			t.Errorf("%v", s)
		}
		return Sharpness(f, [4]float32{0, 0, 200, 100})
	}
	last := 1.0
	for _, width := range []float64{0.1, 2, 5, 10} { // of an edge
		s := paint(func(x int) float64 { return 127 + 100*math.Tanh(math.Sin(float64(x)*math.Pi/20)*20/math.Pi/width) })
		if !(s < last && s > 0) {
			t.Errorf("edges of %v pixels are %v sharp, narrower ones %v", width, s, last)
		}
		last = s
	}
	if s := paint(func(int) float64 { return 127 }); s != 0 {
		t.Errorf("a plain area is %v sharp", s)
	}
}
