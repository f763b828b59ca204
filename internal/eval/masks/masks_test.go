package masks

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSquaredDistanceIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		w, h := 1+r.IntN(20), 1+r.IntN(20)
		marked := make([]bool, w*h)
		for i := range marked {
			marked[i] = r.IntN(15) == 0
		}
		d := squaredDistance(marked, w, h)
		for i := range marked {
			want := 1e18
			for j, m := range marked {
				if m {
					dx, dy := i%w-j%w, i/w-j/w
					want = min(want, float64(dx*dx+dy*dy))
				}
			}
			if d[i] != want {
				t.Fatalf("%d x %d: pixel %d is %v from the nearest, want %v", w, h, i, d[i], want)
			}
		}
	}
}

// A square that is found three pixels further to the right.
func TestShiftedSquare(t *testing.T) {
	square := func(left int) Mask {
		m := Mask{400, 300, make([]uint8, 400*300)}
		for y := 100; y < 200; y++ {
			for x := left; x < left+100; x++ {
				m.Pixels[y*400+x] = 1
			}
		}
		return m
	}
	c := NewCounter(3)
	if err := c.Add(square(100), square(103)); err != nil {
		t.Fatal(err)
	}
	if got, want := c.IoU(1), 97.0/103; math.Abs(got-want) > 1e-12 {
		t.Errorf("IoU %v, want %v", got, want)
	}
	if got, want := c.IoU(0), (120000.0-10300)/(120000-9700); math.Abs(got-want) > 1e-12 {
		t.Errorf("IoU of the rest %v, want %v", got, want)
	}
	if v := c.IoU(2); !math.IsNaN(v) {
		t.Errorf("IoU of what is nowhere: %v", v)
	}
	if got := c.MeanIoU(); math.Abs(got-(c.IoU(0)+c.IoU(1))/2) > 1e-12 {
		t.Errorf("mean IoU %v", got)
	}
	if got := c.BoundaryF(1); got != 1 { // the diagonal is 500 pixels: 3 are near enough, at 3.75
		t.Errorf("boundary F %v, want 1", got)
	}
	far := NewCounter(2)
	if err := far.Add(square(100), square(104)); err != nil {
		t.Fatal(err)
	}
	// Of 396 edge pixels the two sides are too far but near their ends, and the last pixels of the upper and lower ones.
	if got := far.BoundaryF(1); got > 0.6 || got < 0.4 {
		t.Errorf("boundary F %v", got)
	}
}

func TestIgnored(t *testing.T) {
	truth := Mask{2, 2, []uint8{0, 1, Ignored, Ignored}}
	c := NewCounter(2)
	if err := c.Add(truth, Mask{2, 2, []uint8{0, 1, 1, 0}}); err != nil {
		t.Fatal(err)
	}
	if c.MeanIoU() != 1 || c.Accuracy() != 1 || c.MeanBoundaryF() != 1 {
		t.Errorf("%v %v %v", c.MeanIoU(), c.Accuracy(), c.MeanBoundaryF())
	}
}

func TestRefuses(t *testing.T) {
	c := NewCounter(2)
	for want, masks := range map[string][2]Mask{
		"true mask is 1 x 1":    {{1, 1, []uint8{0}}, {1, 2, []uint8{0, 0}}},
		"have 1 and 0 pixels":   {{1, 1, []uint8{0}}, {1, 1, nil}},
		"found has class 2":     {{1, 1, []uint8{0}}, {1, 1, []uint8{2}}},
		"true mask has class 7": {{1, 1, []uint8{7}}, {1, 1, []uint8{0}}},
	} {
		if err := c.Add(masks[0], masks[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
