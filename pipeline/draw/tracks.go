package draw

import "corallite/pipeline"

// appendLabel appends "person #7 81% · Ada 92%": the class, the number under which the object is followed, the score,
// and what a second model says of it. Where that is wider than width, the second class goes first, then the end of the
// name, then all but the score; where not even that fits, nothing is appended.
func (p *Painter) appendLabel(dst []rune, st *style, d *pipeline.Detection, width float32) []rune {
	from := len(dst)
	dst = p.appendSecond(p.appendFirst(dst, d), d)
	if st.face.measure(dst[from:]) <= width {
		return dst
	}
	dst = appendFacts(dst[:from], d)
	room := width - st.face.measure(dst[from:])
	dst = p.texts.appendName(dst[:from], d.Label, d.Index)
	if name := st.face.shorten(dst[from:], room); len(name) > 1 {
		return appendFacts(dst[:from+len(name)], d)
	}
	dst = appendPercent(dst[:from], d.Score)
	if st.face.measure(dst[from:]) > width {
		return dst[:from]
	}
	return dst
}

func (p *Painter) appendFirst(dst []rune, d *pipeline.Detection) []rune {
	return appendFacts(p.texts.appendName(dst, d.Label, d.Index), d)
}

// appendFacts appends what follows the name: " #7 81%".
func appendFacts(dst []rune, d *pipeline.Detection) []rune {
	if d.Track != 0 {
		dst = appendInt(append(dst, ' ', '#'), int(d.Track))
	}
	return appendPercent(append(dst, ' '), d.Score)
}

// appendSecond appends the best class of a second model: " · Ada 92%".
func (p *Painter) appendSecond(dst []rune, d *pipeline.Detection) []rune {
	if len(d.Classes) == 0 {
		return dst
	}
	best := &d.Classes[0]
	dst = p.texts.appendName(append(dst, ' ', '·', ' '), best.Label, best.Index)
	return appendPercent(append(dst, ' '), best.Score)
}
