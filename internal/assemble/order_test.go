package assemble

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"corallite/configs"
	"corallite/internal/life"
	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/vision"
)

// list are items at positions in files.
type list struct {
	items pipetest.Items
	at    []pipeline.Meta
}

// told keeps the reports in the order in which a sink got them.
type told struct {
	mu sync.Mutex
	at []pipeline.Meta
}

func (s *told) Consume(_ context.Context, r pipeline.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, *r.Item.Meta())
	return nil
}
func (s *told) Lossless() bool { return true }
func (s *told) Close() error   { return nil }

// play is a stream's part: each item through the gates of all sinks, and queues in front of them.
func play(l *list, name string, side int, sinks []pipeline.Sink, gates []*orderedGate, finds func(sink int) bool, rnd *rand.Rand) {
	queues := make([]chan pipeline.Report, len(sinks))
	var all sync.WaitGroup
	for i := range sinks {
		queues[i] = make(chan pipeline.Report, 1+rnd.IntN(3))
		all.Go(func() {
			for r := range queues[i] {
				_ = sinks[i].Consume(context.Background(), r)
				r.Item.Release()
			}
			_ = sinks[i].Close()
		})
	}
	for i, m := range l.at {
		item := l.items.New(uint64(i), m)
		for i := range sinks {
			r := pipeline.Report{Item: item}
			if finds(i) {
				r.Events = []pipeline.Event{{Model: name}}
			}
			gates[i].Pass(r, func(r pipeline.Report) { r.Item.Retain(); queues[i] <- r })
		}
		item.Release()
		if rnd.IntN(5) == 0 {
			time.Sleep(time.Duration(rnd.IntN(200)) * time.Microsecond)
		}
	}
	for i := range sinks {
		gates[i].End(func(r pipeline.Report) { r.Item.Retain(); queues[i] <- r })
		close(queues[i])
	}
	all.Wait()
}

// TestOrder plays pictures and sound of the same files into several sinks: each gets the reports in the order of their
// times, and nothing waits for ever.
func TestOrder(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		files := []string{"a.png", "a.mp4", "b.mp4", "c.mp4"}
		var lists [2]list
		for i, f := range files {
			at := func(side int, step time.Duration, n int) {
				for k := range n {
					lists[side].at = append(lists[side].at, pipeline.Meta{Source: f, Position: time.Duration(k) * step})
				}
			}
			if i == 0 {
				at(0, 0, 1) // a picture has no sound
				continue
			}
			at(0, time.Duration(1+rnd.IntN(90))*time.Millisecond, rnd.IntN(30))
			at(1, 100*time.Millisecond, rnd.IntN(20))
		}
		tolds, orders := make([]*told, 3), make([]*order, 3)
		halves, gates := [2][]pipeline.Sink{}, [2][]*orderedGate{}
		for i := range tolds {
			tolds[i], orders[i] = &told{}, newOrder(files)
			all := &shared{sink: tolds[i], order: orders[i]}
			one, two := all.of(0), all.of(1)
			halves[0], halves[1] = append(halves[0], one), append(halves[1], two)
			for side := range gates {
				gates[side] = append(gates[side], &orderedGate{orders[i], side, nil})
			}
		}
		odds := [2]int{1 + rnd.IntN(2), 1 + rnd.IntN(8)}
		var both sync.WaitGroup
		for side := range 2 {
			own := rand.New(rand.NewPCG(seed, uint64(side)+2))
			both.Go(func() {
				play(&lists[side], []string{"seen", "heard"}[side], side, halves[side], gates[side], func(int) bool { return own.IntN(odds[side]) == 0 }, own)
			})
		}
		done := make(chan struct{})
		go func() { both.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("seed %d: it hangs", seed)
		}
		for i, s := range tolds {
			var places []place
			for _, m := range s.at {
				places = append(places, place{slices.Index(files, m.Source), int64(m.Position)})
			}
			if len(places) == 0 || !slices.IsSortedFunc(places, place.compare) {
				t.Errorf("seed %d: sink %d got %v", seed, i, places)
			}
		}
		for side := range lists {
			if err := lists[side].items.Err(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOrderOfTheSameFileTwice: it begins anew where its times go back, and a file of another name comes last.
func TestOrderOfTheSameFileTwice(t *testing.T) {
	o := newOrder([]string{"a.mp4", "b.png", "a.mp4"})
	for i, c := range []struct {
		side     int
		source   string
		position int64
		file     int
	}{{0, "a.mp4", 1, 0}, {1, "a.mp4", 0, 0}, {0, "a.mp4", 2, 0}, {0, "b.png", 0, 1}, {1, "a.mp4", 5, 0}, {1, "a.mp4", 0, 2}, {0, "a.mp4", 0, 2}, {0, "other.mp4", 0, 3}, {1, "other.mp4", 0, 3}} {
		o.item(c.side, &pipeline.Meta{Source: c.source, Position: time.Duration(c.position)})
		if got := o.sides[c.side].at; got != (place{c.file, c.position}) {
			t.Errorf("item %d: %v", i, got)
		}
	}
}

// TestGatesBesideEachOther: the sound of a recording is ahead of its pictures, and ends no life of theirs.
func TestGatesBesideEachOther(t *testing.T) {
	b := NewBuilder(&configs.Config{}, Options{Console: LogConsole(slog.New(slog.DiscardHandler))})
	p := b.bothPlan("yard", configs.Pipeline{}, nil, nil)
	if p.pictures.heard == nil {
		t.Fatal("pictures do not know how their sound passes")
	}
	seen, err := p.pictures.newGate(life.Options{When: life.Change}, false)
	if err != nil {
		t.Fatal(err)
	}
	gate, err := newBesideGate(seen, p.pictures.heard, life.Options{When: life.Change})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	put := func(r pipeline.Report) {
		for _, ev := range r.Events {
			for f := range ev.Findings() {
				for i := range f.Len() {
					got = append(got, fmt.Sprintf("%s %s", f.Kind().Key, f.Thing(i).Label))
				}
			}
		}
	}
	var chunks audio.Pool
	frames := vision.NewPool(4)
	defer frames.Close()
	for i := range 10 {
		f, err := frames.Get()
		if err != nil {
			t.Fatal(err)
		}
		*f.Meta() = pipeline.Meta{Source: "a.mp4", Position: time.Duration(i+1) * 40 * time.Millisecond, Time: time.Unix(1e9, 0)}
		gate.Pass(pipeline.Report{Item: f, Events: []pipeline.Event{{Model: "coco", Result: pipeline.Result{Detections: pipeline.Detections{{Label: "cat"}}}}}}, put)
		f.Release()
		c := chunks.Get(160)
		*c.Meta() = pipeline.Meta{Source: "a.mp4", Position: time.Duration(i+1) * time.Second, Time: time.Unix(1e9, 0)}
		var events []pipeline.Event
		if i == 2 || i == 9 {
			events = []pipeline.Event{{Model: "nabu", Result: pipeline.Result{Keywords: pipeline.Keywords{{Label: "okay"}}}}}
		}
		gate.Pass(pipeline.Report{Item: c, Events: events}, put)
		c.Release()
	}
	gate.End(put)
	if want := []string{"detections cat", "keywords okay", "ended okay", "keywords okay", "ended cat", "ended okay"}; !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}
