package life

import (
	"math"
	"slices"
	"time"

	"corallite/pipeline"
)

// maxPath is the number of points of a path. When there are more, every other one is left out.
const maxPath = 64

// life is what is known of a thing while it is there.
type life struct {
	track       pipeline.Track // its label and index; of a track that has ended, all
	event       pipeline.Event // the last one, without its findings
	start, seen time.Time
	first, last time.Time // wall-clock times of the items, as start and seen
	from, to    float64   // seconds into the recording, or since the stream began
	frames      int
	class       string // of the secondary model
	best        best
	path        [][3]float64
	step, skip  int // of the path: each step-th point is kept; skipped since the last
}

// best is a thing's best moment.
type best struct {
	known   bool
	quality float64
	score   float32
	box     *[4]float32
	event   pipeline.Event
	item    pipeline.Item // nil: not kept
	time    time.Time
}

// sight is the event of an item that is looked at.
type sight struct {
	item pipeline.Item
	ev   *pipeline.Event
	now  time.Time
}

// tracks is the kind of findings that are tracked.
const tracks = "detections"

// identify is who a thing is.
func identify(model string, kind *pipeline.Kind, t *pipeline.Thing) id {
	if t.Track != 0 {
		return id{model: model, kind: tracks, track: t.Track}
	}
	return id{model: model, kind: kind.Key, label: t.Label}
}

// Each calls f with all things of a result that are there: not with the background, further answers, or what is gone. They
// are what has a life, and what is counted.
func Each(r *pipeline.Result, f func(of pipeline.Finding, i int, t *pipeline.Thing)) {
	for of := range r.Findings() {
		kind, n := of.Kind(), of.Len()
		if kind.Gone || kind.Rating == pipeline.Unrated {
			continue
		}
		if kind.Ranked {
			n = min(n, 1)
		}
		for i := range n {
			if t := of.Thing(i); !t.Background {
				f(of, i, &t)
			}
		}
	}
}

// keep is the part of a result with the things that are wanted, and what belongs to all of it, such as counts. Of other
// answers, masks and findings of other packages, all is kept when something of it is.
func keep(r *pipeline.Result, want func(*pipeline.Kind, *pipeline.Thing) bool) (out pipeline.Result) {
	one := func(of pipeline.Finding, i int) bool { t := of.Thing(i); return want(of.Kind(), &t) }
	some := func(of pipeline.Finding) bool {
		found := false
		Each(&pipeline.Result{Other: []pipeline.Finding{of}}, func(of pipeline.Finding, _ int, t *pipeline.Thing) {
			found = found || want(of.Kind(), t)
		})
		return found
	}
	for i := range r.Detections {
		if one(r.Detections, i) {
			out.Detections = append(out.Detections, r.Detections[i])
		}
	}
	for i := range r.Poses {
		if one(r.Poses, i) {
			out.Poses = append(out.Poses, r.Poses[i])
		}
	}
	for i := range r.Keywords {
		if one(r.Keywords, i) {
			out.Keywords = append(out.Keywords, r.Keywords[i])
		}
	}
	if some(r.Classes) {
		out.Classes, out.Embedding = r.Classes, r.Embedding
	}
	if r.Mask != nil && some(r.Mask) {
		out.Mask = r.Mask
	}
	for _, of := range r.Other {
		if of.Len() == 0 || some(of) {
			out.Other = append(out.Other, of)
		}
	}
	return out
}

// changes reports whether a detection says more than that the thing is still there.
func (l *life) changes(of pipeline.Finding, i int, t *pipeline.Thing) bool {
	if len(t.Classes) > 0 && t.Classes[0].Label != l.class {
		return true
	}
	d, ok := detection(of, i)
	return ok && (len(d.Entered) > 0 || len(d.Left) > 0 || len(d.Crossed) > 0)
}

// detection is the detection that a thing is.
func detection(of pipeline.Finding, i int) (*pipeline.Detection, bool) {
	switch all := of.(type) {
	case *pipeline.Detections:
		return &(*all)[i], true
	case pipeline.Detections:
		return &all[i], true
	}
	return nil, false
}

// take takes in that a thing is there.
func (g *Gate) take(who id, l *life, m sight, of pipeline.Finding, i int, t *pipeline.Thing) {
	meta := m.item.Meta()
	begin := l.frames == 0
	if m.now.After(l.seen) || begin { // not another one with the same label
		l.frames++
	}
	l.seen, l.last = m.now, meta.Time
	l.event = *m.ev
	l.event.Result = pipeline.Result{}
	l.track.Track, l.track.Label, l.track.Index = who.track, t.Label, t.Index
	if len(t.Classes) > 0 {
		l.class = t.Classes[0].Label
	}
	from, to := meta.Position.Seconds(), meta.Position.Seconds()
	if of.Kind().Timed {
		from, to = t.StartS, t.EndS
	}
	if begin {
		l.from, l.first = from, meta.Time.Add(-time.Duration((to-from)*float64(time.Second)))
	}
	l.to = max(l.to, to)
	box, hasBox := boxOf(of.Kind(), t)
	if hasBox && who.track != 0 {
		l.walk(m.now.Sub(l.start).Seconds(), box)
	}
	if !t.Predicted { // which is no moment to be seen
		g.rate(who, l, m, t, box, hasBox)
	}
}

// boxOf is a thing's box.
func boxOf(kind *pipeline.Kind, t *pipeline.Thing) (box [4]float32, ok bool) {
	if !slices.Equal(kind.Columns, pipeline.BoxColumns()) {
		return box, false
	}
	for i := range box {
		box[i] = float32(t.Values[i])
	}
	return box, true
}

// walk adds to the path the middle of the lower edge of a box.
func (l *life) walk(seconds float64, box [4]float32) {
	l.step = max(l.step, 1)
	if l.skip++; l.skip < l.step && len(l.path) > 0 {
		return
	}
	l.skip = 0
	if len(l.path) == maxPath {
		for i := range maxPath / 2 {
			l.path[i] = l.path[2*i]
		}
		l.path = l.path[:maxPath/2]
		l.step *= 2
	}
	l.path = append(l.path, [3]float64{seconds, (float64(box[0]) + float64(box[2])) / 2, float64(box[3])})
}

// rate keeps the moment if it is the best so far.
func (g *Gate) rate(who id, l *life, m sight, t *pipeline.Thing, box [4]float32, hasBox bool) {
	quality := float64(t.Score)
	if hasBox && g.env.Size != nil {
		if w, h := g.env.Size(m.item); w > 0 && h > 0 {
			share := float64(box[2]-box[0]) * float64(box[3]-box[1]) / (float64(w) * float64(h))
			quality *= math.Sqrt(min(max(share, 0), 1))
		}
		if g.env.Sharpness != nil && quality >= l.best.quality { // else it cannot become better
			quality *= (1 + min(max(g.env.Sharpness(m.item, box), 0), 1)) / 2
		}
	}
	if math.IsNaN(quality) {
		quality = 0
	}
	l.best.score = max(l.best.score, t.Score)
	if l.best.known && quality <= l.best.quality {
		return
	}
	b := &l.best
	b.known, b.quality, b.time = true, quality, m.item.Meta().Time
	b.event = *m.ev
	b.event.Result = keep(&m.ev.Result, func(kind *pipeline.Kind, t *pipeline.Thing) bool { return identify(m.ev.Model, kind, t) == who })
	// Counts belong to the moment of a report, which is later.
	b.event.Other = slices.DeleteFunc(b.event.Other, func(f pipeline.Finding) bool { return f.Len() == 0 })
	if hasBox {
		b.box = &box
	}
	if g.o.When != End || g.env.Size == nil {
		return
	}
	switch {
	case b.item != nil:
		b.item.Release()
	case g.kept == maxItems:
		return
	default:
		g.kept++
	}
	m.item.Retain()
	b.item = m.item
}

// ended is the track with its life, for a report.
func (l *life) ended(who id) pipeline.Track {
	t := l.track
	if who.track == 0 || t.Frames == 0 { // no tracker has counted
		t.Frames, t.Seconds = l.frames, max(l.seen.Sub(l.start).Seconds(), l.to-l.from)
	}
	t.Life = &pipeline.Life{
		Start: l.first, End: l.last, StartS: l.from, EndS: l.to, Path: l.path,
		Best: pipeline.Best{Time: l.best.time, Seq: l.best.event.Seq, PositionS: l.best.event.PositionS, Score: l.best.score, Box: l.best.box},
	}
	return t
}

// eventAt is the event of an item with tracks that have ended; none without any.
func (l *life) eventAt(item pipeline.Item, ended pipeline.Tracks) []pipeline.Event {
	if len(ended) == 0 || item == nil {
		return nil
	}
	ev, m := l.event, item.Meta()
	ev.Time, ev.Seq, ev.Source, ev.PositionS = m.Time, m.Seq, m.Source, m.Position.Seconds()
	ev.Result = pipeline.Result{Ended: ended}
	return []pipeline.Event{ev}
}
