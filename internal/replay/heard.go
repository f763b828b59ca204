package replay

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"corallite/pipeline"
)

// nearS is how far apart, in seconds, the same word may be heard in both runs, beyond what is tolerated.
const nearS = 1

// heard is a word in a recording.
type heard struct {
	Change // where
	state  State
}

// hear keeps what was heard in a run: it is compared by time, since another model may tell it with another item.
func (c *Comparison) hear(run int, e *pipeline.Event) {
	at := place{model: e.Model, source: Base(e.Source)}
	for f := range e.Findings() {
		if !f.Kind().Timed {
			continue
		}
		for i := range f.Len() {
			t := f.Thing(i)
			c.words[run][at] = append(c.words[run][at], heard{
				Change{Model: e.Model, Source: at.source, Seq: e.Seq, PositionS: e.PositionS, Finding: f.Kind().Key},
				State{Label: labelOf(t), Score: float64(t.Score), EndS: t.EndS},
			})
		}
	}
}

// compareWords compares what was heard, label by label, in the order of the ends.
func (c *Comparison) compareWords() {
	places := slices.Collect(maps.Keys(c.words[0]))
	for at := range c.words[1] {
		if _, there := c.words[0][at]; !there {
			places = append(places, at)
		}
	}
	for _, at := range places {
		a, b := inOrder(c.words[0][at]), inOrder(c.words[1][at])
		for len(a) > 0 || len(b) > 0 {
			c.report.Things++
			switch order := c.next(a, b); {
			case order < 0:
				c.change(a[0], Change{Kind: Vanished, Was: &a[0].state})
				a = a[1:]
			case order > 0:
				c.change(b[0], Change{Kind: Appeared, Is: &b[0].state})
				b = b[1:]
			default:
				ch := Change{Was: &a[0].state, Is: &b[0].state}
				switch {
				case beyond(math.Abs(a[0].state.EndS-b[0].state.EndS), c.tolerances.TimeS):
					ch.Kind = Moved
				case beyond(math.Abs(a[0].state.Score-b[0].state.Score), c.tolerances.Score):
					ch.Kind = Score
				}
				if ch.Kind != "" {
					c.change(b[0], ch)
				}
				a, b = a[1:], b[1:]
			}
		}
	}
}

// next says whose first word is next: below 0 that of a alone, above 0 that of b alone, 0 both.
func (c *Comparison) next(a, b []heard) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	case a[0].state.Label != b[0].state.Label:
		return cmp.Compare(a[0].state.Label, b[0].state.Label)
	case math.Abs(a[0].state.EndS-b[0].state.EndS) <= nearS+c.tolerances.TimeS:
		return 0
	}
	return cmp.Compare(a[0].state.EndS, b[0].state.EndS)
}

func (c *Comparison) change(at heard, what Change) {
	c.report.Changes = append(c.report.Changes, at.with(what))
}

// inOrder are words by label, and those of a label by time.
func inOrder(words []heard) []heard {
	slices.SortStableFunc(words, func(a, b heard) int {
		return cmp.Or(cmp.Compare(a.state.Label, b.state.Label), cmp.Compare(a.state.EndS, b.state.EndS))
	})
	return words
}
