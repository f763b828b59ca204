package preview

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"corallite/internal/english"
	"corallite/pipeline"
)

const (
	logSize     = 20          // entries that are kept of a pipeline
	logRest     = time.Second // between two entries of what a model sees, and between two failures
	failureRest = time.Minute // between two entries of the same failure
)

// Entry is something that happened in a pipeline, in words.
type Entry struct {
	ID      uint64    `json:"id"` // counted from 1 within the pipeline
	Time    time.Time `json:"time"`
	Model   string    `json:"model"`
	Text    string    `json:"text"`              // "2 people, 1 dog"
	Warning bool      `json:"warning,omitempty"` // the device changed
}

// eventLog keeps the last entries. A model that sees the same as before adds none, and one that sees something else in
// every frame adds one a second, so that people can read along.
type eventLog struct {
	entries []Entry // the oldest first
	count   uint64
	models  map[string]seen
	failed  seen
}

// seen is what the last entry of a model said.
type seen struct {
	key string
	at  time.Time
}

func (l *eventLog) add(now time.Time, model, text string, warning bool) {
	l.count++
	if len(l.entries) == logSize {
		l.entries = slices.Delete(l.entries, 0, 1)
	}
	l.entries = append(l.entries, Entry{ID: l.count, Time: now.UTC(), Model: model, Text: text, Warning: warning})
}

// failure adds a failure; one that repeats adds an entry only now and then.
func (l *eventLog) failure(now time.Time, model, text string) {
	if text == l.failed.key && now.Sub(l.failed.at) < failureRest || now.Sub(l.failed.at) < logRest {
		return
	}
	l.failed = seen{text, now}
	l.add(now, model, text, true)
}

// found adds entries for what is new in an event.
func (l *eventLog) found(now time.Time, ev *pipeline.Event) {
	if l.models == nil {
		l.models = map[string]seen{}
	}
	texts, tells := happenings(ev)
	for _, text := range texts {
		l.add(now, ev.Model, text, false)
	}
	if tells {
		return
	}
	was, known := l.models[ev.Model]
	if known && now.Sub(was.at) < logRest {
		return
	}
	key, text := describe(ev)
	if key == was.key {
		return
	}
	l.models[ev.Model] = seen{key, now}
	if text == "" {
		text = "nothing"
	}
	l.add(now, ev.Model, text, false)
}

// happenings describes what happened: words, and objects that appeared and left. tells is false when nothing is timed or
// followed: then what is there is worth an entry.
func happenings(ev *pipeline.Event) (texts []string, tells bool) {
	for f := range ev.Findings() {
		kind := f.Kind()
		for i := range f.Len() {
			t := f.Thing(i)
			text := ""
			switch {
			case kind.Timed:
				text = fmt.Sprintf("“%s” %s", name(kind, &t), percent(t.Score))
			case kind.Gone:
				text = fmt.Sprintf("%s #%d left after %.1f s", name(kind, &t), t.Track, t.EndS-t.StartS)
			case t.New:
				text = fmt.Sprintf("%s #%d appeared", name(kind, &t), t.Track)
			case t.Track == 0:
				continue
			}
			tells = true
			if text != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts, tells
}

// describe puts into words what an event has found; events with the same key look the same to people. Both are empty
// when nothing was found.
func describe(ev *pipeline.Event) (key, text string) {
	var keys, texts []string
	for f := range ev.Findings() {
		switch kind := f.Kind(); {
		case f.Len() == 0 || kind.Rating == pipeline.Unrated:
			continue
		case kind.Rating == pipeline.Share:
			key, text = describeShares(f)
		case kind.Ranked:
			best := f.Thing(0)
			key = name(kind, &best)
			text = key + " " + percent(best.Score)
		default:
			text = countLabels(f)
			key = text
		}
		keys, texts = append(keys, key), append(texts, text)
	}
	return strings.Join(keys, ", "), strings.Join(texts, ", ")
}

// describeShares names the things with half a percent or more; the key leaves out the shares, whose small changes are not
// news.
func describeShares(f pipeline.Finding) (key, text string) {
	var names, shares []string
	for i := range f.Len() {
		t := f.Thing(i)
		if t.Background || t.Score < 0.005 {
			continue
		}
		label := name(f.Kind(), &t)
		names = append(names, label)
		shares = append(shares, label+" "+percent(t.Score))
	}
	slices.Sort(names)
	return strings.Join(names, ", "), strings.Join(shares, ", ")
}

// countLabels is "2 people, 1 dog", the most frequent first. What a second model says of a thing replaces its class.
func countLabels(f pipeline.Finding) string {
	counts := map[string]int{}
	for i := range f.Len() {
		t := f.Thing(i)
		if len(t.Classes) > 0 {
			t.Label, t.Index = t.Classes[0].Label, t.Classes[0].Index
		}
		counts[name(f.Kind(), &t)]++
	}
	labels := make([]string, 0, len(counts))
	for l := range counts {
		labels = append(labels, l)
	}
	slices.SortFunc(labels, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, l := range labels {
		labels[i] = english.Count(counts[l], l)
	}
	return strings.Join(labels, ", ")
}

func deviceText(ev *pipeline.Event) string {
	text := "now on " + ev.Device
	if ev.Reason != "" {
		text += ": " + ev.Reason
	}
	return text
}

func name(kind *pipeline.Kind, t *pipeline.Thing) string {
	switch {
	case t.Label != "":
		return t.Label
	case t.Index == pipeline.NoIndex:
		return kind.Noun
	}
	return fmt.Sprintf("#%d", t.Index)
}

func percent(score float32) string {
	return fmt.Sprintf("%.0f%%", 100*math.Min(math.Max(float64(score), -1), 1))
}
