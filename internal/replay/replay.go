// Package replay compares what two runs found in the same recording: what appeared, vanished, moved, or changed its score.
package replay

import (
	"fmt"
	"math"
	"path"
	"path/filepath"
	"slices"

	"corallite/pipeline"
)

// Kinds of changes.
const (
	Appeared = "appeared" // only in the second run
	Vanished = "vanished" // only in the first
	Moved    = "moved"    // less overlap, or further away in time, than is tolerated
	Score    = "score"    // the same place, and a score that differs by more than is tolerated
	Label    = "label"    // the same place, and another label; another best class
	Zones    = "zones"    // other zones, or other lines crossed
)

// Kinds are all kinds, in the order in which they are counted.
var Kinds = []string{Appeared, Vanished, Moved, Label, Score, Zones}

// Tolerances say which differences are none.
type Tolerances struct {
	IoU    float64           `json:"iou"`    // least overlap, intersection over union, 0 to 1
	Score  float64           `json:"score"`  // largest difference of scores
	TimeS  float64           `json:"time_s"` // largest difference of the ends of sounds, in seconds
	Rename map[string]string `json:"-"`      // names of the second run's models, and what the first calls them
}

// State is a thing in one of the runs.
type State struct {
	Label string      `json:"label,omitempty"`
	Score float64     `json:"score"`
	Box   *[4]float64 `json:"box,omitempty"` // xmin, ymin, xmax, ymax in pixels
	EndS  float64     `json:"end_s,omitempty"`
	Zones []string    `json:"zones,omitempty"` // zones that it is in, and lines that it crossed with this item
}

// Change is one difference.
type Change struct {
	Kind      string   `json:"kind"`
	Model     string   `json:"model"`
	Source    string   `json:"source"` // the file's name without folders
	Seq       uint64   `json:"seq"`
	PositionS float64  `json:"position_s,omitempty"`
	Finding   string   `json:"finding,omitempty"` // the field of the event: "detections"
	Was       *State   `json:"was,omitempty"`     // in the first run; nil: not there
	Is        *State   `json:"is,omitempty"`      // in the second; nil: not there
	IoU       *float64 `json:"iou,omitempty"`     // of moved things in pictures
	Picture   int      `json:"-"`                 // of a page: its number from 1; 0: none
}

// place finds the same item in both runs: files may have been added, and frames left out, so that numbers differ.
type place struct {
	model, source string
	ms            int64
}

// placeOf is an event's place.
func placeOf(e *pipeline.Event) place {
	return place{e.Model, Base(e.Source), int64(math.Round(e.PositionS * 1000))}
}

// Base is the name of a source without its folders: golden files are read elsewhere.
func Base(source string) string { return path.Base(filepath.ToSlash(source)) }

// Comparison compares a run, event by event, with one that is complete.
type Comparison struct {
	tolerances Tolerances
	waiting    map[place][]*pipeline.Event // of the first run, in order
	order      []*pipeline.Event           // of the first run
	met        map[*pipeline.Event]bool
	words      [2]map[place][]heard // by model and file
	report     Report
}

// NewComparison compares with the events of the first run, which are used and not changed.
func NewComparison(first []pipeline.Event, t Tolerances) *Comparison {
	c := &Comparison{tolerances: t, waiting: map[place][]*pipeline.Event{}, met: map[*pipeline.Event]bool{}}
	c.words[0], c.words[1] = map[place][]heard{}, map[place][]heard{}
	for i := range first {
		e := &first[i]
		at := placeOf(e)
		c.waiting[at] = append(c.waiting[at], e)
		c.order = append(c.order, e)
		c.hear(0, e)
	}
	return c
}

// Add compares the next event of the second run, and returns its changes and the event of the first run (nil: there is none).
// What was heard is compared by Report.
func (c *Comparison) Add(second pipeline.Event) ([]Change, *pipeline.Event) {
	if name, ok := c.tolerances.Rename[second.Model]; ok {
		second.Model = name
	}
	c.hear(1, &second)
	at := placeOf(&second)
	var first *pipeline.Event
	if w := c.waiting[at]; len(w) > 0 {
		first, c.waiting[at] = w[0], w[1:]
		c.met[first] = true
	}
	changes := c.item(first, &second)
	c.report.Changes = append(c.report.Changes, changes...)
	return changes, first
}

// Report ends the comparison.
func (c *Comparison) Report() *Report {
	for _, e := range c.order {
		if !c.met[e] {
			c.report.Changes = append(c.report.Changes, c.item(e, nil)...)
		}
	}
	c.compareWords()
	r := &c.report
	slices.SortStableFunc(r.Changes, func(a, b Change) int { return a.compare(&b) })
	r.Tolerances, r.Counts = c.tolerances, map[string]int{}
	for _, kind := range Kinds {
		r.Counts[kind] = 0
	}
	for _, ch := range r.Changes {
		r.Counts[ch.Kind]++
	}
	return r
}

// item compares the events of one item, of which one may be nil.
func (c *Comparison) item(first, second *pipeline.Event) []Change {
	c.report.Items++
	some := first
	if some == nil {
		some = second
	}
	about := Change{Model: some.Model, Source: Base(some.Source), Seq: some.Seq, PositionS: some.PositionS}
	if second != nil {
		about.Seq = second.Seq
	}
	var all []Change
	was, is := things(first), things(second)
	for _, key := range keysOf(was, is) {
		about.Finding = key
		changes, count := c.compare(was[key], is[key])
		c.report.Things += count
		for _, ch := range changes {
			all = append(all, about.with(ch))
		}
	}
	// An item without things, which one of the runs does not have at all. Models for sound report only what they hear.
	if (first == nil || second == nil) && len(all) == 0 && !onlyTimed(some) {
		about.Finding, about.Kind = "", Appeared
		if second == nil {
			about.Kind = Vanished
		}
		c.report.Things++
		all = append(all, about)
	}
	return all
}

// with is a change at the place of another.
func (c Change) with(what Change) Change {
	c.Kind, c.Was, c.Is, c.IoU = what.Kind, what.Was, what.Is, what.IoU
	return c
}

// keysOf are the kinds of findings that either event has, sorted.
func keysOf(a, b map[string]group) []string {
	var keys []string
	for _, m := range []map[string]group{a, b} {
		for key := range m {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// onlyTimed reports whether all that an event has are things with times.
func onlyTimed(e *pipeline.Event) bool {
	some := false
	for f := range e.Findings() {
		if !f.Kind().Timed {
			return false
		}
		some = true
	}
	return some
}

// Check reports tolerances that make no sense, by the names of their flags.
func (t Tolerances) Check() error {
	switch {
	case !(t.IoU >= 0 && t.IoU <= 1):
		return fmt.Errorf("--iou %v: want 0 to 1", t.IoU)
	case !(t.Score >= 0 && t.Score <= 1):
		return fmt.Errorf("--score %v: want 0 to 1", t.Score)
	case !(t.TimeS >= 0) || math.IsInf(t.TimeS, 0):
		return fmt.Errorf("--time %v: want seconds, 0 or more", t.TimeS)
	}
	return nil
}
