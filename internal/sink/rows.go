package sink

import (
	"fmt"
	"slices"
	"strings"

	"corallite/pipeline"
)

// findings writes the rows of all findings of an event.
func (t *Table) findings(ev *pipeline.Event, add func(label, score, place string)) {
	for f := range ev.Findings() {
		kind := f.Kind()
		if kind.Gone {
			continue
		}
		n := rowsOf(f)
		for i := range n {
			thing := f.Thing(i)
			rating := ""
			if kind.Rating == pipeline.Scored {
				rating = score(thing.Score)
			}
			add(t.layout.rowLabel(kind, &thing), rating, t.layout.placeText(kind, &thing))
		}
		t.totals.add(kind, n)
	}
}

// rowsOf is the number of a finding's things that get a row: of ranked ones, not those after the first whose score
// would be shown as 0.00.
func rowsOf(f pipeline.Finding) int {
	if f.Kind().Ranked {
		for i := 1; i < f.Len(); i++ {
			if s := f.Thing(i).Score; s >= 0 && s < leastShown {
				return i
			}
		}
	}
	return f.Len()
}

// leastShown is the smallest score that two decimals do not show as 0.00.
const leastShown = 0.005

func score(s float32) string {
	if s > 0 && s < leastShown {
		return " <0.01"
	}
	return fmt.Sprintf("%6.2f", s)
}

// name is a thing's label, or its class if the model has no labels, or the name of its kind.
func name(kind *pipeline.Kind, t *pipeline.Thing) string {
	switch {
	case t.Label != "":
		return t.Label
	case t.Index == pipeline.NoIndex:
		return kind.Noun
	}
	return fmt.Sprintf("class %d", t.Index)
}

// rowLabel is a thing's name with its track, the result of a secondary classifier, the lines that it crosses and the
// zones that it is in: "person 3: Ada gate:out in door".
// Names that are not labels are in parentheses if the column is for labels.
func (l *layout) rowLabel(kind *pipeline.Kind, t *pipeline.Thing) string {
	text := name(kind, t)
	if t.Track != 0 {
		text = fmt.Sprintf("%s %d", text, t.Track)
	}
	if len(t.Classes) > 0 {
		best := t.Classes[0]
		text += ": " + name(kind, &pipeline.Thing{Label: best.Label, Index: best.Index})
	}
	for _, c := range t.Crossed {
		text += fmt.Sprintf(" %s:%s", c.Line, c.Direction)
	}
	if len(t.Zones) > 0 {
		text += " in " + strings.Join(t.Zones, ", ")
	}
	if kind.Heading != "" && kind.Heading != l.heading {
		text = "(" + text + ")"
	}
	return text
}

// placeText is the contents of the columns of numbers: the thing's own numbers or, if the table has other columns, the
// numbers as text.
func (l *layout) placeText(kind *pipeline.Kind, t *pipeline.Thing) string {
	own := slices.Equal(kind.Columns, l.numbers)
	words := make([]string, 0, len(kind.Columns))
	for i, c := range kind.Columns[:min(len(kind.Columns), len(t.Values))] {
		text := l.number(c, t.Values[i])
		if !own && c.Text != "" {
			text = strings.ReplaceAll(c.Text, "%s", strings.TrimSpace(text))
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}
