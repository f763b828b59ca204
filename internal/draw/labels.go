package draw

import "math"

// row is a label with its place.
type row struct {
	from, to int // its characters in Painter.runes
	rect     rect
	col      colour
}

// drawLabels writes the label of each box: above it, or where there is no room or another label already, inside its
// top, below it, or inside its bottom. Labels of more certain boxes choose first and are drawn last.
func (p *Painter) drawLabels(c *canvas, st *style) {
	p.rows, p.runes = p.rows[:0], p.runes[:0]
	padX, _, height := st.labelSize()
	if float32(c.height) < height {
		return
	}
	for i := len(p.layers.boxes) - 1; i >= 0; i-- {
		b := &p.layers.boxes[i]
		from := len(p.runes)
		// A label may be wider than its box, but not so wide that it hides half of the others.
		line := b.lineRect(c, st.line)
		room := min(float32(c.width), max(line.x1-line.x0, 0.6*float32(c.width), 12*st.text))
		p.runes = p.appendLabel(p.runes, st, &b.thing, room-2*padX)
		p.addRow(c, st, from, line, b.col)
	}
	for i := len(p.rows) - 1; i >= 0; i-- {
		p.drawRow(c, st, &p.rows[i])
	}
}

// labelSize is the space beside a label's text, that above and below it, and the height of all.
func (s *style) labelSize() (padX, padY, height float32) {
	padX, padY = round(0.35*s.text), round(0.12*s.text)
	return padX, padY, s.lineHeight() + 2*padY
}

// addRow finds the place of a label whose text is all of Painter.runes after from, of what ends at around.
func (p *Painter) addRow(c *canvas, st *style, from int, around rect, col colour) {
	if len(p.runes) == from {
		return
	}
	padX, _, height := st.labelSize()
	r := p.place(c, around, ceilf(st.face.measure(p.runes[from:]))+2*padX, height)
	r.radius = min(0.22*st.text, height/2)
	p.taken = append(p.taken, r)
	p.rows = append(p.rows, row{from, len(p.runes), r, col})
}

func (p *Painter) drawRow(c *canvas, st *style, r *row) {
	padX, padY, _ := st.labelSize()
	c.fill(r.rect, r.col, labelAlpha)
	st.face.draw(c, r.rect.x0+padX, r.rect.y0+padY+st.face.ascent, p.runes[r.from:r.to], textColour(r.col))
}

// place finds room for a label of a box whose line ends at b: first at the box's left end, then at its right end, each
// moved into the picture.
func (p *Painter) place(c *canvas, b rect, width, height float32) rect {
	var fallback rect
	for _, left := range [...]float32{b.x0, b.x1 - width} {
		left = max(0, min(left, float32(c.width)-width))
		for _, top := range [...]float32{b.y0 - height, b.y0, b.y1, b.y1 - height} {
			if top < 0 || top+height > float32(c.height) {
				continue
			}
			r := rect{x0: left, y0: top, x1: left + width, y1: top + height}
			if !p.occupied(r) {
				return r
			}
			if fallback.empty() {
				fallback = r
			}
		}
	}
	if fallback.empty() { // a picture hardly higher than a label
		left := max(0, min(b.x0, float32(c.width)-width))
		fallback = rect{x0: left, y0: 0, x1: left + width, y1: height}
	}
	return fallback
}

func (p *Painter) occupied(r rect) bool {
	for _, t := range p.taken {
		if t.overlaps(r) {
			return true
		}
	}
	return false
}

func (s *style) lineHeight() float32 { return ceilf(s.face.ascent + s.face.descent) }

func ceilf(v float32) float32 { return float32(math.Ceil(float64(v))) }
