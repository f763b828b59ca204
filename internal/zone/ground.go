package zone

import (
	"errors"
	"fmt"
	"math"
)

// ground maps a quadrilateral of the picture to the ground that it shows, in metres.
//
// The four corners determine the projective map between the two planes (Hartley and Zisserman, "Multiple View Geometry
// in Computer Vision", 2nd ed., section 4.1). The lengths of four sides alone do not determine a quadrilateral; of those
// that have them, the one with its corners on a circle is taken. It has the largest area, and it is the true one for
// rectangles and symmetric trapezoids. With the sides a, b, c, d in order, its diagonal between a's start and b's end is
// √((ac+bd)(ad+bc)/(ab+cd)) (from Ptolemy's theorem).
//
// Frigate, whose key distances this is, interpolates pixels per metre between opposite sides instead, which is exact on
// the border of the zone only.
type ground struct {
	h      [9]float64
	centre Point // of the quadrilateral, which is inside, so that h's last row is above 0 on this side of the horizon
	scale  float64
}

// checkDistances checks the lengths of the sides of a quadrilateral.
func checkDistances(d []float64) error {
	if len(d) != 4 {
		return fmt.Errorf("expected the lengths of four sides, not %d", len(d))
	}
	sum := 0.0
	for _, l := range d {
		if !(l > 0 && l <= 1e6) {
			return fmt.Errorf("%v is no length: expected metres above 0", l)
		}
		sum += l
	}
	for i, l := range d {
		if l >= sum-l {
			return fmt.Errorf("no shape has such sides: the length %v at index %d is not below the sum of the others", l, i)
		}
	}
	return nil
}

var errNotConvex = errors.New("a zone with distances needs four corners that turn the same way, as a rectangle on the ground does")

// newGround makes the map of a quadrilateral in pixels whose sides are so long in metres: from the first corner to the
// second, and so on.
func newGround(quad Polygon, sides []float64) (*ground, error) {
	if err := checkDistances(sides); err != nil {
		return nil, err
	}
	if len(quad) != 4 || !quad.Convex() {
		return nil, errNotConvex
	}
	a, b, c, d := sides[0], sides[1], sides[2], sides[3]
	ac, bd, ad, bc, ab, cd := float64(a*c), float64(b*d), float64(a*d), float64(b*c), float64(a*b), float64(c*d)
	p := math.Sqrt((ac + bd) * (ad + bc) / (ab + cd))
	// The first corner is at 0, the second at (a, 0); the third is at the distances p and b from them, the fourth at d and c
	// from the first and the third, on the other side of the diagonal.
	third := apex(Point{}, Point{a, 0}, p, b)
	fourth := apex(Point{}, third, d, c)
	g := &ground{}
	for _, q := range quad {
		g.centre = Point{g.centre.X + float64(q.X/4), g.centre.Y + float64(q.Y/4)}
	}
	for _, q := range quad {
		g.scale = max(g.scale, math.Abs(q.X-g.centre.X), math.Abs(q.Y-g.centre.Y))
	}
	near := make(Polygon, 4) // from -1 to 1, for exact results
	for i, q := range quad {
		near[i] = g.near(q)
	}
	var ok bool
	if g.h, ok = project(near, Polygon{{}, {a, 0}, third, fourth}); !ok {
		return nil, errNotConvex
	}
	return g, nil
}

func (g *ground) near(p Point) Point {
	return Point{(p.X - g.centre.X) / g.scale, (p.Y - g.centre.Y) / g.scale}
}

// apex is the third corner of a triangle over the base uv that is so far from u and from v, right of the walk from u to v.
func apex(u, v Point, fromU, fromV float64) Point {
	base := math.Hypot(v.X-u.X, v.Y-u.Y)
	along := (float64(base*base) + float64(fromU*fromU) - float64(fromV*fromV)) / (2 * base)
	up := math.Sqrt(max(0, float64(fromU*fromU)-float64(along*along)))
	x, y := (v.X-u.X)/base, (v.Y-u.Y)/base
	return Point{u.X + float64(along*x) - float64(up*y), u.Y + float64(along*y) + float64(up*x)}
}

// project solves for the projective map of four points to four others: eight equations, by Gaussian elimination with
// pivoting.
func project(from, to Polygon) (h [9]float64, ok bool) {
	var m [8][9]float64
	for i := range 4 {
		f, t := from[i], to[i]
		m[2*i] = [9]float64{f.X, f.Y, 1, 0, 0, 0, -f.X * t.X, -f.Y * t.X, t.X}
		m[2*i+1] = [9]float64{0, 0, 0, f.X, f.Y, 1, -f.X * t.Y, -f.Y * t.Y, t.Y}
	}
	for col := range 8 {
		best := col
		for r := col; r < 8; r++ {
			if math.Abs(m[r][col]) > math.Abs(m[best][col]) {
				best = r
			}
		}
		if math.Abs(m[best][col]) < 1e-12 {
			return h, false
		}
		m[col], m[best] = m[best], m[col]
		for r := range 8 {
			if r == col {
				continue
			}
			k := m[r][col] / m[col][col]
			for c := col; c < 9; c++ {
				m[r][c] -= float64(k * m[col][c])
			}
		}
	}
	for i := range 8 {
		h[i] = m[i][8] / m[i][i]
	}
	h[8] = 1
	return h, true
}

// at is where on the ground a point of the picture is, in metres; not known beyond the horizon.
func (g *ground) at(p Point) (Point, bool) {
	h := &g.h
	p = g.near(p)
	w := float64(h[6]*p.X) + float64(h[7]*p.Y) + h[8]
	x := (float64(h[0]*p.X) + float64(h[1]*p.Y) + h[2]) / w
	y := (float64(h[3]*p.X) + float64(h[4]*p.Y) + h[5]) / w
	return Point{x, y}, w > 0 && !math.IsInf(x, 0) && !math.IsInf(y, 0)
}
