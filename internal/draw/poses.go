package draw

import (
	"math"
	"slices"
	"strings"

	"corallite/pipeline"
)

// leastPoint is the score below which a key point of a pose is not drawn: what is hidden gets a low score and a place
// that is only a guess.
const leastPoint = 0.2

// side is the body's side that a limb or a point is on.
type side uint8

const (
	middle side = iota
	left
	right
)

// sideColours tell left from right, as the field's drawings of poses do; both are told apart by colour-blind people.
var sideColours = [...]colour{middle: {0xff, 0xd6, 0x0a}, left: {0x00, 0xd0, 0xd6}, right: {0xff, 0x8a, 0x1f}}

// pointSide is the side that a key point's label names: "left_knee".
func pointSide(label string) side {
	switch {
	case strings.HasPrefix(label, "left"):
		return left
	case strings.HasPrefix(label, "right"):
		return right
	}
	return middle
}

// limbSide is the side of a limb: that of its ends, where they do not lie on both sides.
func limbSide(l *pipeline.Limb) side {
	from, to := pointSide(l.From), pointSide(l.To)
	switch {
	case from == middle:
		return to
	case to == middle || from == to:
		return from
	}
	return middle
}

// drawSkeleton draws limbs and points. A limb is drawn where both of its points are seen.
func drawSkeleton(c *canvas, st *style, s *skeleton) {
	// All dark edges go first, so that no limb is cut by the edge of its neighbour.
	for _, l := range s.limbs {
		c.limb(s.seen(l.From), s.seen(l.To), st.line+2*st.halo, black, haloAlpha)
	}
	for i := range s.limbs {
		l := &s.limbs[i]
		c.limb(s.seen(l.From), s.seen(l.To), st.line, sideColours[limbSide(l)], 1)
	}
	radius := max(1, 1.2*st.line)
	for i := range s.points {
		if k := &s.points[i]; seen(s.points, i) {
			drawPoint(c, k.X, k.Y, radius, sideColours[pointSide(k.Label)])
		}
	}
}

// seen is the point with a label; nil where it is not seen.
func (s *skeleton) seen(label string) *pipeline.Keypoint {
	for i := range s.points {
		if s.points[i].Label == label {
			if seen(s.points, i) {
				return &s.points[i]
			}
			return nil
		}
	}
	return nil
}

// seen says whether a point is drawn: it is somewhere, and its score is not low, where there are scores.
func seen(points []pipeline.Keypoint, i int) bool {
	xy := [2]float32{points[i].X, points[i].Y}
	scored := func(k pipeline.Keypoint) bool { return k.Score > 0 }
	return finite(xy[:]) && (points[i].Score >= leastPoint || !slices.ContainsFunc(points, scored))
}

// limb paints a line between two points, nil: one that is not seen.
func (c *canvas) limb(a, b *pipeline.Keypoint, width float32, col colour, alpha float32) {
	if a != nil && b != nil {
		c.line(a.X, a.Y, b.X, b.Y, width, col, alpha)
	}
}

// line paints the line from (x0, y0) to (x1, y1), so wide and with round ends.
func (c *canvas) line(x0, y0, x1, y1, width float32, col colour, alpha float32) {
	if !clipLine(&x0, &y0, &x1, &y1, float32(c.width), float32(c.height), width) {
		return
	}
	dx, dy := x1-x0, y1-y0
	length := float32(math.Hypot(float64(dx), float64(dy)))
	half := float32(width / 2)
	reach := half + 1 // as far from the middle as anything is painted
	top, bottom := c.clip(min(y0, y1)-reach, max(y0, y1)+reach, c.height)
	for y := top; y < bottom; y++ {
		cy := float32(y) + 0.5
		from, to := min(x0, x1)-reach, max(x0, x1)+reach
		if dy != 0 { // only what is near the line
			at, beside := x0+(cy-y0)*dx/dy, reach*length/float32(math.Abs(float64(dy)))
			from, to = max(from, at-beside), min(to, at+beside)
		}
		left, right := c.clip(from, to, c.width)
		row := c.pix[3*y*c.width : 3*(y+1)*c.width]
		for x := left; x < right; x++ {
			cover := 0.5 + half - distance(float32(x)+0.5-x0, cy-y0, dx, dy)
			if cover > 0 {
				mix(row[3*x:3*x+3:3*x+3], col, int32(float32(min(cover, 1)*alpha*256)+0.5))
			}
		}
	}
}

// distance is how far the point (px, py) is from the line from (0, 0) to (dx, dy).
func distance(px, py, dx, dy float32) float32 {
	along := float32(0)
	if d := float32(dx*dx) + float32(dy*dy); d > 0 {
		along = min(max((float32(px*dx)+float32(py*dy))/d, 0), 1)
	}
	x, y := px-float32(along*dx), py-float32(along*dy)
	return float32(math.Sqrt(float64(float32(x*x) + float32(y*y))))
}

// clipLine shortens a line to what is in the picture or so near that it shows, and says whether anything is. Far ends
// would make the numbers of what is painted inexact. (Liang and Barsky's parameters.)
func clipLine(x0, y0, x1, y1 *float32, width, height, margin float32) bool {
	ax, ay := float64(*x0), float64(*y0)
	dx, dy := float64(*x1)-ax, float64(*y1)-ay
	from, to := 0.0, 1.0
	cut := func(p, q float64) { // keeps the part with t×p ≤ q
		switch {
		case p < 0:
			from = max(from, q/p)
		case p > 0:
			to = min(to, q/p)
		case q < 0:
			to = -1
		}
	}
	m := float64(margin)
	cut(-dx, ax+m)
	cut(dx, float64(width)+m-ax)
	cut(-dy, ay+m)
	cut(dy, float64(height)+m-ay)
	if from > to {
		return false
	}
	*x0, *y0 = float32(ax+float64(from*dx)), float32(ay+float64(from*dy))
	*x1, *y1 = float32(ax+float64(to*dx)), float32(ay+float64(to*dy))
	return true
}
