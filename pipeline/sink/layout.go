package sink

import (
	"fmt"
	"slices"
	"strings"

	"corallite/internal/terminal"
	"corallite/pipeline"
)

// The widths of the table's columns. They do not depend on what is found, so that rows can be written at once and
// still stand in line.
const (
	leastSource = 12 // the source's column where TableOptions.Sources tells how wide it must be
	mostSource  = 40
	usualSource = 32 // where it does not
	timeWidth   = 11
	modelWidth  = 14
	labelWidth  = 22
	scoreWidth  = 6
	numberWidth = 7 // one number of a box: up to 99999.9
	wholeWidth  = 5 // the same without decimals
	msWidth     = 8
	between     = 2 // spaces between two columns
)

// places is what a row has in the place of the box.
type places int

const (
	boxes places = iota
	indices
	times
	shares  // of the picture
	vectors // nothing: the label is all
)

// placesOf is what the rows of a table that begins with these events have.
func placesOf(events []pipeline.Event) places {
	all := func(fits func(ev pipeline.Event) bool) bool {
		return len(events) > 0 && !slices.ContainsFunc(events, func(ev pipeline.Event) bool { return !fits(ev) })
	}
	tasks := func(tasks ...string) func(ev pipeline.Event) bool {
		return func(ev pipeline.Event) bool { return slices.Contains(tasks, ev.Task) }
	}
	switch {
	case all(func(ev pipeline.Event) bool { return ev.Task == "embed" && len(ev.Embedding) > 0 && ev.Classes == nil }):
		return vectors
	case all(tasks("classify", "embed")):
		return indices
	case all(tasks("keyword", "wakeword")):
		return times
	case all(tasks("segment")):
		return shares
	}
	return boxes
}

// layout is how wide a table's columns are; 0: the column is left out.
type layout struct {
	places                                 places
	source, time, model, label, score, box int
	ms                                     int
	number                                 int // of a box
	width                                  int // of a row, at most; 0: no limit
}

// newLayout is the layout that fits a terminal.
func newLayout(o TableOptions, p places) layout {
	l := layout{places: p, source: usualSource, label: labelWidth, score: scoreWidth, ms: msWidth, number: numberWidth, width: o.Width}
	if len(o.Sources) > 0 {
		l.source = leastSource
		for _, s := range o.Sources {
			l.source = min(max(l.source, terminal.Columns(terminal.Printable(s))), mostSource)
		}
	}
	if o.Time {
		l.time = timeWidth
	}
	if o.Model {
		l.model = modelWidth
	}
	switch p {
	case shares, vectors: // which have no score
		l.score = 0
	}
	l.box = l.placeWidth()
	if o.Width > 0 {
		l.fit(o.Width)
	}
	return l
}

// placeWidth is how wide the place is, as it is for now.
func (l *layout) placeWidth() int {
	switch l.places {
	case indices:
		return numberWidth
	case times:
		return 2*numberWidth + 1
	case shares:
		return msWidth
	case vectors:
		return 0
	}
	return 4*l.number + 3
}

// fit makes columns narrower, and leaves out what matters least, until a row is at most width columns wide.
func (l *layout) fit(width int) {
	narrow := func(column *int, least int) func() {
		return func() { *column = min(*column, max(least, *column-(l.total()-width))) }
	}
	for _, step := range []func(){
		narrow(&l.source, 20), narrow(&l.label, 16), narrow(&l.source, leastSource), narrow(&l.label, 12),
		func() { l.ms = 0 },
		func() { l.number = wholeWidth; l.box = l.placeWidth() },
		narrow(&l.model, 8),
		func() { l.box = 0 },
		narrow(&l.source, 8), narrow(&l.label, 8),
	} {
		if l.total() <= width {
			return
		}
		step()
	}
}

func (l *layout) columns() []int {
	return []int{l.source, l.time, l.model, l.label, l.score, l.box, l.ms}
}

// total is the width of a row.
func (l *layout) total() int {
	total := -between
	for _, w := range l.columns() {
		if w > 0 {
			total += w + between
		}
	}
	return total
}

// row is one row, without spaces at its end.
func (l *layout) row(source, position, model, label, score, place, ms string) string {
	var cells []string
	for i, cell := range []string{source, position, model, label, score, place, ms} {
		switch w := l.columns()[i]; {
		case w == 0:
		case i == 0:
			cells = append(cells, terminal.KeepEnd(cell, w))
		case i < 4:
			cells = append(cells, terminal.KeepStart(cell, w))
		default: // numbers, which are never cut
			cells = append(cells, fmt.Sprintf("%-*s", w, cell))
		}
	}
	row := strings.Join(cells, strings.Repeat(" ", between))
	if l.width > 0 && terminal.Columns(row) > l.width { // a number that is wider than its column
		row = terminal.KeepStart(row, l.width)
	}
	return strings.TrimRight(row, " ")
}

func (l *layout) labelHeading() string {
	if l.places == vectors {
		return "VECTOR"
	}
	return "LABEL"
}

func (l *layout) placeHeading() string {
	switch l.places {
	case indices:
		return fmt.Sprintf("%*s", numberWidth, "INDEX")
	case times:
		return fmt.Sprintf("%*s %*s", numberWidth, "START", numberWidth, "END")
	case shares:
		return fmt.Sprintf("%*s", l.placeWidth(), "SHARE")
	case vectors:
		return ""
	}
	return fmt.Sprintf("%*s %*s %*s %*s", l.number, "XMIN", l.number, "YMIN", l.number, "XMAX", l.number, "YMAX")
}

// boxText is a box as its four edges.
func (l *layout) boxText(box [4]float32) string {
	decimals := 1
	if l.number == wholeWidth {
		decimals = 0
	}
	edges := make([]string, len(box))
	for i, v := range box {
		edges[i] = fmt.Sprintf("%*.*f", l.number, decimals, v)
	}
	return strings.Join(edges, " ")
}

// class is what stands in the place of the box for a class.
func (l *layout) class(index int) string {
	if l.places == indices {
		return fmt.Sprintf("%*d", numberWidth, index)
	}
	return fmt.Sprintf("class %d", index)
}

// share is what stands there for a part of the picture.
func (l *layout) share(share float32) string {
	if l.places == shares {
		return fmt.Sprintf("%*.1f %%", l.placeWidth()-2, 100*share)
	}
	return fmt.Sprintf("%.1f %% of the picture", 100*share)
}
