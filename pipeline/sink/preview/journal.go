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
	journalSize = 20          // entries that are kept of a pipeline
	journalRest = time.Second // between two entries of what a model sees, and between two failures
	failureRest = time.Minute // between two entries of the same failure
)

// Entry is something that happened in a pipeline, for people.
type Entry struct {
	ID      uint64    `json:"id"` // counted from 1 within the pipeline
	Time    time.Time `json:"time"`
	Model   string    `json:"model"`
	Text    string    `json:"text"`              // "2 people, 1 dog"
	Warning bool      `json:"warning,omitempty"` // the device changed
}

// journal keeps the last entries. A model that sees the same as before makes none, and one that sees something else in
// every frame makes one a second, so a list of them can be read.
type journal struct {
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

func (j *journal) add(now time.Time, model, text string, warning bool) {
	j.count++
	if len(j.entries) == journalSize {
		j.entries = slices.Delete(j.entries, 0, 1)
	}
	j.entries = append(j.entries, Entry{ID: j.count, Time: now.UTC(), Model: model, Text: text, Warning: warning})
}

// failure notes a failure; one that comes again and again makes an entry now and then.
func (j *journal) failure(now time.Time, model, text string) {
	if text == j.failed.key && now.Sub(j.failed.at) < failureRest || now.Sub(j.failed.at) < journalRest {
		return
	}
	j.failed = seen{text, now}
	j.add(now, model, text, true)
}

// found notes what an event has that the model's last entry had not.
func (j *journal) found(now time.Time, ev *pipeline.Event) {
	if j.models == nil {
		j.models = map[string]seen{}
	}
	for i := range ev.Keywords {
		j.add(now, ev.Model, wordText(&ev.Keywords[i]), false)
	}
	if len(ev.Keywords) > 0 {
		return
	}
	was, known := j.models[ev.Model]
	if comings := trackTexts(ev); comings != nil {
		for _, text := range comings {
			j.add(now, ev.Model, text, false)
		}
		return
	}
	if known && now.Sub(was.at) < journalRest {
		return
	}
	key, text := describe(ev)
	if key == was.key {
		return
	}
	j.models[ev.Model] = seen{key, now}
	if text == "" {
		text = "nothing"
	}
	j.add(now, ev.Model, text, false)
}

// trackTexts tells of objects that came and went; nil when nothing is followed, empty when nothing came or went.
func trackTexts(ev *pipeline.Event) []string {
	var texts []string
	for i := range ev.Detections {
		d := &ev.Detections[i]
		if d.Track == 0 {
			continue
		}
		if texts == nil {
			texts = []string{}
		}
		if d.New {
			texts = append(texts, fmt.Sprintf("%s #%d came", name(d.Label, d.Index), d.Track))
		}
	}
	for _, t := range ev.Ended {
		texts = append(texts, fmt.Sprintf("%s #%d left after %.1f s", name(t.Label, t.Index), t.Track, t.Seconds))
	}
	return texts
}

// describe says what an event has found; two events with the same key are the same to people. Both are empty when
// nothing was found.
func describe(ev *pipeline.Event) (key, text string) {
	switch {
	case ev.Mask != nil:
		return describeMask(ev.Mask)
	case len(ev.Classes) > 0:
		best := &ev.Classes[0]
		label := name(best.Label, best.Index)
		return label, label + " " + percent(best.Score)
	case len(ev.Poses) > 0:
		text = english.Count(len(ev.Poses), "person")
		return text, text
	default:
		text = countLabels(ev.Detections)
		return text, text
	}
}

// describeMask names the segments that have half a percent or more; small changes of their shares are no news.
func describeMask(m *pipeline.Mask) (key, text string) {
	var names, shares []string
	for _, s := range m.Segments {
		if strings.EqualFold(s.Label, "background") || s.Share < 0.005 {
			continue
		}
		label := name(s.Label, s.Index)
		names = append(names, label)
		shares = append(shares, label+" "+percent(s.Share))
	}
	slices.Sort(names)
	return strings.Join(names, ", "), strings.Join(shares, ", ")
}

// countLabels is "2 people, 1 dog": what there is most of first. What a second model says of an object stands for its
// class.
func countLabels(detections []pipeline.Detection) string {
	counts := map[string]int{}
	for i := range detections {
		d := &detections[i]
		label := name(d.Label, d.Index)
		if len(d.Classes) > 0 {
			label = name(d.Classes[0].Label, d.Classes[0].Index)
		}
		counts[label]++
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

// wordText is a word that was heard, and how sure the model is.
func wordText(w *pipeline.Keyword) string {
	return fmt.Sprintf("“%s” %s", w.Label, percent(w.Score))
}

func name(label string, index int) string {
	if label == "" {
		return fmt.Sprintf("#%d", index)
	}
	return label
}

func percent(score float32) string {
	return fmt.Sprintf("%.0f%%", 100*math.Min(math.Max(float64(score), -1), 1))
}
