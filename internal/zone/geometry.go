package zone

import (
	"math"

	"corallite/internal/overlap"
)

// Box is xmin, ymin, xmax, ymax in pixels.
type Box [4]float64

// NewBox is a detection's box, and whether its numbers are finite and in order.
func NewBox(b [4]float32) (Box, bool) {
	var r Box
	for i, v := range b {
		if r[i] = float64(v); math.IsNaN(r[i]) || math.IsInf(r[i], 0) {
			return Box{}, false
		}
	}
	return r, r[0] <= r[2] && r[1] <= r[3]
}

// Foot is the middle of the lower edge.
func (b Box) Foot() Point { return Point{(b[0] + b[2]) / 2, b[3]} }

// Centre is the middle of the box.
func (b Box) Centre() Point { return Point{(b[0] + b[2]) / 2, (b[1] + b[3]) / 2} }

// Height is ymax - ymin.
func (b Box) Height() float64 { return b[3] - b[1] }

// Area is in square pixels.
func (b Box) Area() float64 { return overlap.Area(b) }

func (b Box) contains(p Point) bool {
	return p.X >= b[0] && p.X <= b[2] && p.Y >= b[1] && p.Y <= b[3]
}

// Polygon is an area in pixels, closed from its last point to its first.
type Polygon []Point

// Contains reports whether a point is in the polygon or on its border, by the even-odd rule: a ray from the point crosses
// the outline an odd number of times (Shimrat, "Algorithm 112: Position of point relative to polygon", CACM 5, 1962).
func (g Polygon) Contains(p Point) bool {
	inside := false
	for i, b := range g {
		a := g[(i+len(g)-1)%len(g)]
		if onSegment(a, b, p) {
			return true
		}
		if (a.Y > p.Y) != (b.Y > p.Y) { // the edge passes the ray's height; half open, so that a corner counts once
			s := side(a, b, p)
			if b.Y < a.Y {
				s = -s
			}
			if s < 0 { // the edge is right of the point
				inside = !inside
			}
		}
	}
	return inside
}

// Overlaps reports whether a box and the polygon have a point in common.
func (g Polygon) Overlaps(b Box) bool {
	corners := Polygon{{b[0], b[1]}, {b[2], b[1]}, {b[2], b[3]}, {b[0], b[3]}}
	for _, p := range g {
		if b.contains(p) {
			return true
		}
	}
	for _, c := range corners {
		if g.Contains(c) {
			return true
		}
	}
	for i := range g {
		for k := range corners {
			if touch(g[i], g[(i+1)%len(g)], corners[k], corners[(k+1)%len(corners)]) {
				return true
			}
		}
	}
	return false
}

// Outside is a mask of width × height pixels, row by row, of which those whose middle is in one of the shapes are 0 and
// the others 255.
func Outside(shapes []Shape, width, height int) []byte {
	mask := make([]byte, width*height)
	for i := range mask {
		mask[i] = 255
	}
	for _, s := range shapes {
		g := Polygon(s.In(width, height))
		for y := range height {
			for x := range width {
				if g.Contains(Point{float64(x) + 0.5, float64(y) + 0.5}) {
					mask[y*width+x] = 0
				}
			}
		}
	}
	return mask
}

// Convex reports whether the polygon turns the same way at each corner, and once around in all.
func (g Polygon) Convex() bool {
	sign, turns := 0.0, 0.0
	for i := range g {
		a, b, c := g[i], g[(i+1)%len(g)], g[(i+2)%len(g)]
		s := side(a, b, c)
		if s == 0 || s*sign < 0 {
			return false
		}
		sign = s
		turns += math.Atan2(s, float64((b.X-a.X)*(c.X-b.X))+float64((b.Y-a.Y)*(c.Y-b.Y)))
	}
	return math.Abs(turns) < 3*math.Pi // a star turns twice around
}

// side is above 0 when p is right of a walk from a to b (with y growing downwards), below 0 when it is left, and 0 on the
// straight line through them.
func side(a, b, p Point) float64 {
	return float64((b.X-a.X)*(p.Y-a.Y)) - float64((b.Y-a.Y)*(p.X-a.X))
}

// onSegment reports whether p is between a and b, or one of them.
func onSegment(a, b, p Point) bool {
	return side(a, b, p) == 0 && p.X >= min(a.X, b.X) && p.X <= max(a.X, b.X) && p.Y >= min(a.Y, b.Y) && p.Y <= max(a.Y, b.Y)
}

// touch reports whether the segments ab and cd have a point in common.
func touch(a, b, c, d Point) bool {
	if onSegment(a, b, c) || onSegment(a, b, d) || onSegment(c, d, a) || onSegment(c, d, b) {
		return true
	}
	return (side(a, b, c) > 0) != (side(a, b, d) > 0) && (side(c, d, a) > 0) != (side(c, d, b) > 0)
}

// distance is that of a point from the segment ab.
func distance(a, b, p Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	along := 0.0
	if length := float64(dx*dx) + float64(dy*dy); length > 0 {
		along = min(max((float64((p.X-a.X)*dx)+float64((p.Y-a.Y)*dy))/length, 0), 1)
	}
	return math.Hypot(p.X-a.X-float64(along*dx), p.Y-a.Y-float64(along*dy))
}

// Path is an open line in pixels through two or more points.
type Path []Point

// passed is how often a movement goes through the path, from side A to side B counted as 1 and the other way as -1: the
// sum over both. All positions are moved by a millionth of a pixel first, so that none is exactly on the path or in line
// with one of its corners, where it would be on both sides.
func (l Path) passed(from, to Point) int {
	for _, p := range []*Point{&from, &to} {
		p.X += nudge.X
		p.Y += nudge.Y
	}
	net := 0
	for i := 1; i < len(l); i++ {
		a, b := l[i-1], l[i]
		wasB, isB := side(a, b, from) >= 0, side(a, b, to) >= 0
		if wasB == isB || (side(from, to, a) >= 0) == (side(from, to, b) >= 0) {
			continue
		}
		if isB {
			net++
		} else {
			net--
		}
	}
	return net
}

// nudge has no simple ratio to any number that a person writes or a model gives.
var nudge = Point{math.Pi * 1e-6, math.E * 1e-6}

// distance is that of a point from the path.
func (l Path) distance(p Point) float64 {
	least := math.Inf(1)
	for i := 1; i < len(l); i++ {
		least = min(least, distance(l[i-1], l[i], p))
	}
	return least
}
