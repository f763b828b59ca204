package draw

import (
	"math"
	"testing"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// outlines is a finding that draws zones and lines.
type outlines []pipeline.Outline

var outlinesKind = pipeline.Kind{Key: "outlines"}

func (o outlines) Kind() *pipeline.Kind     { return &outlinesKind }
func (o outlines) Len() int                 { return 0 }
func (o outlines) Thing(int) pipeline.Thing { return pipeline.Thing{} }
func (o outlines) Draw(c pipeline.Canvas) {
	for _, one := range o {
		c.(pipeline.OutlineCanvas).Outline(one)
	}
}

func paintOutlines(t *testing.T, hide Parts, all ...pipeline.Outline) gocv.Mat {
	t.Helper()
	m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(128, 128, 128, 0), 300, 400, gocv.MatTypeCV8UC3)
	t.Cleanup(func() { m.Close() })
	p, err := New(Options{Hide: hide})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Draw(&m, []pipeline.Event{{Result: pipeline.Result{Other: []pipeline.Finding{outlines(all)}}}}); err != nil {
		t.Fatal(err)
	}
	return m
}

// is reports whether a pixel has a colour.
func is(m gocv.Mat, x, y int, c colour) bool {
	v := m.GetVecbAt(y, x)
	return v[0] == c.b && v[1] == c.g && v[2] == c.r
}

func TestOutlines(t *testing.T) {
	grey := colour{128, 128, 128}
	square := pipeline.Outline{Name: "road", Text: "road 3", Points: [][2]float32{{100, 100}, {300, 100}, {300, 250}, {100, 250}}, Closed: true}
	m := paintOutlines(t, Labels, square)
	col := labelColour("road")
	for _, p := range [][2]int{{200, 100}, {300, 180}, {200, 250}, {100, 180}} { // the last side closes it
		if !is(m, p[0], p[1], col) {
			t.Errorf("nothing at %v", p)
		}
	}
	if !is(m, 200, 180, grey) || !is(m, 50, 50, grey) {
		t.Error("a zone is not filled")
	}
	if m := paintOutlines(t, Boxes, square); !is(m, 200, 180, grey) || !is(m, 300, 180, grey) {
		t.Error("it is hidden with the boxes")
	}
	text := paintOutlines(t, Boxes, square)
	found := false
	for x := 100; x < 160; x++ {
		found = found || !is(text, x, 92, grey)
	}
	if !found {
		t.Error("there is no text at the highest point")
	}
	// A line from the left to the right: the arrow points down.
	m = paintOutlines(t, Labels, pipeline.Outline{Name: "gate", Points: [][2]float32{{50, 150}, {350, 150}}})
	col = labelColour("gate")
	if !is(m, 200, 150, col) || !is(m, 60, 150, col) || !is(m, 200, 140, col) || !is(m, 200, 160, col) {
		t.Error("no line with an arrow")
	}
	wing := func(y int) bool { return !is(m, 196, y, grey) && !is(m, 204, y, grey) }
	if down, up := wing(157), wing(143); !down || up {
		t.Errorf("wings below the line %v, above %v", down, up)
	}
	if parts := PartsOf(&pipeline.Event{Result: pipeline.Result{Other: []pipeline.Finding{outlines{square}}}}); parts != Boxes|Labels {
		t.Errorf("parts %v", parts)
	}
	nan := float32(math.NaN())
	paintOutlines(t, 0, pipeline.Outline{Name: "x", Text: "x", Points: [][2]float32{{nan, 1}, {2, 3}, {4, 5}}, Closed: true},
		pipeline.Outline{Name: "far", Text: "far", Points: [][2]float32{{-1e9, -1e9}, {1e9, 1e9}}}, pipeline.Outline{Name: "same", Points: [][2]float32{{5, 5}, {5, 5}}},
		pipeline.Outline{Name: "one", Points: [][2]float32{{5, 5}}, Closed: true}, pipeline.Outline{})
}
