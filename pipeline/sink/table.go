package sink

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"

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
	numberWidth = 7 // one number of a box: up to 99999.9
	boxWidth    = 4*numberWidth + 3
)

// TableOptions says what a table shows.
type TableOptions struct {
	Sources []string // the sources that will come, where known, for the width of their column
	Time    bool     // a column with the position in the recording, for videos
	Model   bool     // a column with the model's name, for several models
}

// Table writes a row for each thing found, for people:
//
//	SOURCE             LABEL                   SCORE  XMIN    YMIN    XMAX    YMAX          MS
//	kite_and_cold.jpg  person                   0.81     12.5    30.0   200.1   410.9      8.1
//	1 detection in 1 item, 8.1 ms an item on cpu:xnnpack (no Edge TPU found)
//
// The heading comes before the first row, the last line at Close. MS is what the model took for the item (prepare,
// invoke and decode), in the item's first row. Names that are too long are shortened. Where only classes come, their
// index stands in the place of the box. A person's place is the box around the key points, that of a part of the
// picture its share, and that of a word its time in seconds from the beginning. It is lossless.
type Table struct {
	w           io.Writer
	o           TableOptions
	sourceWidth int

	mu      sync.Mutex
	buf     bytes.Buffer
	headed  bool
	places  places // set with headed
	broken  bool   // whether a write failed: nothing more is tried
	closed  bool
	items   int
	found   map[string]int // by task
	busy    time.Duration
	devices map[string]string // reasons by device
}

// NewTable writes to w, which the caller keeps and closes.
func NewTable(w io.Writer, o TableOptions) *Table {
	t := &Table{w: w, o: o, sourceWidth: usualSource, found: map[string]int{}, devices: map[string]string{}}
	if len(o.Sources) > 0 {
		t.sourceWidth = leastSource
		for _, s := range o.Sources {
			t.sourceWidth = min(max(t.sourceWidth, uniseg.StringWidth(printable(s))), mostSource)
		}
	}
	return t
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
		t.headed = true
		t.places = placesOf(r.Events)
		t.row("SOURCE", "TIME", "MODEL", "LABEL", " SCORE", t.heading(), "      MS")
	}
	t.items++
	for i := range r.Events {
		t.event(&r.Events[i])
	}
	return t.flush()
}

func (t *Table) heading() string {
	switch t.places {
	case indices:
		return fmt.Sprintf("%*s", numberWidth, "INDEX")
	case times:
		return fmt.Sprintf("%*s %*s", numberWidth, "START", numberWidth, "END")
	}
	return fmt.Sprintf("%*s %*s %*s %*s", numberWidth, "XMIN", numberWidth, "YMIN", numberWidth, "XMAX", numberWidth, "YMAX")
}

// places is what a row has in the place of the box.
type places int

const (
	boxes places = iota
	indices
	times
)

// placesOf is what the rows of a table that begins with these events have.
func placesOf(events []pipeline.Event) places {
	all := func(tasks ...string) bool {
		return len(events) > 0 && !slices.ContainsFunc(events, func(ev pipeline.Event) bool { return !slices.Contains(tasks, ev.Task) })
	}
	switch {
	case all("classify"):
		return indices
	case all("keyword", "wakeword"):
		return times
	}
	return boxes
}

// event writes the rows of one model's event.
func (t *Table) event(ev *pipeline.Event) {
	took := ev.Latency.Prepare + ev.Latency.Invoke + ev.Latency.Decode
	t.busy += took
	if ev.Reason != "" || t.devices[ev.Device] == "" { // a device may be one model's fallback and another's choice
		t.devices[ev.Device] = ev.Reason
	}
	ms := fmt.Sprintf("%8.1f", pipeline.Milliseconds(took))
	add := func(label, score, place string) {
		position := ""
		if ev.PositionS > 0 {
			position = clock(ev.PositionS)
		}
		t.row(ev.Source, position, ev.Model, label, score, place, ms)
		ms = ""
	}
	for _, d := range ev.Detections {
		add(detected(d), score(d.Score), place(d.Box))
	}
	for _, c := range ev.Classes {
		add(name(c.Label, c.Index), score(c.Score), t.class(c.Index))
	}
	t.more(ev, add)
	t.found["detection"] += len(ev.Detections)
	t.found["class"] += len(ev.Classes)
	if ms != "" {
		add("(nothing)", "", "")
	}
}

func score(s float32) string { return fmt.Sprintf("%6.2f", s) }

func place(box [4]float32) string {
	return fmt.Sprintf("%*.1f %*.1f %*.1f %*.1f", numberWidth, box[0], numberWidth, box[1], numberWidth, box[2], numberWidth, box[3])
}

// class is what stands in the place of the box for a class.
func (t *Table) class(index int) string {
	if t.places == indices {
		return fmt.Sprintf("%*d", numberWidth, index)
	}
	return fmt.Sprintf("class %d", index)
}

// name is the label, or the index where the model has no labels.
func name(label string, index int) string {
	if label == "" {
		return fmt.Sprintf("class %d", index)
	}
	return label
}

// row writes one row, without spaces at its end.
func (t *Table) row(source, position, model, label, score, place, ms string) {
	cells := []string{keepEnd(source, t.sourceWidth)}
	if t.o.Time {
		cells = append(cells, keepStart(position, timeWidth))
	}
	if t.o.Model {
		cells = append(cells, keepStart(model, modelWidth))
	}
	cells = append(cells, keepStart(label, labelWidth), fmt.Sprintf("%-6s", score), fmt.Sprintf("%-*s", t.placeWidth(), place), ms)
	t.buf.WriteString(strings.TrimRight(strings.Join(cells, "  "), " "))
	t.buf.WriteByte('\n')
}

func (t *Table) placeWidth() int {
	switch t.places {
	case indices:
		return numberWidth
	case times:
		return 2*numberWidth + 1
	}
	return boxWidth
}

// flush writes what is in the buffer.
func (t *Table) flush() error {
	_, err := t.w.Write(t.buf.Bytes())
	t.buf.Reset()
	if err != nil {
		t.broken = true
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// Lossless is true.
func (t *Table) Lossless() bool { return true }

// Close writes the last line.
func (t *Table) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if t.items == 0 || t.broken {
		return nil
	}
	var found []string
	for _, word := range [][2]string{
		{"detection", "detections"}, {"class", "classes"}, {"segment", "segments"}, {"person", "people"}, {"vector", "vectors"}, {"word", "words"},
	} {
		if n := t.found[word[0]]; n > 0 {
			found = append(found, counted(n, word[0], word[1]))
		}
	}
	if len(found) == 0 {
		found = []string{"nothing"}
	}
	fmt.Fprint(&t.buf, strings.Join(found, " and "))
	if t.places != times { // of sound only the items with a word come
		fmt.Fprintf(&t.buf, " in %s, %.1f ms an item", counted(t.items, "item", "items"), pipeline.Milliseconds(t.busy)/float64(t.items))
	}
	fmt.Fprintf(&t.buf, " on %s\n", t.deviceText())
	return t.flush()
}

// deviceText names the devices with the reasons for those that are a fallback.
func (t *Table) deviceText() string {
	var names []string
	for device, reason := range t.devices {
		if reason != "" {
			device += " (" + reason + ")"
		}
		names = append(names, printable(device))
	}
	sort.Strings(names)
	return strings.Join(names, " and ")
}
