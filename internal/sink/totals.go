package sink

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"corallite/internal/english"
	"corallite/internal/terminal"
	"corallite/pipeline"
)

// totals collects what the last line of a table shows.
type totals struct {
	items   int
	nouns   []string       // of what was found, in the order in which they came
	found   map[string]int // by noun
	busy    time.Duration
	devices map[string]string // reasons by device
}

func newTotals() totals { return totals{found: map[string]int{}, devices: map[string]string{}} }

// add counts things of a kind.
func (t *totals) add(kind *pipeline.Kind, n int) {
	if _, known := t.found[kind.Noun]; !known {
		t.nouns = append(t.nouns, kind.Noun)
	}
	t.found[kind.Noun] += n
}

// ran counts the time of an event and what ran it.
func (t *totals) ran(ev *pipeline.Event) {
	t.busy += ev.Latency.Prepare + ev.Latency.Invoke + ev.Latency.Decode
	if ev.Reason != "" || t.devices[ev.Device] == "" { // a device may be one model's fallback and another's choice
		t.devices[ev.Device] = ev.Reason
	}
}

// write writes what was found, in how many items when that is wanted, and what ran the models.
func (t *totals) write(w io.Writer, width int, items bool) {
	var found []string
	for _, word := range t.nouns {
		if n := t.found[word]; n > 0 {
			found = append(found, english.Count(n, word))
		}
	}
	if len(found) == 0 {
		found = []string{"nothing"}
	}
	text := strings.Join(found, " and ")
	if items {
		text += fmt.Sprintf(" in %s, %.1f ms an item", english.Count(t.items, "item"), pipeline.Milliseconds(t.busy)/float64(t.items))
	}
	for _, line := range terminal.Wrap(text+" on "+t.deviceText(), width) {
		fmt.Fprintln(w, line)
	}
}

// deviceText names the devices with the reasons for those that are a fallback.
func (t *totals) deviceText() string {
	var names []string
	for device, reason := range t.devices {
		if reason != "" {
			device += " (" + reason + ")"
		}
		names = append(names, terminal.Printable(device))
	}
	sort.Strings(names)
	return strings.Join(names, " and ")
}
