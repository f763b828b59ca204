package keyword

// history is the last of what came: units of width values each, which are rows of features or single samples.
type history struct {
	width  int
	values []float32 // a ring of units
	end    int64     // units that came, since clear
}

// newHistory has room for so many units.
func newHistory(units int64, width int) history {
	return history{width: width, values: make([]float32, units*int64(width))}
}

// clear forgets everything: before the first unit there was nothing but silence, a unit that is given.
func (h *history) clear(silence []float32) {
	h.end = 0
	for at := 0; at < len(h.values); at += h.width {
		copy(h.values[at:], silence)
	}
}

// add appends whole units.
func (h *history) add(values []float32) {
	h.end += int64(len(values) / h.width)
	for len(values) > 0 {
		at := (h.end*int64(h.width) - int64(len(values))) % int64(len(h.values))
		values = values[copy(h.values[at:], values):]
	}
}

// read copies the units up to end, as many as dst has room for. The ring must still hold them.
func (h *history) read(dst []float32, end int64) {
	size := int64(len(h.values))
	at := (end*int64(h.width) - int64(len(dst))) % size
	if at < 0 { // before the first unit
		at += size
	}
	n := copy(dst, h.values[at:])
	copy(dst[n:], h.values)
}
