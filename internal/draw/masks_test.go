package draw

import (
	"math"
	"slices"
	"testing"

	"corallite/pipeline"
)

func segment(m *pipeline.Mask) []pipeline.Event {
	return []pipeline.Event{{Model: "voc", Task: "segment", Result: pipeline.Result{Mask: m}}}
}

// quarters is a mask of 2×2 pixels: background, bird, bird, cat.
func quarters(box [4]float32) *pipeline.Mask {
	return &pipeline.Mask{Width: 2, Height: 2, Box: box, Segments: []pipeline.Segment{
		{Label: "bird", Index: 3, Share: 0.5, Counts: []int{1, 2, 1}},
		{Label: "background", Share: 0.25, Counts: []int{0, 1, 3}},
		{Label: "cat", Index: 8, Share: 0.25, Counts: []int{3, 1}},
	}}
}

// blended is the background with half of a label's colour.
func blended(label string) colour {
	p := []byte{background, background, background}
	mix(p, labelColour(label), 128)
	return colour{p[2], p[1], p[0]}
}

var grey = colour{background, background, background}

func TestMaskLiesInItsBox(t *testing.T) {
	p := newPainter(t, Options{Hide: Labels})
	for name, c := range map[string]struct {
		width, height int
		box           [4]float32
	}{
		"whole picture":      {640, 480, [4]float32{0, 0, 640, 480}},
		"part":               {640, 480, [4]float32{100, 50, 300, 450}},
		"beyond the picture": {640, 480, [4]float32{-80, 0, 720, 480}},
		"odd":                {37, 29, [4]float32{0, 0, 37, 29}},
	} {
		t.Run(name, func(t *testing.T) {
			pg := page(c.width, c.height)
			paint(t, p, pg, segment(quarters(c.box)))
			middleX, middleY := (c.box[0]+c.box[2])/2, (c.box[1]+c.box[3])/2
			for y := range c.height {
				for x := range c.width {
					cx, cy := float32(x)+0.5, float32(y)+0.5
					want := grey
					if cx >= c.box[0] && cx < c.box[2] && cy >= c.box[1] && cy < c.box[3] {
						want = map[[2]bool]colour{
							{false, false}: grey, {true, false}: blended("bird"),
							{false, true}: blended("bird"), {true, true}: blended("cat"),
						}[[2]bool{cx >= middleX, cy >= middleY}]
					}
					if got := pg.at(x, y); got != want {
						t.Fatalf("pixel %d,%d is %v; want %v", x, y, got, want)
					}
				}
			}
		})
	}
}

func TestPanelTellsTheColoursOfAMask(t *testing.T) {
	got := legend(0, segment(quarters([4]float32{0, 0, 640, 480}))...)
	want := []legendRow{{name: "bird", index: 3, score: 0.5}, {name: "cat", index: 8, score: 0.25}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	if got := legend(Masks, segment(quarters([4]float32{0, 0, 640, 480}))...); len(got) != 0 {
		t.Errorf("without masks there is the panel %v", got)
	}
}

func TestStrangeMasks(t *testing.T) {
	whole := [4]float32{0, 0, 320, 240}
	nan := float32(math.NaN())
	for name, m := range map[string]*pipeline.Mask{
		"empty":              {},
		"no pixels":          {Box: whole, Segments: []pipeline.Segment{{Label: "x", Counts: []int{0, 9}}}},
		"too large":          {Width: 1 << 30, Height: 1 << 30, Box: whole, Segments: []pipeline.Segment{{Label: "x"}}},
		"box of no number":   {Width: 2, Height: 2, Box: [4]float32{nan, 0, 1, 1}, Segments: []pipeline.Segment{{Label: "x", Counts: []int{0, 4}}}},
		"box turned round":   {Width: 2, Height: 2, Box: [4]float32{9, 9, 1, 1}, Segments: []pipeline.Segment{{Label: "x", Counts: []int{0, 4}}}},
		"box elsewhere":      {Width: 2, Height: 2, Box: [4]float32{900, 900, 1000, 1000}, Segments: []pipeline.Segment{{Label: "x", Counts: []int{0, 4}}}},
		"only background":    {Width: 2, Height: 2, Box: whole, Segments: []pipeline.Segment{{Label: "Background", Counts: []int{0, 4}}}},
		"negative runs":      {Width: 2, Height: 2, Box: whole, Segments: []pipeline.Segment{{Label: "x", Counts: []int{-3, -4}}}},
		"a run beyond all":   {Width: 2, Height: 2, Box: whole, Segments: []pipeline.Segment{{Label: "x", Counts: []int{4, math.MaxInt}}}},
		"segments of no run": {Width: 2, Height: 2, Box: whole, Segments: make([]pipeline.Segment, 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			pg := page(320, 240)
			paint(t, newPainter(t, Options{Hide: Labels}), pg, segment(m))
			for i, v := range pg.pix {
				if v != background {
					t.Fatalf("byte %d is painted", i)
				}
			}
		})
	}
	for _, size := range sizes {
		m := quarters([4]float32{-1e9, -1e9, 1e9, 1e9})
		paint(t, newPainter(t, Options{}), page(size[0], size[1]), segment(m))
	}
}

func TestMasksAllocateNothing(t *testing.T) {
	p, pg, events := newPainter(t, Options{}), page(768, 576), segment(quarters([4]float32{0, 0, 768, 576}))
	if n := testing.AllocsPerRun(5, func() { paint(t, p, pg, events) }); n != 0 {
		t.Errorf("%g allocations a picture", n)
	}
}
