package draw

import "corallite/pipeline"

// appendLabel appends "person #7 81% · Ada 92%": the class, the number under which the object is followed, the score,
// and what a second model says of it. Where that is wider than width, the second class goes first, then the end of the
// name, then all but the score; where not even that fits, nothing is appended.
func (p *Painter) appendLabel(dst []rune, st *style, t *pipeline.Thing, width float32) []rune {
	from := len(dst)
	dst = p.appendSecond(p.appendFirst(dst, t), t)
	if st.face.measure(dst[from:]) <= width {
		return dst
	}
	dst = appendFacts(dst[:from], t)
	room := width - st.face.measure(dst[from:])
	dst = p.texts.appendName(dst[:from], t.Label, t.Index)
	if name := st.face.shorten(dst[from:], room); len(name) > 1 {
		return appendFacts(dst[:from+len(name)], t)
	}
	dst = appendPercent(dst[:from], t.Score)
	if st.face.measure(dst[from:]) > width {
		return dst[:from]
	}
	return dst
}

func (p *Painter) appendFirst(dst []rune, t *pipeline.Thing) []rune {
	return appendFacts(p.texts.appendName(dst, t.Label, t.Index), t)
}

// appendFacts appends what follows the name: " #7 81%", or " #7 ?" of what is only expected there.
func appendFacts(dst []rune, t *pipeline.Thing) []rune {
	if t.Track != 0 {
		dst = appendInt(append(dst, ' ', '#'), int(t.Track))
	}
	if t.Predicted {
		return append(dst, ' ', '?')
	}
	return appendPercent(append(dst, ' '), t.Score)
}

// appendSecond appends the best class of a second model: " · Ada 92%".
func (p *Painter) appendSecond(dst []rune, t *pipeline.Thing) []rune {
	if len(t.Classes) == 0 {
		return dst
	}
	best := &t.Classes[0]
	dst = p.texts.appendName(append(dst, ' ', '·', ' '), best.Label, best.Index)
	return appendPercent(append(dst, ' '), best.Score)
}
