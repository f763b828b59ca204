package draw

import (
	"math"

	"corallite/pipeline"
)

// Outline takes a zone or a line.
func (l *layers) Outline(o pipeline.Outline) {
	for _, p := range o.Points {
		if !finite(p[:]) {
			return
		}
	}
	if len(o.Points) > 1 {
		l.outlines = append(l.outlines, o)
	}
}

// drawOutline draws the segments of a zone or a line, and across the longest of a line an arrow.
func drawOutline(c *canvas, st *style, o *pipeline.Outline) {
	col := labelColour(o.Name)
	from, to, wings, pointed := arrow(o, 12*st.line)
	// All dark edges go first, as those of skeletons.
	for _, pass := range []struct {
		width, alpha float32
		col          colour
	}{{st.line + 2*st.halo, haloAlpha, black}, {st.line, 1, col}} {
		draw := func(a, b [2]float32) { c.line(a[0], a[1], b[0], b[1], pass.width, pass.col, pass.alpha) }
		for i := range o.Points {
			if i > 0 {
				draw(o.Points[i-1], o.Points[i])
			} else if o.Closed {
				draw(o.Points[len(o.Points)-1], o.Points[0])
			}
		}
		if pointed {
			draw(from, to)
			draw(wings[0], to)
			draw(wings[1], to)
		}
	}
}

// drawClosed draws the sides of a polygon.
func drawClosed(c *canvas, st *style, points [][2]float32, col colour) {
	for _, pass := range []struct {
		width, alpha float32
		col          colour
	}{{st.line + 2*st.halo, haloAlpha, black}, {st.line, 1, col}} {
		from := points[len(points)-1]
		for _, to := range points {
			c.line(from[0], from[1], to[0], to[1], pass.width, pass.col, pass.alpha)
			from = to
		}
	}
}

// arrow is the arrow of a line, so long: from side A, the left of a walk along the points, to side B.
func arrow(o *pipeline.Outline, length float32) (from, to [2]float32, wings [2][2]float32, ok bool) {
	if o.Closed {
		return
	}
	longest := 0.0
	var middle, along [2]float32
	for i := 1; i < len(o.Points); i++ {
		a, b := o.Points[i-1], o.Points[i]
		dx, dy := b[0]-a[0], b[1]-a[1]
		if l := math.Hypot(float64(dx), float64(dy)); l > longest {
			longest = l
			middle = [2]float32{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2}
			along = [2]float32{dx / float32(l), dy / float32(l)}
		}
	}
	// With y growing downwards, right of (dx, dy) is (-dy, dx).
	right := [2]float32{-along[1], along[0]}
	at := func(across, beside float32) [2]float32 {
		return [2]float32{
			middle[0] + float32(right[0]*across) + float32(along[0]*beside), middle[1] + float32(right[1]*across) + float32(along[1]*beside),
		}
	}
	tip, wing := float32(length/2), float32(length/2)-float32(length/4)
	return at(-tip, 0), at(tip, 0), [2][2]float32{at(wing, float32(length/4)), at(wing, -float32(length/4))}, longest > 0
}

// drawOutlineTexts writes the texts of zones and lines at their highest points, where the labels of boxes leave room.
func (p *Painter) drawOutlineTexts(c *canvas, st *style) {
	padX, _, height := st.labelSize()
	if float32(c.height) < height {
		return
	}
	first := len(p.rows)
	for i := range p.layers.outlines {
		o := &p.layers.outlines[i]
		top := o.Points[0]
		for _, q := range o.Points {
			if q[1] < top[1] {
				top = q
			}
		}
		from := len(p.runes)
		p.runes = append(p.runes, p.texts.label(o.Text)...)
		p.runes = p.runes[:from+len(st.face.shorten(p.runes[from:], float32(c.width)-2*padX))]
		p.addRow(c, st, from, rect{x0: top[0], y0: top[1], x1: top[0], y1: top[1]}, labelColour(o.Name))
	}
	for i := range p.rows[first:] {
		p.drawRow(c, st, &p.rows[first+i])
	}
}

func (f *partsFinder) Outline(pipeline.Outline) { f.parts |= Boxes | Labels }
