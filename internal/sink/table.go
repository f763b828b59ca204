package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"corallite/pipeline"
)

// TableOptions are the options of a Table.
type TableOptions struct {
	Sources []string // the expected sources, if known, for the width of their column
	Time    bool     // a column with the position in the recording, for videos
	Model   bool     // a column with the model's name, for several models
	Width   int      // width of the terminal in columns; 0: no limit
}

// Table writes a row for each thing found, for people:
//
//	SOURCE             LABEL                   SCORE  XMIN    YMIN    XMAX    YMAX          MS
//	kite_and_cold.jpg  person                   0.81     12.5    30.0   200.1   410.9      8.1
//	1 detection in 1 item, 8.1 ms an item on cpu:xnnpack (no Edge TPU found)
//
// The heading precedes the first row; the last line is written by Close. MS is the model's time for the item (prepare,
// invoke and decode), in the item's first row. Names that are too long are shortened; with a Width the columns become
// narrower, then MS is omitted, then decimals, then the boxes. If all findings of the first report are of one kind,
// the columns are that kind's (pipeline.Kind): the index of classes, the share of segments, the time of words in seconds;
// otherwise those of boxes. A class whose score would be shown as 0.00 is omitted unless it is the best. The
// table is lossless.
type Table struct {
	w    io.Writer
	file *file // closed by Close; nil if w belongs to the caller
	o    TableOptions

	mu     sync.Mutex
	buf    bytes.Buffer
	headed bool
	layout layout // set with headed
	broken bool   // whether the last write failed: the last line is then skipped
	closed bool
	totals totals
}

// NewTable writes to w, which the caller keeps and closes.
func NewTable(w io.Writer, o TableOptions) *Table {
	return &Table{w: w, o: o, totals: newTotals()}
}

// OpenTable writes to a file, which is created if it does not exist; its folder must exist. Once ctx ends, a pipe whose reader
// stalls is waited for no longer than output.Patience.
func OpenTable(ctx context.Context, path string, o TableOptions, f FileOptions) (*Table, error) {
	opened, err := openFile(ctx, path, f)
	if err != nil {
		return nil, err
	}
	t := NewTable(opened, o)
	t.file = opened
	return t, nil
}

// Consume writes the rows of a report.
func (t *Table) Consume(_ context.Context, r pipeline.Report) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fmt.Errorf("write the table: %w", os.ErrClosed)
	}
	t.buf.Reset()
	if !t.headed {
		t.layout = newLayout(t.o, r.Events)
		t.row("SOURCE", "TIME", "MODEL", t.layout.heading, " SCORE", t.layout.placeHeading(), "      MS")
	}
	t.totals.items++
	for i := range r.Events {
		t.event(&r.Events[i])
	}
	return t.flush()
}

// event writes the rows of one model's event.
func (t *Table) event(ev *pipeline.Event) {
	took := ev.Latency.Prepare + ev.Latency.Invoke + ev.Latency.Decode
	t.totals.ran(ev)
	ms := fmt.Sprintf("%8.1f", pipeline.Milliseconds(took))
	add := func(label, score, place string) {
		position := ""
		if ev.PositionS > 0 {
			position = clock(ev.PositionS)
		}
		t.row(ev.Source, position, ev.Model, label, score, place, ms)
		ms = ""
	}
	t.findings(ev, add)
	if ms != "" {
		add("(nothing)", "", "")
	}
}

// row writes one row.
func (t *Table) row(source, position, model, label, score, place, ms string) {
	t.buf.WriteString(t.layout.row(source, position, model, label, score, place, ms))
	t.buf.WriteByte('\n')
}

// flush writes the buffer.
func (t *Table) flush() error {
	err := writeAll(t.w, t.buf.Bytes(), "the table")
	t.buf.Reset()
	t.broken = err != nil
	t.headed = t.headed || err == nil
	return err
}

// EventsOnly says that the sink does not look at pictures.
func (*Table) EventsOnly() {}

// Lossless is true.
func (t *Table) Lossless() bool { return true }

// Close writes the last line, and closes a file that OpenTable opened.
func (t *Table) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	err := t.end()
	if t.file != nil {
		err = errors.Join(err, t.file.close())
	}
	return err
}

// end writes the last line.
func (t *Table) end() error {
	if t.totals.items == 0 || t.broken {
		return nil
	}
	t.totals.write(&t.buf, t.o.Width, !t.layout.timed) // sound reports only items with a word
	return t.flush()
}
