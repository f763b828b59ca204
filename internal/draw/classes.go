package draw

// The look of the classes' panel.
const (
	panelAlpha = 0.62
	trackAlpha = 0.22 // the empty part of a bar
	maxClasses = 10   // of one model
)

// legendRow is one line of the classes' panel: a class, or the name of the model whose classes follow.
type legendRow struct {
	name    string
	index   int
	score   float32
	heading bool // whether name is the model's
}

// drawClasses shows the answers of classifiers as a panel in the left upper corner: each class with its score as text
// and as a bar, and the classes of a mask with their share of the picture. With several models each has its name above
// its classes. What does not fit is left out from the end.
func (p *Painter) drawClasses(c *canvas, st *style) {
	rows := p.layers.legend
	if len(rows) == 0 {
		return
	}
	g := newGrid(c, st)
	for len(rows) > 1 && g.height(rows) > float32(c.height)-2*g.margin {
		rows = rows[:len(rows)-1]
	}
	width := min(g.width(p, rows), float32(c.width)-2*g.margin)
	panel := rect{x0: g.margin, y0: g.margin, x1: g.margin + width, y1: g.margin + g.height(rows), radius: 0.4 * st.text}
	c.fill(panel, black, panelAlpha)
	p.taken = append(p.taken, panel)
	y := panel.y0 + g.pad
	for _, r := range rows {
		y += g.row(p, c, r, panel.x0+g.pad, panel.x1-g.pad, y)
	}
}

// grid holds the panel's measures in pixels.
type grid struct {
	face                   *face
	margin, pad, gap       float32
	line, bar, below, wide float32 // height of text, of a bar, of the space below it; the least width
}

func newGrid(c *canvas, st *style) grid {
	t := st.text
	g := grid{face: st.face, margin: round(0.6 * t), pad: round(0.6 * t), gap: round(0.8 * t), line: st.lineHeight(),
		bar: max(2, round(0.22*t)), below: round(0.4 * t), wide: round(9 * t)}
	if float32(c.height) < 6*t { // hardly more than a line fits
		g.margin, g.pad = round(0.2*t), round(0.25*t)
	}
	return g
}

func (g *grid) height(rows []legendRow) float32 {
	h := 2*g.pad - g.below
	for _, r := range rows {
		h += g.line + g.below
		if !r.heading {
			h += g.bar
		}
	}
	return h
}

// width is what the widest line needs.
func (g *grid) width(p *Painter, rows []legendRow) float32 {
	w := g.wide
	for _, r := range rows {
		p.runes = p.nameOf(p.runes[:0], r)
		need := g.face.measure(p.runes) + 2*g.pad
		if !r.heading {
			p.runes = appendPercent(p.runes[:0], r.score)
			need += g.gap + g.face.measure(p.runes)
		}
		w = max(w, ceilf(need))
	}
	return w
}

func (p *Painter) nameOf(dst []rune, r legendRow) []rune {
	if r.heading {
		return p.texts.appendName(dst, r.name, 0)
	}
	return p.texts.appendName(dst, r.name, r.index)
}

// row draws one line between x0 and x1 from y down, and returns its height.
func (g *grid) row(p *Painter, c *canvas, r legendRow, x0, x1, y float32) float32 {
	base := y + g.face.ascent
	if r.heading {
		p.runes = g.face.shorten(p.nameOf(p.runes[:0], r), x1-x0)
		g.face.draw(c, x0, base, p.runes, colour{190, 190, 190})
		return g.line + g.below
	}
	p.runes = appendPercent(p.runes[:0], r.score)
	score := g.face.measure(p.runes)
	if score > x1-x0 {
		return g.line + g.bar + g.below
	}
	g.face.draw(c, x1-score, base, p.runes, white)
	p.runes = g.face.shorten(p.nameOf(p.runes[:0], r), x1-x0-score-g.gap)
	g.face.draw(c, x0, base, p.runes, white)
	bar := rect{x0: x0, y0: y + g.line, x1: x1, y1: y + g.line + g.bar, radius: g.bar / 2}
	c.fill(bar, white, trackAlpha)
	bar.x1 = x0 + max(g.bar, (x1-x0)*min(max(r.score, 0), 1))
	c.fill(bar, labelColour(r.name), 1)
	return g.line + g.bar + g.below
}
