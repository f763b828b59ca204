package life

import (
	"cmp"
	"slices"
	"time"

	"corallite/internal/moment"
	"corallite/pipeline"
)

// maxItems is how many items a gate keeps for best moments; further lives end without their picture.
const maxItems = 16

// Gate is the pipeline.Gate of a sink.
type Gate struct {
	o      Options
	env    Env
	lives  map[id]*life
	kept   int           // items kept for best moments
	recent pipeline.Item // the last one; nil: none, or it is not needed
	clock  moment.Clock
	passed map[name]time.Time // when a label was, for MinInterval
}

// id is what has a life.
type id struct {
	model string
	kind  string // of its findings
	track uint64
	label string // of things without a track
}

// name is a label of a model.
type name struct{ model, label string }

// NewGate makes a Gate.
func NewGate(o Options, env Env) (*Gate, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.When == "" {
		o.When = Every
	}
	if o.GoneAfter == 0 {
		o.GoneAfter = GoneAfterPictures
		if env.Sound {
			o.GoneAfter = GoneAfterSound
		}
	}
	return &Gate{o: o, env: env, lives: map[id]*life{}, passed: map[name]time.Time{}}, nil
}

// Pass implements pipeline.Gate.
func (g *Gate) Pass(r pipeline.Report, put func(pipeline.Report)) {
	now, cut := g.clock.At(r.Item.Meta())
	var out []pipeline.Event
	if g.env.Sound && g.o.When != Every && !cut { // chunks with nothing in them may not have come here
		out = g.spaced(g.silent(r.Item, now, put), now)
	}
	if g.o.When == Every {
		for i := range r.Events {
			if ev := r.Events[i]; ev.Empty() || g.space(&ev, now) {
				out = append(out, ev)
			}
		}
		send(r.Item, out, put)
		return
	}
	if cut {
		g.endAll(put)
	}
	for i := range r.Events {
		if ev := g.news(r.Item, &r.Events[i], now, put); g.space(&ev, now) {
			out = append(out, ev)
		}
	}
	out = append(out, g.spaced(g.silent(r.Item, now, put), now)...)
	send(r.Item, out, put)
	if g.o.When != New {
		r.Item.Retain()
		g.forgetRecent()
		g.recent = r.Item
	}
}

// spaced are the events of which MinInterval leaves something.
func (g *Gate) spaced(events []pipeline.Event, now time.Time) (out []pipeline.Event) {
	for _, ev := range events {
		if g.space(&ev, now) {
			out = append(out, ev)
		}
	}
	return out
}

// Silence ends the lives of sounds that were not heard for a while, where the gate is asked only for what was found: now is
// by the clock of live items. Of pictures it knows nothing: an object may be there while nothing moves.
func (g *Gate) Silence(now time.Time, put func(pipeline.Report)) {
	if g.env.Sound && g.recent != nil {
		send(g.recent, g.spaced(g.silent(g.recent, now, put), now), put)
	}
}

// Lost implements pipeline.LossGate: who was there when a camera or a microphone was lost is gone after a while. A track
// that goes on afterwards begins anew.
func (g *Gate) Lost(silent time.Duration, put func(pipeline.Report)) {
	if silent > g.o.GoneAfter && len(g.lives) > 0 {
		g.endAll(put)
	}
}

// End implements pipeline.Gate.
func (g *Gate) End(put func(pipeline.Report)) {
	g.endAll(put)
	g.forgetRecent()
}

func (g *Gate) forgetRecent() {
	if g.recent != nil {
		g.recent.Release()
		g.recent = nil
	}
}

func send(item pipeline.Item, events []pipeline.Event, put func(pipeline.Report)) {
	if len(events) > 0 {
		put(pipeline.Report{Item: item, Events: events})
	}
}

// news takes in an event and returns what of it the sink gets now. Ends go out by themselves, or with it for Change.
func (g *Gate) news(item pipeline.Item, ev *pipeline.Event, now time.Time, put func(pipeline.Report)) pipeline.Event {
	fresh := map[id]bool{}
	Each(&ev.Result, func(f pipeline.Finding, i int, t *pipeline.Thing) {
		who := identify(ev.Model, f.Kind(), t)
		if who.kind == tracks && who.track == 0 && g.env.Tracked != nil && g.env.Tracked(ev.Model) {
			return
		}
		l := g.lives[who]
		if l == nil {
			l = &life{start: now}
			g.lives[who] = l
			fresh[who] = g.o.When != End
		} else if g.o.When == Change && l.changes(f, i, t) {
			fresh[who] = true
		}
		g.take(who, l, sight{item, ev, now}, f, i, t)
	})
	out := *ev
	out.Result = keep(&ev.Result, func(kind *pipeline.Kind, t *pipeline.Thing) bool { return fresh[identify(ev.Model, kind, t)] })
	for _, t := range ev.Ended {
		who := id{model: ev.Model, kind: tracks, track: t.Track}
		if l := g.lives[who]; l != nil {
			l.track = t
			out.Ended = append(out.Ended, g.end(who, l, item, put)...)
		}
	}
	return out
}

// silent ends the lives of labels that were not there for a while. With Change, the events of the ends are returned.
func (g *Gate) silent(item pipeline.Item, now time.Time, put func(pipeline.Report)) (out []pipeline.Event) {
	for _, who := range g.sorted() {
		if l := g.lives[who]; who.track == 0 && now.Sub(l.seen) > g.o.GoneAfter {
			out = append(out, l.eventAt(item, g.end(who, l, item, put))...)
		}
	}
	return out
}

// endAll ends all lives, with the last item.
func (g *Gate) endAll(put func(pipeline.Report)) {
	for _, who := range g.sorted() {
		l := g.lives[who]
		for _, ev := range l.eventAt(g.recent, g.end(who, l, g.recent, put)) {
			if g.space(&ev, l.seen) {
				send(g.recent, []pipeline.Event{ev}, put)
			}
		}
	}
}

// end ends a life. With End, its report goes out; with Change, the track with its life is returned.
func (g *Gate) end(who id, l *life, item pipeline.Item, put func(pipeline.Report)) pipeline.Tracks {
	delete(g.lives, who)
	var ended pipeline.Tracks
	switch g.o.When {
	case Change:
		ended = pipeline.Tracks{l.ended(who)}
	case End:
		ev := l.best.event
		ev.Ended = pipeline.Tracks{l.ended(who)}
		of := l.best.item
		if of == nil {
			of = item
			if g.env.Size != nil { // another picture: nothing is drawn on it
				ev.Result = pipeline.Result{Ended: ev.Ended}
			}
		}
		if g.spaceLabel(who.model, l.track.Label, l.seen) {
			send(of, []pipeline.Event{ev}, put)
		}
	}
	if l.best.item != nil {
		l.best.item.Release()
		l.best.item = nil
		g.kept--
	}
	return ended
}

// sorted are the lives in the order of their beginnings.
func (g *Gate) sorted() []id {
	all := make([]id, 0, len(g.lives))
	for who := range g.lives {
		all = append(all, who)
	}
	slices.SortFunc(all, func(a, b id) int {
		return cmp.Or(g.lives[a].start.Compare(g.lives[b].start), cmp.Compare(a.model, b.model), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.track, b.track), cmp.Compare(a.label, b.label))
	})
	return all
}

// space drops from an event what comes sooner than MinInterval after the same label, and reports whether something is
// left.
func (g *Gate) space(ev *pipeline.Event, now time.Time) bool {
	if g.o.MinInterval == 0 || ev.Empty() {
		return !ev.Empty()
	}
	may := map[string]bool{}
	pass := func(label string) bool {
		ok, asked := may[label]
		if !asked {
			ok = g.spaceLabel(ev.Model, label, now)
			may[label] = ok
		}
		return ok
	}
	ended := slices.Clone(ev.Ended)
	ev.Result = keep(&ev.Result, func(_ *pipeline.Kind, t *pipeline.Thing) bool { return pass(t.Label) })
	ev.Ended = slices.DeleteFunc(ended, func(t pipeline.Track) bool { return !pass(t.Label) })
	if len(ev.Ended) == 0 {
		ev.Ended = nil
	}
	return !ev.Empty()
}

// spaceLabel reports whether a label may pass now, and then remembers that it did.
func (g *Gate) spaceLabel(model, label string, now time.Time) bool {
	if g.o.MinInterval == 0 {
		return true
	}
	last, was := g.passed[name{model, label}]
	if gap := now.Sub(last); was && gap >= 0 && gap < g.o.MinInterval {
		return false
	}
	g.passed[name{model, label}] = now
	return true
}
