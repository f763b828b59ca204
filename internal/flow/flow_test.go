package flow

import (
	"math"
	"math/rand/v2"
	"testing"
)

// scene is a picture of smooth random texture, moved by x and y, with brightness between 60 and 196.
func scene(width, height, step int, seed uint64, x, y float64) Picture {
	rng := rand.New(rand.NewPCG(seed, 1))
	type wave struct{ fx, fy, phase float64 }
	waves := make([]wave, 12)
	for i := range waves {
		waves[i] = wave{0.25 * rng.NormFloat64(), 0.25 * rng.NormFloat64(), 2 * math.Pi * rng.Float64()}
	}
	p := Picture{Pix: make([]byte, width*height*step), Stride: width * step, Step: step, Width: width, Height: height}
	for j := range height {
		for i := range width {
			sum := 0.0
			for _, w := range waves {
				sum += math.Sin(w.fx*(float64(i)-x) + w.fy*(float64(j)-y) + w.phase)
			}
			p.Pix[j*p.Stride+i*step] = byte(128 + max(-68, min(68, 20*sum)))
		}
	}
	return p
}

func TestPatchFindsWhereItMoved(t *testing.T) {
	for _, step := range []int{1, 3} {
		for _, box := range [][4]float64{{60, 50, 90, 130}, {20, 20, 150, 150}, {70, 60, 80, 84}} {
			for _, by := range [][2]float64{{0, 0}, {1, 0}, {-2, 1}, {0.5, -0.5}, {1.25, 0.75}} {
				before, after := scene(200, 160, step, 3, 0, 0), scene(200, 160, step, 3, by[0], by[1])
				var p Patch
				p.Take(&before, box)
				dx, dy, ok := p.Find(&after, 0, 0)
				if !ok || math.Abs(dx-by[0]) > 0.3 || math.Abs(dy-by[1]) > 0.3 {
					t.Errorf("step %d, box %v moved by %v: found %.2f, %.2f, %v", step, box, by, dx, dy, ok)
				}
			}
		}
	}
}

// TestPatchStartsWhereItIsExpected moves further than a patch is looked for around its old place.
func TestPatchStartsWhereItIsExpected(t *testing.T) {
	before, after := scene(300, 160, 1, 5, 0, 0), scene(300, 160, 1, 5, 60, 0)
	var p Patch
	p.Take(&before, [4]float64{60, 50, 90, 130})
	if dx, dy, ok := p.Find(&after, 57, 2); !ok || math.Abs(dx-60) > 0.3 || math.Abs(dy) > 0.3 {
		t.Errorf("found %.2f, %.2f, %v, want 60, 0", dx, dy, ok)
	}
}

func TestPatchKnowsWhenItFindsNothing(t *testing.T) {
	textured := scene(200, 160, 1, 3, 0, 0)
	flat := Picture{Pix: make([]byte, 200*160), Stride: 200, Step: 1, Width: 200, Height: 160}
	box := [4]float64{60, 50, 90, 130}
	var p Patch
	if _, _, ok := p.Find(&textured, 0, 0); ok {
		t.Error("a patch that was never taken was found")
	}
	p.Take(&flat, box)
	if _, _, ok := p.Find(&flat, 0, 0); ok {
		t.Error("a part of a wall was found")
	}
	p.Take(&textured, box)
	if _, _, ok := p.Find(&flat, 0, 0); ok {
		t.Error("something was found in the dark")
	}
	inf, nan := math.Inf(1), math.NaN()
	for _, box := range [][4]float64{{60, 50, 62, 130}, {60, 50, 90, 55}, {-500, 50, -470, 130}, {60, 500, 90, 580}, {nan, nan, nan, nan},
		{-inf, -inf, inf, inf}, {90, 130, 60, 50}, {-1e30, 0, 1e30, 100}} {
		p.Take(&textured, [4]float64{60, 50, 90, 130})
		p.Take(&textured, box)
		if dx, dy, ok := p.Find(&textured, 0, 0); ok {
			t.Errorf("box %v: found at %g, %g", box, dx, dy)
		}
	}
	p.Take(&textured, [4]float64{60, 50, 90, 130})
	for _, at := range []float64{nan, inf, -inf, 1e300} {
		if _, _, ok := p.Find(&textured, at, at); ok {
			t.Errorf("found at %g", at)
		}
	}
}

// TestPatchAtTheEdge takes and looks where a part of the box is outside.
func TestPatchAtTheEdge(t *testing.T) {
	before, after := scene(200, 160, 1, 3, 0, 0), scene(200, 160, 1, 3, 2, 1)
	for _, box := range [][4]float64{{-10, 50, 20, 130}, {185, 100, 215, 180}, {60, -20, 90, 60}, {170, -5, 205, 165}} {
		var p Patch
		p.Take(&before, box)
		if dx, dy, ok := p.Find(&after, 0, 0); !ok || math.Abs(dx-2) > 1 || math.Abs(dy-1) > 1 {
			t.Errorf("box %v: found %.2f, %.2f, %v, want 2, 1", box, dx, dy, ok)
		}
	}
}

func TestGround(t *testing.T) {
	var g Ground
	at := func(x, y float64) (dx, dy float64) {
		p := scene(320, 240, 1, 7, x, y)
		// Somebody near by hides a quarter of the picture and walks the other way.
		other := scene(320, 240, 1, 8, -2*x, 0)
		for j := range 120 {
			copy(p.Pix[j*p.Stride:][:160], other.Pix[j*p.Stride:][:160])
		}
		return g.Next(&p)
	}
	for i, c := range [][2]float64{{0, 0}, {0, 0}, {1, 0}, {4, -3}, {-6, 2}, {-6.5, 2.5}} {
		dx, dy := at(c[0], c[1])
		want := [2]float64{}
		if i > 0 {
			before := [][2]float64{{0, 0}, {0, 0}, {1, 0}, {4, -3}, {-6, 2}, {-6.5, 2.5}}[i-1]
			want = [2]float64{c[0] - before[0], c[1] - before[1]}
		}
		if math.Abs(dx-want[0]) > 0.4 || math.Abs(dy-want[1]) > 0.4 {
			t.Errorf("picture %d: moved by %.2f, %.2f, want %v", i, dx, dy, want)
		}
	}
	g.Forget()
	if dx, dy := at(3, 3); dx != 0 || dy != 0 {
		t.Errorf("the first picture moved by %g, %g", dx, dy)
	}
	small := scene(160, 120, 1, 7, 0, 0)
	if dx, dy := g.Next(&small); dx != 0 || dy != 0 {
		t.Errorf("a picture of another size moved by %g, %g", dx, dy)
	}
	other := scene(160, 120, 1, 99, 0, 0)
	if dx, dy := g.Next(&other); dx != 0 || dy != 0 {
		t.Errorf("another scene moved by %g, %g", dx, dy)
	}
}

func TestUsable(t *testing.T) {
	for _, c := range []struct {
		p    Picture
		want bool
	}{
		{Picture{}, false},
		{Picture{Pix: make([]byte, 12), Stride: 4, Step: 1, Width: 4, Height: 3}, true},
		{Picture{Pix: make([]byte, 11), Stride: 4, Step: 1, Width: 4, Height: 3}, false},
		{Picture{Pix: make([]byte, 34), Stride: 12, Step: 3, Width: 4, Height: 3}, true},
		{Picture{Pix: make([]byte, 33), Stride: 12, Step: 3, Width: 4, Height: 3}, false},
		{Picture{Pix: make([]byte, 100), Stride: 3, Step: 1, Width: 4, Height: 3}, false},
		{Picture{Pix: make([]byte, 100), Stride: 4, Step: 0, Width: 4, Height: 3}, false},
		{Picture{Pix: make([]byte, 100), Stride: 4, Step: 1, Width: -4, Height: 3}, false},
	} {
		if got := c.p.Usable(); got != c.want {
			t.Errorf("%d bytes, stride %d, step %d, %d × %d: usable %v", len(c.p.Pix), c.p.Stride, c.p.Step, c.p.Width, c.p.Height, got)
		}
	}
}

func BenchmarkPatch(b *testing.B) {
	before, after := scene(640, 480, 1, 3, 0, 0), scene(640, 480, 1, 3, 2, 1)
	var p Patch
	for b.Loop() {
		p.Take(&before, [4]float64{60, 50, 90, 130})
		p.Find(&after, 1, 0)
	}
}

func BenchmarkGround(b *testing.B) {
	pictures := map[string][2]Picture{
		"still":  {scene(640, 480, 1, 3, 0, 0), scene(640, 480, 1, 3, 0, 0)},
		"moving": {scene(640, 480, 1, 3, 0, 0), scene(640, 480, 1, 3, 9, 4)},
	}
	for name, p := range pictures {
		b.Run(name, func(b *testing.B) {
			var g Ground
			for i := 0; b.Loop(); i++ {
				g.Next(&p[i%2])
			}
		})
	}
}
