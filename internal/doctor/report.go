package doctor

import (
	"cmp"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
)

// State is the outcome of a check.
type State string

const (
	OK      State = "ok"
	Warning State = "warning" // it works, but worse than it could, or something else runs instead
	Problem State = "problem" // what was checked cannot be used
	Skipped State = "skipped" // not checked: there is nothing to check, or an earlier problem prevents it
)

// Finding is the outcome of one check.
type Finding struct {
	Check   Check    `json:"check"`             // the kind of check
	Subject string   `json:"subject,omitempty"` // what it is about: "usb:2-1", "model coco"
	Looked  []string `json:"looked_at"`         // files and calls
	State   State    `json:"state"`
	ID      ID       `json:"id,omitempty"`     // of a warning or a problem
	Found   string   `json:"found"`            // in words; of a warning or a problem: the cause
	Fix     []string `json:"fix,omitempty"`    // commands to paste into a shell, in order
	Advice  string   `json:"advice,omitempty"` // what to do, if it is no command
	Stops   []string `json:"stops,omitempty"`  // pipelines that cannot run because of it, or their configuration file

	device *edgetpu.Device // nil: it is about no device, or about all
}

// Report has all findings.
type Report struct {
	// Cause is the finding to begin with: it stops something, or explains more than the others do. nil: nothing is
	// wrong.
	Cause    *Finding  `json:"cause"`
	Stopped  []string  `json:"stopped"`  // pipelines that cannot run, or their files; by name
	Findings []Finding `json:"findings"` // Cause among them; those that explain others come first

	configured bool
}

// conclude sorts the findings and chooses the one to begin with.
func conclude(findings []Finding, configured bool) *Report {
	r := &Report{Stopped: []string{}, Findings: findings, configured: configured}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(a.rank(), b.rank()) })
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.State == Problem || f.State == Warning {
			if r.Cause == nil || f.weight() < r.Cause.weight() {
				r.Cause = f
			}
		}
		r.Stopped = append(r.Stopped, f.Stops...)
	}
	slices.Sort(r.Stopped)
	r.Stopped = slices.Compact(r.Stopped)
	return r
}

// weight is lower the more a finding matters; among equals the one that explains the others comes first.
func (f *Finding) weight() int {
	switch {
	case len(f.Stops) > 0:
		return 0
	case f.State == Problem:
		return 1
	default:
		return 2
	}
}

// rank orders findings by their cause, or by the first cause of their check.
func (f *Finding) rank() int {
	for i, e := range explaining {
		if f.ID == e.ID || f.ID == "" && f.Check == e.Check {
			return i
		}
	}
	return len(explaining)
}

// stop records pipelines that cannot run because of a finding.
func (f *Finding) stop(pipelines []string) {
	for _, p := range pipelines {
		if !slices.Contains(f.Stops, p) {
			f.Stops = append(f.Stops, p)
		}
	}
}

// and joins words: "a", "a and b", "a, b and c".
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
