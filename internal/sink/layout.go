package sink

import (
	"cmp"
	"fmt"
	"strings"

	"corallite/internal/terminal"
	"corallite/pipeline"
)

// The widths of the table's columns. They do not depend on the results, so that rows can be written at once and still
// be aligned.
const (
	leastSource = 12 // minimum width of the source's column if TableOptions.Sources tells the width needed
	mostSource  = 40
	usualSource = 32 // otherwise
	timeWidth   = 11
	modelWidth  = 14
	labelWidth  = 22
	scoreWidth  = 6
	numberWidth = 7 // one number: coordinates up to 99999.9
	wholeWidth  = 5 // a coordinate without decimals
	unitWidth   = 8 // a number with its unit
	msWidth     = 8
	between     = 2 // spaces between two columns
)

// tableKind is the kind of all findings of the first events, or one with the columns of boxes if they differ or there
// are none.
func tableKind(events []pipeline.Event) pipeline.Kind {
	common := pipeline.Kind{Columns: pipeline.BoxColumns()}
	first := true
	for i := range events {
		for f := range events[i].Findings() {
			switch kind := f.Kind(); {
			case kind.Gone:
			case first:
				common, first = *kind, false
			case kind.Key != common.Key:
				return pipeline.Kind{Columns: pipeline.BoxColumns()}
			}
		}
	}
	return common
}

// layout has the widths of a table's columns; 0: the column is omitted.
type layout struct {
	source, time, model, label, score, place, ms int

	heading string            // over the labels
	numbers []pipeline.Column // columns of the place
	pixels  int               // the width of a coordinate
	timed   bool              // rows are of things that happen at a time
	width   int               // maximum width of a row; 0: no limit
}

// newLayout returns the layout for the findings of the first events, fitted to the terminal.
func newLayout(o TableOptions, events []pipeline.Event) layout {
	kind := tableKind(events)
	l := layout{
		source: usualSource, label: labelWidth, score: scoreWidth, ms: msWidth, pixels: numberWidth, width: o.Width,
		heading: cmp.Or(kind.Heading, "LABEL"), numbers: kind.Columns, timed: kind.Timed,
	}
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
	if kind.Rating != pipeline.Scored {
		l.score = 0
	}
	l.place = l.placeWidth()
	if o.Width > 0 {
		l.fit(o.Width)
	}
	return l
}

// placeWidth is the current total width of the columns of numbers.
func (l *layout) placeWidth() int {
	width := max(0, len(l.numbers)-1)
	for _, c := range l.numbers {
		width += l.numberWidth(c)
	}
	return width
}

func (l *layout) numberWidth(c pipeline.Column) int {
	switch {
	case c.Pixels:
		return l.pixels
	case c.Unit != "":
		return unitWidth
	}
	return numberWidth
}

// number is a number padded to its column's width.
func (l *layout) number(c pipeline.Column, v float64) string {
	decimals := c.Decimals
	if c.Pixels && l.pixels == wholeWidth {
		decimals = 0
	}
	return fmt.Sprintf("%*.*f%s", l.numberWidth(c)-len(c.Unit), decimals, v, c.Unit)
}

// fit makes columns narrower, and omits the least important ones, until a row is at most width columns wide.
func (l *layout) fit(width int) {
	narrow := func(column *int, least int) func() {
		return func() { *column = min(*column, max(least, *column-(l.total()-width))) }
	}
	for _, step := range []func(){
		narrow(&l.source, 20), narrow(&l.label, 16), narrow(&l.source, leastSource), narrow(&l.label, 12),
		func() { l.ms = 0 },
		func() { l.pixels = wholeWidth; l.place = l.placeWidth() },
		narrow(&l.model, 8),
		func() { l.place = 0 },
		narrow(&l.source, 8), narrow(&l.label, 8),
	} {
		if l.total() <= width {
			return
		}
		step()
	}
}

func (l *layout) columns() []int {
	return []int{l.source, l.time, l.model, l.label, l.score, l.place, l.ms}
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

// row is one row, without trailing spaces.
func (l *layout) row(source, position, model, label, score, place, ms string) string {
	var cells []string
	for i, cell := range []string{source, position, model, label, score, place, ms} {
		switch w := l.columns()[i]; {
		case w == 0:
		case i == 0:
			cells = append(cells, terminal.KeepEnd(cell, w))
		case i < 4:
			cells = append(cells, terminal.KeepStart(cell, w))
		default: // numbers, which are never truncated
			cells = append(cells, fmt.Sprintf("%-*s", w, cell))
		}
	}
	row := strings.Join(cells, strings.Repeat(" ", between))
	if l.width > 0 && terminal.Columns(row) > l.width { // a number that is wider than its column
		row = terminal.KeepStart(row, l.width)
	}
	return strings.TrimRight(row, " ")
}

func (l *layout) placeHeading() string {
	headings := make([]string, len(l.numbers))
	for i, c := range l.numbers {
		headings[i] = fmt.Sprintf("%*s", l.numberWidth(c), c.Heading)
	}
	return strings.Join(headings, " ")
}
