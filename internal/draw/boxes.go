package draw

import (
	"math"

	"corallite/pipeline"
)

// Opacity of the parts, 0 to 1.
const (
	haloAlpha  = 0.35
	labelAlpha = 0.85

	predictedAlpha = 0.45 // of the frame of what is only expected there
)

// box is a thing with a frame around it.
type box struct {
	thing  pipeline.Thing
	points []pipeline.Keypoint
	rect   rect // the middle of the line
	col    colour
}

func finite(values []float32) bool {
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}

// lineRect is the outer edge of the box's line. The line's middle is the box's edge, except where half of the line
// would then be outside the picture; a box smaller than its line becomes a dot.
func (b *box) lineRect(c *canvas, line float32) rect {
	x0, x1 := lineSpan(b.rect.x0, b.rect.x1, float32(c.width), line)
	y0, y1 := lineSpan(b.rect.y0, b.rect.y1, float32(c.height), line)
	return rect{x0: x0, y0: y0, x1: x1, y1: y1, radius: 1.5 * line}.fitRadius()
}

func lineSpan(lo, hi, limit, line float32) (float32, float32) {
	// Whole pixels: an edge between two pixels would be blurred.
	half := float32(line / 2)
	lo, hi = round(lo-half), round(hi+half)
	lo, hi = max(lo, 0), min(hi, limit)
	if hi-lo < line {
		lo = min(max(lo, 0), max(limit-line, 0))
		hi = min(lo+line, limit)
	}
	return lo, hi
}

func (r rect) fitRadius() rect {
	r.radius = max(0, min(r.radius, (r.x1-r.x0)/2, (r.y1-r.y0)/2))
	return r
}

func drawBox(c *canvas, st *style, b *box) {
	if r := b.thing.Rotated; r != nil {
		corners := r.Corners()
		drawClosed(c, st, corners[:], b.col)
		return
	}
	outer := b.lineRect(c, st.line)
	// A thin dark edge on both sides keeps the line visible on a background of its own colour.
	c.ring(outer.grow(st.halo), st.line+2*st.halo, black, haloAlpha)
	alpha := float32(1)
	if b.thing.Predicted {
		alpha = predictedAlpha
	}
	c.ring(outer, st.line, b.col, alpha)
}

// grow is r with d more on each side.
func (r rect) grow(d float32) rect {
	return rect{r.x0 - d, r.y0 - d, r.x1 + d, r.y1 + d, r.radius + d}
}

func drawKeypoints(c *canvas, st *style, b *box) {
	if len(b.points) == 0 {
		return
	}
	// Small enough that the points of a small face are still apart.
	side := min(b.rect.x1-b.rect.x0, b.rect.y1-b.rect.y0)
	radius := max(1, min(1.4*st.line, side/24))
	for _, k := range b.points {
		xy := [2]float32{k.X, k.Y}
		if !finite(xy[:]) {
			continue
		}
		drawPoint(c, k.X, k.Y, radius, b.col)
	}
}

// drawPoint draws a dot with a white and a dark edge.
func drawPoint(c *canvas, x, y, radius float32, col colour) {
	edge := max(1, 0.4*radius)
	// A coordinate names the pixel's left upper corner as in boxes, so the dot is centred on it as it is.
	dot := rect{x - radius, y - radius, x + radius, y + radius, radius}
	c.fill(dot.grow(edge+0.5), black, haloAlpha)
	c.fill(dot.grow(edge), white, 1)
	c.fill(dot, col, 1)
}

func round(v float32) float32 { return float32(math.Floor(float64(v) + 0.5)) }
