package draw

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// sizes are pictures from the smallest to the largest that tests draw on, and strips.
var sizes = [][2]int{{1, 1}, {2, 3}, {16, 16}, {40, 30}, {160, 120}, {320, 240}, {768, 576}, {1920, 1080}, {2000, 20}, {12, 2000}}

const background = 90

// page is a grey picture that the tests can look at.
func page(width, height int) *canvas {
	c := &canvas{pix: make([]byte, 3*width*height), width: width, height: height}
	for i := range c.pix {
		c.pix[i] = background
	}
	return c
}

func (c *canvas) at(x, y int) colour {
	i := 3 * (y*c.width + x)
	return colour{c.pix[i+2], c.pix[i+1], c.pix[i]}
}

func newPainter(tb testing.TB, o Options) *Painter {
	tb.Helper()
	p, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func detection(label string, score, x0, y0, x1, y1 float32) pipeline.Detection {
	return pipeline.Detection{Label: label, Index: 7, Score: score, Box: [4]float32{x0, y0, x1, y1}}
}

func detect(d ...pipeline.Detection) []pipeline.Event {
	return []pipeline.Event{{Model: "coco", Task: "detect", Result: pipeline.Result{Detections: d}}}
}

func paint(tb testing.TB, p *Painter, c *canvas, events []pipeline.Event) {
	tb.Helper()
	if err := p.paint(c, events); err != nil {
		tb.Fatal(err)
	}
}

func TestBoxIsWhereItBelongs(t *testing.T) {
	for _, c := range []struct{ width, height, line int }{{320, 240, 2}, {768, 576, 2}, {1920, 1080, 4}, {3840, 2160, 7}} {
		t.Run(fmt.Sprintf("%dx%d", c.width, c.height), func(t *testing.T) {
			pg := page(c.width, c.height)
			w, h := float32(c.width), float32(c.height)
			d := detection("person", 0.81, w/2, h/2, w*3/4, h*3/4)
			paint(t, newPainter(t, Options{}), pg, detect(d))
			want := labelColour("person")
			// Along the middle row, the line's pixels are those around the left and right edge.
			y, got := c.height*5/8, []int{}
			for x := range c.width {
				if pg.at(x, y) == want {
					got = append(got, x)
				}
			}
			if len(got) != 2*c.line {
				t.Fatalf("the box's sides are %v; want two of %d pixels", got, c.line)
			}
			for i, edge := range []int{c.width / 2, c.width * 3 / 4} {
				first := got[i*c.line]
				if first > edge || first+c.line < edge {
					t.Errorf("side %d is at %d to %d; want it around %d", i, first, first+c.line, edge)
				}
			}
			if pg.at(c.width*5/8, y) != (colour{background, background, background}) {
				t.Error("the inside of the box is painted")
			}
		})
	}
}

func TestBoxAtThePictureEdgeIsSeenOnAllSides(t *testing.T) {
	pg := page(320, 240)
	paint(t, newPainter(t, Options{}), pg, detect(detection("", 0.5, 0, 0, 320, 240)))
	want := labelColour("")
	for _, p := range [][2]int{{0, 120}, {1, 120}, {319, 120}, {318, 120}, {200, 0}, {200, 239}} {
		if pg.at(p[0], p[1]) != want {
			t.Errorf("pixel %v is %v; want the line's %v", p, pg.at(p[0], p[1]), want)
		}
	}
}

// TestOnlyLinesAndLabelsAreDrawn draws boxes everywhere and looks at every pixel that changed.
func TestOnlyLinesAndLabelsAreDrawn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := newPainter(t, Options{})
	labels := []string{"person", "Müller", "顔", "", "traffic light", "a label that is much longer than most pictures are wide, and then some more"}
	for _, size := range sizes {
		w, h := float64(size[0]), float64(size[1])
		for range 20 {
			var dets []pipeline.Detection
			for range 1 + rng.IntN(5) {
				x0, y0 := (rng.Float64()*1.4-0.2)*w, (rng.Float64()*1.4-0.2)*h
				dets = append(dets, detection(labels[rng.IntN(len(labels))], rng.Float32(),
					float32(x0), float32(y0), float32(x0+rng.Float64()*w/2), float32(y0+rng.Float64()*h/2)))
			}
			pg := page(size[0], size[1])
			p.rows = nil
			paint(t, p, pg, detect(dets...))
			checkChanges(t, p, pg)
			if t.Failed() {
				t.Fatalf("%d×%d with %v", size[0], size[1], dets)
			}
		}
	}
}

func checkChanges(t *testing.T, p *Painter, pg *canvas) {
	t.Helper()
	st, err := p.style(pg.width, pg.height)
	if err != nil {
		t.Fatal(err)
	}
	var allowed []rect
	for _, r := range p.rows {
		if r.rect.x0 < 0 || r.rect.y0 < 0 || r.rect.x1 > float32(pg.width) || r.rect.y1 > float32(pg.height) {
			t.Errorf("the label %q at %v leaves the picture", string(p.runes[r.from:r.to]), r.rect)
		}
		if w := st.face.measure(p.runes[r.from:r.to]); w > r.rect.x1-r.rect.x0 {
			t.Errorf("the text %q is %g wide, in a label of %v", string(p.runes[r.from:r.to]), w, r.rect)
		}
		allowed = append(allowed, r.rect)
	}
	for i := range p.layers.boxes {
		allowed = append(allowed, p.layers.boxes[i].lineRect(pg, st.line).grow(st.halo+1))
	}
	for y := range pg.height {
	next:
		for x := range pg.width {
			if pg.at(x, y) == (colour{background, background, background}) {
				continue
			}
			for _, r := range allowed {
				if r.overlaps(rect{x0: float32(x), y0: float32(y), x1: float32(x + 1), y1: float32(y + 1)}) {
					continue next
				}
			}
			t.Errorf("pixel %d,%d is painted, and no line or label is there", x, y)
			return
		}
	}
}

func TestStrangeResults(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, d := range map[string]pipeline.Detection{
		"not a number":    detection("x", 0.5, nan, 10, 20, 30),
		"infinite":        detection("x", 0.5, 0, 0, inf, 30),
		"minus infinite":  detection("x", 0.5, -inf, 0, 10, 30),
		"outside":         detection("x", 0.5, 500, 10, 600, 30),
		"outside, before": detection("x", 0.5, -500, 10, -5, 30),
	} {
		t.Run(name, func(t *testing.T) {
			pg := page(320, 240)
			paint(t, newPainter(t, Options{}), pg, detect(d))
			for i, v := range pg.pix {
				if v != background {
					t.Fatalf("byte %d is painted", i)
				}
			}
		})
	}
	for name, d := range map[string]pipeline.Detection{
		"huge":         detection("x", 0.5, -3e38, -3e38, 3e38, 3e38),
		"turned round": detection("x", 0.5, 200, 200, 100, 100),
		"one point":    detection("x", 0.5, 100, 100, 100, 100),
		"score":        detection("x", nan, 10, 10, 100, 100),
		"point": {Label: "x", Box: [4]float32{10, 10, 90, 90}, Keypoints: []pipeline.Keypoint{
			{X: nan, Y: 3}, {X: inf, Y: 3}, {X: -3e38, Y: 3e38}, {X: 300, Y: -2}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range sizes {
				paint(t, newPainter(t, Options{}), page(size[0], size[1]), detect(d))
			}
		})
	}
}

func TestKeypoints(t *testing.T) {
	pg := page(640, 480)
	d := detection("face", 0.9, 200, 100, 440, 340)
	d.Keypoints = []pipeline.Keypoint{{Label: "left eye", X: 270, Y: 200}, {Label: "right eye", X: 370, Y: 200}}
	paint(t, newPainter(t, Options{}), pg, detect(d))
	for _, k := range d.Keypoints {
		x, y := int(k.X), int(k.Y)
		if pg.at(x, y) != labelColour("face") {
			t.Errorf("the middle of %s is %v", k.Label, pg.at(x, y))
		}
		ring := false
		for dx := range 10 {
			ring = ring || luminance(pg.at(x+dx, y)) > 0.55
		}
		if !ring {
			t.Errorf("%s has no white edge", k.Label)
		}
	}
}

func TestDrawOnMat(t *testing.T) {
	m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(background, background, background, 0), 240, 320, gocv.MatTypeCV8UC3)
	defer m.Close()
	pg := page(320, 240)
	events := detect(detection("person", 0.81, 100, 100, 200, 200))
	if err := newPainter(t, Options{}).Draw(&m, events); err != nil {
		t.Fatal(err)
	}
	paint(t, newPainter(t, Options{}), pg, events)
	got, err := m.DataPtrUint8()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(pg.pix) {
		t.Error("a Mat is painted in another way than bytes")
	}
}

func TestWrongMats(t *testing.T) {
	p := newPainter(t, Options{})
	empty := gocv.NewMat()
	defer empty.Close()
	grey := gocv.NewMatWithSize(10, 10, gocv.MatTypeCV8U)
	defer grey.Close()
	for name, m := range map[string]*gocv.Mat{"empty": &empty, "grey": &grey} {
		if err := p.Draw(m, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "font.ttf")
	if err := os.WriteFile(garbage, []byte("no font"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"no such font": {Font: "/no/such/font.ttf"}, "no font": {Font: garbage}, "scale": {Scale: -1},
		"not a number": {Scale: math.NaN()}, "too large": {Scale: 100},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestScale(t *testing.T) {
	small, large := newPainter(t, Options{}), newPainter(t, Options{Scale: 2})
	a, err1 := small.style(768, 576)
	b, err2 := large.style(768, 576)
	if err1 != nil || err2 != nil || b.line < 2*a.line-1 || b.text < 2*a.text-2 {
		t.Errorf("scale 2: line %g and text %g; scale 1: %g and %g (%v, %v)", b.line, b.text, a.line, a.text, err1, err2)
	}
}

func TestDrawingAllocatesNothing(t *testing.T) {
	p, pg, events := newPainter(t, Options{}), page(768, 576), crowd()
	events = append(events, pipeline.Event{Result: pipeline.Result{Other: []pipeline.Finding{outlines{
		{Name: "road", Text: "road 3", Points: [][2]float32{{100, 100}, {300, 100}, {300, 250}, {100, 250}}, Closed: true},
		{Name: "gate", Text: "gate: in 1, out 0", Points: [][2]float32{{50, 150}, {350, 150}}},
	}}}})
	if n := testing.AllocsPerRun(20, func() { paint(t, p, pg, events) }); n != 0 {
		t.Errorf("%g allocations a picture", n)
	}
}

// crowd is five people, one with key points, and a classification.
func crowd() []pipeline.Event {
	var d []pipeline.Detection
	for i := range 5 {
		x := float32(60 + 130*i)
		d = append(d, detection("person", 0.5+float32(i)/10, x, 150, x+100, 400))
	}
	d[0].Keypoints = []pipeline.Keypoint{{X: 100, Y: 200}, {X: 120, Y: 200}}
	return append(detect(d...), pipeline.Event{Model: "birds", Result: pipeline.Result{
		Classes: []pipeline.Class{{Label: "Ara macao", Score: 0.8}, {Label: "Ara ararauna", Score: 0.1}},
	}})
}

func BenchmarkDraw(b *testing.B) {
	for _, size := range [][2]int{{768, 576}, {3840, 2160}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			p := newPainter(b, Options{})
			m := gocv.NewMatWithSize(size[1], size[0], gocv.MatTypeCV8UC3)
			defer m.Close()
			events := crowd()[:1]
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Draw(&m, events); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
