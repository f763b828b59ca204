package life

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// rig feeds a gate with items, and keeps what passes.
type rig struct {
	t     *testing.T
	g     *Gate
	items pipetest.Items
	seq   uint64
	at    time.Duration
	got   []got
}

type got struct {
	item  uint64
	event pipeline.Event
}

func newRig(t *testing.T, o Options, env Env) *rig {
	t.Helper()
	g, err := NewGate(o, env)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t: t, g: g}
}

func (r *rig) put(rep pipeline.Report) {
	r.t.Helper()
	if it := rep.Item.(*pipetest.FakeItem); !it.InUse() {
		r.t.Error("an item was put after its release")
	}
	for _, ev := range rep.Events {
		r.got = append(r.got, got{rep.Item.Meta().Seq, ev})
	}
}

// pass passes the next item, 100 ms after the last one, with an event for each result.
func (r *rig) pass(results ...pipeline.Result) {
	r.t.Helper()
	r.seq++
	r.at += 100 * time.Millisecond
	it := r.items.New(r.seq, pipeline.Meta{Seq: r.seq, Time: began.Add(r.at), Source: "camera:0"})
	var events []pipeline.Event
	for _, res := range results {
		events = append(events, pipeline.Event{Time: it.Meta().Time, Seq: r.seq, Model: "coco", Pipeline: "door", Source: "camera:0", Result: res})
	}
	before := fmt.Sprint(events)
	r.g.Pass(pipeline.Report{Item: it, Events: events}, r.put)
	if after := fmt.Sprint(events); after != before {
		r.t.Errorf("the gate changed what other sinks get:\n%s\n%s", before, after)
	}
	it.Release()
}

// end ends the stream, and checks that the gate kept nothing.
func (r *rig) end() {
	r.t.Helper()
	r.g.End(r.put)
	if err := r.items.Err(); err != nil {
		r.t.Error(err)
	}
	if len(r.g.lives) != 0 {
		r.t.Errorf("%d lives are left", len(r.g.lives))
	}
}

// words are what passed: "3: cat#1 +zone, ended cat#1".
func (r *rig) words() string {
	var all []string
	for _, g := range r.got {
		var w []string
		for f := range g.event.Findings() {
			for i := range f.Len() {
				th := f.Thing(i)
				w = append(w, strings.TrimSuffix(fmt.Sprintf("%s %s%d", f.Kind().Key[:1], th.Label, th.Track), "0"))
			}
		}
		all = append(all, fmt.Sprintf("%d: %s", g.item, strings.Join(w, ", ")))
	}
	r.got = nil
	return strings.Join(all, "; ")
}

func found(d ...pipeline.Detection) pipeline.Result {
	return pipeline.Result{Detections: append(pipeline.Detections{}, d...)}
}

func cat(track uint64, score float32) pipeline.Detection {
	return pipeline.Detection{Label: "cat", Index: 16, Score: score, Track: track, Box: [4]float32{10, 10, 110, 60}}
}
