package replay

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"corallite/internal/english"
	"corallite/internal/reportpage"
)

// Report says what changed.
type Report struct {
	First      string         `json:"first"`  // the golden file or the configuration
	Second     string         `json:"second"` // the configuration
	Items      int            `json:"items"`  // pictures, frames and windows of sound that have a result
	Things     int            `json:"things"` // that either run found; pairs count once
	Counts     map[string]int `json:"counts"` // by kind of change
	Tolerances Tolerances     `json:"tolerances"`
	Limit      Limit          `json:"limit"`
	Passed     bool           `json:"passed"` // within the limit
	Changes    []Change       `json:"changes"`
	Pictures   []Picture      `json:"-"`
}

// Picture is a frame with changes, of both runs.
type Picture struct {
	Was, Is template.URL
	Caption string
}

// Limit is how many changes there may be.
type Limit struct {
	Changes int     `json:"changes"`
	Share   float64 `json:"share,omitempty"` // of things, 0 to 1; above 0: instead of Changes
}

// Within reports whether a number of changes among things is within the limit.
func (l Limit) Within(changes, things int) bool {
	if l.Share > 0 {
		return float64(changes) <= float64(l.Share*float64(things))
	}
	return changes <= l.Changes
}

func (l Limit) String() string {
	if l.Share > 0 {
		return fmt.Sprintf("%g %% of all", l.Share*100)
	}
	return fmt.Sprint(l.Changes)
}

// compare orders changes as the recording has them.
func (c *Change) compare(d *Change) int {
	return cmp.Or(cmp.Compare(c.Source, d.Source), cmp.Compare(c.PositionS, d.PositionS), cmp.Compare(c.Seq, d.Seq), cmp.Compare(c.Model, d.Model), cmp.Compare(c.at(), d.at()))
}

func (c *Change) at() float64 {
	switch {
	case c.Is != nil:
		return c.Is.EndS
	case c.Was != nil:
		return c.Was.EndS
	}
	return 0
}

// Where is the place of a change: "street.mp4 at 1.240 s".
func (c *Change) Where() string {
	at := max(c.PositionS, c.at())
	if at == 0 {
		return c.Source
	}
	return fmt.Sprintf("%s at %.3f s", c.Source, at)
}

// What says what changed: "moved: person, IoU 0.71, score 0.80 -> 0.78".
func (c *Change) What() string {
	var b strings.Builder
	b.WriteString(c.Kind + ": ")
	switch {
	case c.Was == nil && c.Is == nil:
		b.WriteString("the result, in which nothing was found")
	case c.Was == nil || c.Is == nil:
		s := c.Was
		if s == nil {
			s = c.Is
		}
		fmt.Fprintf(&b, "%s, score %.4g", s.name(), s.Score)
	case c.Kind == Label:
		fmt.Fprintf(&b, "%s -> %s, score %.4g -> %.4g", c.Was.name(), c.Is.name(), c.Was.Score, c.Is.Score)
	case c.Kind == Zones:
		fmt.Fprintf(&b, "%s, %q -> %q", c.Is.name(), c.Was.Zones, c.Is.Zones)
	default:
		b.WriteString(c.Is.name())
		if c.IoU != nil {
			fmt.Fprintf(&b, ", IoU %.3f", *c.IoU)
		} else if c.Kind == Moved {
			fmt.Fprintf(&b, ", by %+.3f s", c.Is.EndS-c.Was.EndS)
		}
		fmt.Fprintf(&b, ", score %.4g -> %.4g", c.Was.Score, c.Is.Score)
	}
	return b.String()
}

func (s *State) name() string { return cmp.Or(s.Label, "without a label") }

// Verdict is the report in one sentence.
func (r *Report) Verdict() string {
	said := "within"
	if !r.Passed {
		said = "past"
	}
	return fmt.Sprintf("%s among %s in %s: %s the limit of %s", english.Count(len(r.Changes), "change"), english.Count(r.Things, "thing"),
		english.Count(r.Items, "result"), said, r.Limit)
}

// Text is the report for people, with at most so many changes; 0: all.
func (r *Report) Text(most int) string {
	var b strings.Builder
	shown := r.Changes
	if most > 0 {
		shown = shown[:min(most, len(shown))]
	}
	for i := range shown {
		fmt.Fprintf(&b, "%s  %s  %s\n", shown[i].Where(), shown[i].Model, shown[i].What())
	}
	if n := len(r.Changes) - len(shown); n > 0 {
		fmt.Fprintf(&b, "… and %d more (--verbose shows all)\n", n)
	}
	if len(r.Changes) > 0 {
		b.WriteByte('\n')
		for _, kind := range Kinds {
			if n := r.Counts[kind]; n > 0 {
				fmt.Fprintf(&b, "%-9s %d\n", kind, n)
			}
		}
	}
	fmt.Fprintf(&b, "%s -> %s\n%s\n", r.First, r.Second, r.Verdict())
	return b.String()
}

//go:embed page.html
var pageText string

var page = reportpage.New(pageText, nil)

// HTML writes the report as one page, without scripts and with all pictures in it.
func (r *Report) HTML(w io.Writer) error { return page.Execute(w, r) }

// KindCounts are the kinds with changes, and how many.
func (r *Report) KindCounts() (all []struct {
	Kind string
	N    int
}) {
	for _, kind := range Kinds {
		all = append(all, struct {
			Kind string
			N    int
		}{kind, r.Counts[kind]})
	}
	return all
}
