package draw

import (
	"math"
	"testing"

	"corallite/pipeline"
)

// TestDrawRotated draws the sides of a turned box, and not those of the box around it.
func TestDrawRotated(t *testing.T) {
	c := &canvas{pix: make([]byte, 3*100*100), width: 100, height: 100}
	st := &style{line: 2, halo: 0}
	r := &pipeline.Rotated{X: 50, Y: 50, Width: 60, Height: 20, Angle: math.Pi / 4}
	drawBox(c, st, &box{thing: pipeline.Thing{Rotated: r}, rect: rect{x0: 20, y0: 20, x1: 80, y1: 80}, col: white})
	painted := func(x, y float32) bool { return c.pix[3*(int(y)*100+int(x))] > 100 }
	corners := r.Corners()
	for i, from := range corners {
		to := corners[(i+1)%4]
		if x, y := (from[0]+to[0])/2, (from[1]+to[1])/2; !painted(x, y) {
			t.Errorf("side %d is not drawn at %v, %v", i, x, y)
		}
	}
	for _, p := range [][2]float32{{50, 50}, {20, 50}, {80, 50}, {50, 20}, {50, 80}} {
		if painted(p[0], p[1]) {
			t.Errorf("%v is painted", p)
		}
	}
	nan := float32(math.NaN())
	var l layers
	l.width, l.height = 100, 100
	l.Box([4]float32{1, 1, 9, 9}, pipeline.Thing{Rotated: &pipeline.Rotated{X: nan}}, nil)
	if len(l.boxes) != 1 || l.boxes[0].thing.Rotated != nil {
		t.Errorf("a turned box that is not finite is drawn: %+v", l.boxes)
	}
}
