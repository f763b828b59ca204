package sink

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"corallite/internal/english"
	"corallite/internal/terminal"
	"corallite/pipeline"
)

const (
	sameSpan  = 1.0 // seconds for which a thing may be out of sight without ending its span
	mostSpans = 8   // maximum number of spans written for a thing
)

// Overview writes a summary for people when a source ends: for a video what was found, in how many frames, how many at
// once, the best score and when; for a picture one line.
//
//	street.mp4: 795 frames, 1:19
//	  LABEL   FRAMES  AT ONCE  BEST  WHEN
//	  person  790     8        0.98  0:00-1:19
//	  car     12      1        0.61  0:03-0:04, 0:10
//	cat.jpg: cat 0.81
//	842 detections in 796 items, 8.1 ms an item on cpu:xnnpack
//
// For a classifier, only the best class of each frame counts. The last line is written at Close, as by Table. It is
// lossless.
type Overview struct {
	w     io.Writer
	width int

	mu     sync.Mutex
	source string
	frames int
	end    float64
	seen   map[string]*sighting
	broken bool
	closed bool
	totals totals
}

// sighting collects where one label was seen in a source.
type sighting struct {
	label  string
	frames int
	most   int     // at once
	best   float32 // score or share
	rating pipeline.Rating
	spans  [][2]float64
}

// NewOverview writes to w, which the caller keeps and closes, in lines of at most width columns; 0: no limit.
func NewOverview(w io.Writer, width int) *Overview {
	return &Overview{w: w, width: width, seen: map[string]*sighting{}, totals: newTotals()}
}

// Consume counts a report. If it is the first of another source, the summary of the previous one is written.
func (v *Overview) Consume(_ context.Context, r pipeline.Report) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return fmt.Errorf("write the overview: %w", os.ErrClosed)
	}
	var err error
	for i := range r.Events {
		ev := &r.Events[i]
		if i == 0 {
			if v.frames > 0 && ev.Source != v.source {
				err = v.finish()
			}
			v.source, v.end = ev.Source, ev.PositionS
			v.frames++
			v.totals.items++
		}
		v.totals.ran(ev)
		v.count(ev)
	}
	return err
}

// count adds what one event found.
func (v *Overview) count(ev *pipeline.Event) {
	now := map[string]*sighting{} // in this frame
	add := func(s sighting) *sighting {
		have := now[s.label]
		if have == nil {
			have = &s
			now[s.label] = have
		}
		have.most++
		have.best = max(have.best, s.best)
		return have
	}
	for f := range ev.Findings() {
		kind, n := f.Kind(), f.Len()
		switch {
		case kind.Gone || kind.Timed || kind.Rating == pipeline.Unrated && named(ev):
			continue
		case kind.Ranked:
			n = min(n, 1)
		}
		for i := range n {
			thing := f.Thing(i)
			s := sighting{label: name(kind, &thing), best: thing.Score, rating: kind.Rating}
			if kind.Rating == pipeline.Unrated {
				s.label = fmt.Sprintf("a %s of %s", kind.Noun, s.label)
			}
			add(s)
		}
		v.totals.add(kind, n)
	}
	for label, s := range now {
		all := v.seen[label]
		if all == nil {
			all = s
			v.seen[label] = all
		}
		all.frames++
		all.most, all.best = max(all.most, s.most), max(all.best, s.best)
		if last := len(all.spans) - 1; last >= 0 && ev.PositionS-all.spans[last][1] <= sameSpan {
			all.spans[last][1] = ev.PositionS
		} else {
			all.spans = append(all.spans, [2]float64{ev.PositionS, ev.PositionS})
		}
	}
}

// named says whether an event has a name for what was found, so that an embedding beside it is no news.
func named(ev *pipeline.Event) bool {
	for f := range ev.Findings() {
		if f.Len() > 0 && f.Kind().Rating != pipeline.Unrated {
			return true
		}
	}
	return false
}

// finish writes the summary of the source that has ended.
func (v *Overview) finish() error {
	var all []*sighting
	for _, s := range v.seen {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *sighting) int {
		if a.frames != b.frames {
			return b.frames - a.frames
		}
		return strings.Compare(a.label, b.label)
	})
	var b bytes.Buffer
	if v.frames == 1 {
		v.picture(&b, all)
	} else {
		v.video(&b, all)
	}
	v.frames, v.seen = 0, map[string]*sighting{}
	return v.write(b.Bytes())
}

func (v *Overview) write(text []byte) error {
	err := writeAll(v.w, text, "the overview")
	v.broken = err != nil
	return err
}

// picture writes the line for a source of one frame.
func (v *Overview) picture(b *bytes.Buffer, all []*sighting) {
	words := []string{"nothing"}
	if len(all) > 0 {
		words = words[:0]
	}
	for _, s := range all {
		switch {
		case s.most > 1:
			words = append(words, fmt.Sprintf("%s (best %s)", english.Count(s.most, s.label), s.bestText()))
		case s.rating == pipeline.Unrated:
			words = append(words, s.label)
		default:
			words = append(words, s.label+" "+s.bestText())
		}
	}
	for _, line := range terminal.Wrap(v.source+": "+strings.Join(words, ", "), v.width) {
		fmt.Fprintln(b, line)
	}
}

// video writes the heading and the table for a source of several frames.
func (v *Overview) video(b *bytes.Buffer, all []*sighting) {
	head := fmt.Sprintf("%s: %d frames, %s", v.source, v.frames, v.stamp(v.end))
	if len(all) == 0 {
		head += ": nothing"
	}
	for _, line := range terminal.Wrap(head, v.width) {
		fmt.Fprintln(b, line)
	}
	table := terminal.Table{Width: v.width, Indent: 2}
	for i, s := range all {
		row := []string{s.label, fmt.Sprint(s.frames), fmt.Sprint(s.most), s.bestText(), v.when(s.spans)}
		heading := []string{"LABEL", "FRAMES", "AT ONCE", "BEST", "WHEN"}
		if s.rating == pipeline.Share {
			heading[3] = "LARGEST"
		}
		if i == 0 {
			table.Row(heading...)
		}
		table.Row(row...)
	}
	_ = table.Print(b) // a buffer takes everything
}

// bestText is the best score, or the largest share.
func (s *sighting) bestText() string {
	switch s.rating {
	case pipeline.Unrated:
		return "-"
	case pipeline.Share:
		return fmt.Sprintf("%.1f %%", 100*s.best)
	}
	return strings.TrimSpace(score(s.best))
}

// when formats the times at which a thing was seen: "0:00-0:12, 0:20", and the number of those left out.
func (v *Overview) when(spans [][2]float64) string {
	var words []string
	for i, s := range spans {
		if i == mostSpans && len(spans) > mostSpans+1 {
			words = append(words, fmt.Sprintf("and %d more", len(spans)-i))
			break
		}
		text := v.stamp(s[0])
		if end := v.stamp(s[1]); end != text {
			text += "-" + end
		}
		words = append(words, text)
	}
	return strings.Join(words, ", ")
}

// stamp formats a time in a recording to the second, in recordings shorter than a minute to a tenth of a second.
func (v *Overview) stamp(seconds float64) string {
	if v.end < 59.95 { // which would be written as 60.0
		return fmt.Sprintf("0:%04.1f", seconds)
	}
	whole := int(seconds)
	if whole >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", whole/3600, whole/60%60, whole%60)
	}
	return fmt.Sprintf("%d:%02d", whole/60, whole%60)
}

// EventsOnly says that the sink does not look at pictures.
func (*Overview) EventsOnly() {}

// Lossless is true.
func (v *Overview) Lossless() bool { return true }

// Close writes the summary of the last source, and the last line.
func (v *Overview) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	if v.totals.items == 0 || v.broken {
		return nil
	}
	if v.frames > 0 {
		if err := v.finish(); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	v.totals.write(&b, v.width, true)
	return v.write(b.Bytes())
}
