package terminal

import (
	"io"
	"slices"
	"strings"
)

const (
	gap         = 2  // spaces between columns
	minLastCell = 24 // columns that a wrapped last cell needs to be readable
	subIndent   = 4  // indentation of the lines below a row
)

// Table prints rows of cells in columns. Each column is as wide as its widest cell; a row's last cell may have any
// length.
//
//	NAME        TASK    WHAT IT IS
//	face_front  detect  faces near a front camera
//
// If that is wider than Width, the last cells are wrapped in their column. If that column would be too narrow, each row
// keeps as many columns as fit, and the rest goes below it:
//
//	NAME        TASK
//	    WHAT IT IS
//	face_front  detect
//	    faces near a front
//	    camera
type Table struct {
	Width  int // columns of the terminal; 0: no limit
	Indent int // spaces before each row

	rows [][]string
}

// Row adds a row. Line breaks become spaces; other unprintable characters are replaced.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = Printable(strings.ReplaceAll(c, "\n", " "))
	}
	t.rows = append(t.rows, row)
}

// Print writes all rows.
func (t *Table) Print(w io.Writer) error {
	columns := 0
	for _, row := range t.rows {
		columns = max(columns, len(row))
	}
	var b strings.Builder
	starts := t.starts(columns)
	lay := t.fold(columns)
	if t.Width == 0 || columns < 2 || starts[columns-1]+minLastCell <= t.Width {
		lay = func(b *strings.Builder, row []string) { t.wrapLast(b, row, starts) }
	}
	for _, row := range t.rows {
		if len(row) > 0 {
			lay(&b, row)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// starts returns the first position of each column. A row's last cell does not widen its column.
func (t *Table) starts(columns int) []int {
	starts := []int{t.Indent}
	for i := range columns - 1 {
		widest := 0
		for _, row := range t.rows {
			if i < len(row)-1 {
				widest = max(widest, Columns(row[i]))
			}
		}
		starts = append(starts, starts[i]+widest+gap)
	}
	return starts
}

// wrapLast writes a row with its last cell wrapped in its column.
func (t *Table) wrapLast(b *strings.Builder, row []string, starts []int) {
	last := len(row) - 1
	start := starts[last]
	var before strings.Builder
	before.WriteString(strings.Repeat(" ", t.Indent))
	for i, cell := range row[:last] {
		before.WriteString(KeepStart(cell, starts[i+1]-starts[i]))
	}
	prefix := before.String()
	for _, line := range Wrap(row[last], t.room(start)) {
		writeLine(b, prefix+line)
		prefix = strings.Repeat(" ", start)
	}
}

// room is the number of columns from a position on; 0: no limit.
func (t *Table) room(from int) int {
	if t.Width == 0 {
		return 0
	}
	return max(1, t.Width-from)
}

// fold returns a function that writes a row in as many columns as fit, with the other cells below.
func (t *Table) fold(columns int) func(b *strings.Builder, row []string) {
	var widths []int
	used := t.Indent
	for i := range columns {
		widest := 0
		for _, row := range t.rows {
			if i < len(row) {
				widest = max(widest, Columns(row[i]))
			}
		}
		if i > 0 && used+widest > t.Width {
			break
		}
		widths, used = append(widths, widest), used+widest+gap
	}
	return func(b *strings.Builder, row []string) {
		fit := min(len(widths), len(row))
		var line strings.Builder
		line.WriteString(strings.Repeat(" ", t.Indent))
		for i, cell := range row[:fit] {
			line.WriteString(KeepStart(cell, widths[i]+gap))
		}
		writeLine(b, line.String())
		under := slices.DeleteFunc(slices.Clone(row[fit:]), func(cell string) bool { return cell == "" })
		if len(under) == 0 {
			return
		}
		for _, line := range Wrap(strings.Join(under, "; "), t.room(t.Indent+subIndent)) {
			writeLine(b, strings.Repeat(" ", t.Indent+subIndent)+line)
		}
	}
}

func writeLine(b *strings.Builder, line string) {
	b.WriteString(strings.TrimRight(line, " "))
	b.WriteByte('\n')
}
