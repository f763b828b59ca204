package draw

import "math"

// canvas is an 8-bit BGR picture that can be painted on. Everything is clipped at its edges.
type canvas struct {
	pix           []byte // rows of 3×width bytes without gaps
	width, height int
	ends          []int32 // the opacity of a row's ends; see shape
}

// colour is an opaque colour in sRGB.
type colour struct{ r, g, b uint8 }

// rect is a rectangle with round corners, in pixels: a pixel at column x covers x to x+1.
type rect struct{ x0, y0, x1, y1, radius float32 }

// inset is r made smaller by d on each side, with the corners' centre kept; it may become empty.
func (r rect) inset(d float32) rect {
	return rect{r.x0 + d, r.y0 + d, r.x1 - d, r.y1 - d, max(r.radius-d, 0)}
}

func (r rect) empty() bool { return !(r.x0 < r.x1 && r.y0 < r.y1) }

func (r rect) overlaps(o rect) bool {
	return r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1
}

// coverage is how much of the pixel whose centre is (x, y) lies in r, from 0 to 1: half a pixel less the signed
// distance to the edge, which is exact for straight edges along the pixel grid and antialiases the corners.
func (r rect) coverage(x, y float32) float32 {
	qx := max(r.x0-x, x-r.x1) + r.radius
	qy := max(r.y0-y, y-r.y1) + r.radius
	var d float32
	if qx > 0 && qy > 0 {
		d = float32(math.Sqrt(float64(float32(qx*qx) + float32(qy*qy))))
	} else {
		d = max(qx, qy)
	}
	return min(max(0.5+r.radius-d, 0), 1)
}

// fill paints r.
func (c *canvas) fill(r rect, col colour, alpha float32) { c.shape(r, rect{}, col, alpha) }

// ring paints what lies in outer and not in the same rectangle made smaller by width.
func (c *canvas) ring(outer rect, width float32, col colour, alpha float32) {
	c.shape(outer, outer.inset(width), col, alpha)
}

// shape paints outer less inner. In each row only the columns at the left and right ends are looked at one by one;
// between them all pixels are covered alike. Rows between the corners are all alike.
func (c *canvas) shape(outer, inner rect, col colour, alpha float32) {
	if outer.empty() || alpha <= 0 {
		return
	}
	in := inner
	if inner.empty() {
		in = outer // only for where the corners end
	}
	x0, x1 := c.clip(outer.x0, outer.x1, c.width)
	y0, y1 := c.clip(outer.y0, outer.y1, c.height)
	left, right := straight(max(outer.x0+outer.radius, in.x0+in.radius), min(outer.x1-outer.radius, in.x1-in.radius), x0, x1)
	top, bottom := straight(max(outer.y0+outer.radius, in.y0+in.radius), min(outer.y1-outer.radius, in.y1-in.radius), y0, y1)
	for y := y0; y < y1; y++ {
		if y <= top || y >= bottom {
			c.cover(outer, inner, alpha, y, x0, left, right, x1)
		}
		row := c.pix[3*y*c.width : 3*(y+1)*c.width]
		for i, a := range c.ends {
			x := x0 + i
			if x >= left {
				x += right - left
			}
			if a > 0 && x < x1 {
				mix(row[3*x:3*x+3:3*x+3], col, a)
			}
		}
		if left < right {
			if a := opacity(outer, inner, alpha, left, y); a > 0 {
				span(row[3*left:3*right], col, a)
			}
		}
	}
}

// straight is the range of pixels between a and b, at least half a pixel from both, inside [lo, hi].
func straight(a, b float32, lo, hi int) (int, int) {
	from := ceil(a+0.5, lo, hi)
	return from, max(from, floor(b-0.5, lo, hi))
}

// cover notes the opacity of the pixels of row y in [x0, left) and [right, x1).
func (c *canvas) cover(outer, inner rect, alpha float32, y, x0, left, right, x1 int) {
	c.ends = c.ends[:0]
	for x := x0; x < left; x++ {
		c.ends = append(c.ends, opacity(outer, inner, alpha, x, y))
	}
	for x := right; x < x1; x++ {
		c.ends = append(c.ends, opacity(outer, inner, alpha, x, y))
	}
}

// opacity is alpha times the coverage of pixel (x, y) by outer less inner, 0 to 256.
func opacity(outer, inner rect, alpha float32, x, y int) int32 {
	cx, cy := float32(x)+0.5, float32(y)+0.5
	a := outer.coverage(cx, cy)
	if a > 0 && !inner.empty() {
		a -= inner.coverage(cx, cy)
	}
	return int32(float32(a*alpha*256) + 0.5)
}

// clip is the range of whole pixels that [a, b) touches inside [0, limit).
func (c *canvas) clip(a, b float32, limit int) (int, int) {
	lo, hi := floor(a, 0, limit), ceil(b, 0, limit)
	return lo, max(lo, hi)
}

// floor and ceil are the mathematical functions as an int, held between lo and hi also for huge values.
func floor(v float32, lo, hi int) int {
	return int(min(max(math.Floor(float64(v)), float64(lo)), float64(hi)))
}

func ceil(v float32, lo, hi int) int {
	return int(min(max(math.Ceil(float64(v)), float64(lo)), float64(hi)))
}

// span moves all pixels of a piece of a row.
func span(row []byte, col colour, a int32) {
	for len(row) >= 3 {
		mix(row, col, a)
		row = row[3:]
	}
}

// mix moves one pixel towards col by a/256.
func mix(p []byte, col colour, a int32) {
	_ = p[2]
	p[0] += byte((int32(col.b) - int32(p[0])) * a >> 8)
	p[1] += byte((int32(col.g) - int32(p[1])) * a >> 8)
	p[2] += byte((int32(col.r) - int32(p[2])) * a >> 8)
}

// mask paints col through an 8-bit coverage mask of the given width, whose left upper pixel goes to (x, y).
func (c *canvas) mask(x, y int, m []byte, width int, col colour) {
	if width == 0 {
		return
	}
	for row := 0; row*width < len(m); row++ {
		py := y + row
		if py < 0 || py >= c.height {
			continue
		}
		for i, a := range m[row*width : (row+1)*width] {
			px := x + i
			if a == 0 || px < 0 || px >= c.width {
				continue
			}
			at := 3 * (py*c.width + px)
			mix(c.pix[at:at+3:at+3], col, (int32(a)*257+128)>>8)
		}
	}
}
