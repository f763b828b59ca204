package life

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

func TestCatIsOneEvent(t *testing.T) {
	for when, want := range map[When]string{
		New:    "3: d cat1",
		End:    "12: d cat1, e cat1",
		Change: "3: d cat1; 23: e cat1",
		Every:  "",
	} {
		r := newRig(t, Options{When: when}, Env{Size: func(pipeline.Item) (int, int) { return 640, 480 }})
		r.pass(found())
		r.pass(found())
		for i := range 20 {
			score := float32(0.8)
			if i == 9 {
				score = 0.9
			}
			r.pass(found(cat(1, score)))
		}
		r.pass(pipeline.Result{Detections: pipeline.Detections{}, Ended: pipeline.Tracks{{Track: 1, Label: "cat", Index: 16, Frames: 21, Seconds: 2}}})
		r.pass(found())
		n := len(r.got)
		if when == Every && n != 24 {
			t.Errorf("every: %d", n)
		}
		if words := r.words(); when != Every && words != want {
			t.Errorf("%s: %s", when, words)
		}
		r.end()
		if len(r.got) != 0 {
			t.Errorf("%s: at the end %s", when, r.words())
		}
	}
}

func TestLifeOfATrack(t *testing.T) {
	r := newRig(t, Options{When: End}, Env{Size: func(pipeline.Item) (int, int) { return 640, 480 }})
	r.pass(found(cat(7, 0.8)))
	r.pass(found(cat(7, 0.91234)))
	r.pass(found(cat(7, 0.7)))
	r.pass(pipeline.Result{Ended: pipeline.Tracks{{Track: 7, Label: "cat", Index: 16, Frames: 4, Seconds: 0.3, Zones: []pipeline.Visit{{Zone: "sofa", Seconds: 0.2}}}}})
	if len(r.got) != 1 || r.got[0].item != 2 {
		t.Fatalf("%+v", r.got)
	}
	line, err := json.Marshal(r.got[0].event)
	want := `{"time":"2026-01-02T03:04:05.200Z","pipeline":"door","seq":2,"source":"camera:0","model":"coco","task":"","device":"","degraded":false,` +
		`"latency_ms":{"prepare":0,"invoke":0,"decode":0,"total":0},"detections":[{"label":"cat","index":16,"score":0.9123,"box":[10,10,110,60],"track":7}],` +
		`"ended":[{"track":7,"label":"cat","index":16,"frames":4,"seconds":0.3,"zones":[{"zone":"sofa","seconds":0.2}],` +
		`"life":{"start":"2026-01-02T03:04:05.100Z","end":"2026-01-02T03:04:05.300Z","path":[[0,60,60],[0.1,60,60],[0.2,60,60]],` +
		`"best":{"time":"2026-01-02T03:04:05.200Z","seq":2,"score":0.9123,"box":[10,10,110,60]}}}]}`
	if err != nil || string(line) != want {
		t.Errorf("%v\n%s\n%s", err, line, want)
	}
	r.end()
}

func TestEndOfStreamEndsAll(t *testing.T) {
	for when, want := range map[When]string{New: "", End: "1: d cat1, e cat1; 2: d dog, e dog", Change: "2: e cat1; 2: e dog"} {
		r := newRig(t, Options{When: when}, Env{Size: func(pipeline.Item) (int, int) { return 640, 480 }})
		r.pass(found(cat(1, 0.8)))
		r.pass(found(cat(1, 0.7), pipeline.Detection{Label: "dog", Score: 0.5, Box: [4]float32{0, 0, 9, 9}}))
		r.words()
		r.end()
		if got := r.words(); got != want {
			t.Errorf("%s: %s", when, got)
		}
	}
}

func TestLabelsWithoutTracks(t *testing.T) {
	r := newRig(t, Options{When: Change, GoneAfter: 300 * time.Millisecond}, Env{})
	dog := pipeline.Detection{Label: "dog", Score: 0.5}
	for _, n := range []int{0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0} {
		r.pass(found(slices.Repeat([]pipeline.Detection{dog}, n)...))
	}
	// Two dogs come at once; that the second joins is no news. Gone for 300 ms is not gone yet.
	if got, want := r.words(), "2: d dog; 11: e dog; 13: d dog; 17: e dog"; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	r.end()
	// No event at all is as good as an event with nothing.
	r = newRig(t, Options{When: End, GoneAfter: 300 * time.Millisecond}, Env{})
	r.pass(found(dog))
	for range 5 {
		r.pass()
	}
	if got := r.words(); got != "4: d dog, e dog" && got != "5: d dog, e dog" {
		t.Errorf("%s", got)
	}
	r.end()
}

func TestChange(t *testing.T) {
	r := newRig(t, Options{When: Change}, Env{})
	with := func(f func(*pipeline.Detection)) pipeline.Result {
		d := cat(1, 0.5)
		f(&d)
		return found(d, cat(2, 0.5))
	}
	r.pass(with(func(*pipeline.Detection) {}))
	r.pass(with(func(*pipeline.Detection) {}))
	r.pass(with(func(d *pipeline.Detection) { d.Entered = []string{"door"} }))
	r.pass(with(func(d *pipeline.Detection) { d.Zones = []string{"door"} }))
	r.pass(with(func(d *pipeline.Detection) { d.Left = []string{"door"} }))
	r.pass(with(func(d *pipeline.Detection) { d.Crossed = []pipeline.Crossing{{Line: "gate"}} }))
	r.pass(with(func(d *pipeline.Detection) { d.Classes = []pipeline.Class{{Label: "Tom"}} }))
	r.pass(with(func(d *pipeline.Detection) { d.Classes = []pipeline.Class{{Label: "Tom"}} }))
	r.pass(with(func(*pipeline.Detection) {}))
	r.pass(with(func(d *pipeline.Detection) { d.Classes = []pipeline.Class{{Label: "Jerry"}} }))
	if got, want := r.words(), "1: d cat1, d cat2; 3: d cat1; 5: d cat1; 6: d cat1; 7: d cat1; 10: d cat1"; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	r.end()
}

// owl is one call of an owl, as a model with windows of three seconds hears it.
func owl(start, score float64) pipeline.Result {
	return pipeline.Result{Keywords: pipeline.Keywords{{Label: "owl", Score: float32(score), StartS: start, EndS: start + 3}}}
}

func TestOwl(t *testing.T) {
	r := newRig(t, Options{When: End}, Env{Sound: true})
	for i := range 300 { // 30 s; an item without an event is silence
		switch s := float64(i) / 10; s {
		case 6:
			r.pass(owl(3, 0.6))
		case 9:
			r.pass(owl(6, 0.9))
		case 12:
			r.pass(owl(9, 0.7))
		case 15:
			r.pass(owl(12, 0.65))
		default:
			r.pass()
		}
	}
	if len(r.got) != 1 {
		t.Fatalf("%s", r.words())
	}
	ev := r.got[0].event
	e := ev.Ended[0]
	if e.Label != "owl" || e.Seconds != 12 || e.Life.StartS != 3 || e.Life.EndS != 15 || e.Life.Best.Score != 0.9 || len(ev.Keywords) != 1 || ev.Keywords[0].StartS != 6 || e.Frames != 4 {
		t.Errorf("%+v %+v %+v", e, e.Life, ev.Keywords)
	}
	r.end()
	r = newRig(t, Options{When: New}, Env{Sound: true})
	for i := range 4 {
		r.pass(owl(float64(i), 0.6))
	}
	if got := r.words(); got != "1: k owl" {
		t.Errorf("%s", got)
	}
	r.end()
}

func TestMinInterval(t *testing.T) {
	r := newRig(t, Options{MinInterval: 500 * time.Millisecond}, Env{})
	dog := pipeline.Detection{Label: "dog", Score: 0.5}
	for i := range 12 {
		switch {
		case i == 3:
			r.pass(found(dog, cat(1, 0.5)))
		case i == 11:
			r.pass(found())
		default:
			r.pass(found(dog))
		}
	}
	if got, want := r.words(), "1: d dog; 4: d cat1; 6: d dog; 11: d dog; 12: "; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	r.end()
	r = newRig(t, Options{When: New, MinInterval: time.Second}, Env{})
	for i := range 30 {
		r.pass(found(cat(uint64(i+1), 0.5)))
	}
	if got, want := r.words(), "1: d cat1; 11: d cat11; 21: d cat21"; got != want {
		t.Errorf("%s", got)
	}
	r.end()
}

func TestBestMoment(t *testing.T) {
	sharp := map[uint64]float64{1: 0.1, 2: 1, 3: 0.9, 4: 1}
	r := newRig(t, Options{When: End}, Env{
		Size:      func(pipeline.Item) (int, int) { return 200, 100 },
		Sharpness: func(it pipeline.Item, _ [4]float32) float64 { return sharp[it.Meta().Seq] },
	})
	for _, c := range []struct {
		score float32
		side  float32
	}{{0.9, 50}, {0.8, 50}, {0.8, 50}, {0.9, 30}} { // certain and blurred; sharp; less sharp; certain, sharp and small
		r.pass(found(pipeline.Detection{Label: "cat", Track: 1, Score: c.score, Box: [4]float32{0, 0, c.side, c.side}}))
	}
	r.end()
	if len(r.got) != 1 || r.got[0].item != 2 || r.got[0].event.Ended[0].Life.Best.Score != 0.9 || r.got[0].event.Detections[0].Score != 0.8 {
		t.Errorf("%+v", r.got)
	}
}

// TestBestOfSeveral has several things of one label in the first item: the best one is its moment, not the last one.
func TestBestOfSeveral(t *testing.T) {
	r := newRig(t, Options{When: End}, Env{Size: func(pipeline.Item) (int, int) { return 200, 100 }})
	dog := func(score, side float32) pipeline.Detection {
		return pipeline.Detection{Label: "dog", Score: score, Box: [4]float32{0, 0, side, side}}
	}
	r.pass(found(dog(0.9, 50), dog(0.5, 20)))
	r.pass(found(dog(0.6, 50)))
	r.end()
	if len(r.got) != 1 || r.got[0].item != 1 {
		t.Fatalf("%+v", r.got)
	}
	if e := r.got[0].event.Ended[0]; e.Frames != 2 || e.Life.Best.Seq != 1 || e.Life.Best.Score != 0.9 || *e.Life.Best.Box != [4]float32{0, 0, 50, 50} {
		t.Errorf("%+v %+v", e, e.Life)
	}
}

func TestMoreLivesThanPictures(t *testing.T) {
	r := newRig(t, Options{When: End}, Env{Size: func(pipeline.Item) (int, int) { return 640, 480 }})
	var d []pipeline.Detection
	for i := range 3 * maxItems {
		d = append(d, cat(uint64(i+1), 0.5))
	}
	r.pass(found(d...))
	for range 10 {
		r.pass(found())
	}
	if n := r.items.Alive(); n != 2 { // the best moment of all, and the last one
		t.Errorf("%d items are kept", n)
	}
	r.end()
	with := 0
	for _, g := range r.got {
		if len(g.event.Ended) != 1 || g.event.Ended[0].Life.Best.Seq != 1 {
			t.Fatalf("%+v", g.event)
		}
		if len(g.event.Detections) > 0 {
			with++
			if g.item != 1 {
				t.Error("a detection is drawn on another picture")
			}
		}
	}
	if len(r.got) != 3*maxItems || with != maxItems {
		t.Errorf("%d ends, %d with a picture", len(r.got), with)
	}
}

func TestOtherFindings(t *testing.T) {
	r := newRig(t, Options{When: New}, Env{})
	r.pass(pipeline.Result{Classes: pipeline.Classes{{Label: "robin", Score: 0.8}, {Label: "wren", Score: 0.1}}, Embedding: pipeline.Vector{1}})
	r.pass(pipeline.Result{Classes: pipeline.Classes{{Label: "robin", Score: 0.8}, {Label: "owl", Score: 0.1}}})
	r.pass(pipeline.Result{Classes: pipeline.Classes{{Label: "wren", Score: 0.8}, {Label: "robin", Score: 0.1}}})
	r.pass(pipeline.Result{Poses: pipeline.Poses{{Score: 0.5}, {Score: 0.6}}})
	r.pass(pipeline.Result{Poses: pipeline.Poses{{Score: 0.5}}})
	r.pass(pipeline.Result{Embedding: pipeline.Vector{1}})
	r.pass(pipeline.Result{Mask: &pipeline.Mask{Segments: []pipeline.Segment{{Label: "background"}, {Label: "cat", Share: 0.2}}}})
	r.pass(pipeline.Result{Mask: &pipeline.Mask{Segments: []pipeline.Segment{{Label: "background"}, {Label: "cat", Share: 0.2}}}})
	if got, want := r.words(), "1: c robin, c wren, e 1 numbers; 3: c wren, c robin; 4: p , p ; 7: m background, m cat"; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	r.end()
}

// TestRecordingBeginsAnew has a recording that is played again: what was there has ended.
func TestRecordingBeginsAnew(t *testing.T) {
	r := newRig(t, Options{When: New}, Env{})
	for i, position := range []time.Duration{0, 100, 200, 0, 100, 5000} {
		it := r.items.New(1, pipeline.Meta{Seq: uint64(i), Time: began, Position: position * time.Millisecond})
		r.g.Pass(pipeline.Report{Item: it, Events: []pipeline.Event{{Model: "coco", Result: found(pipeline.Detection{Label: "dog"})}}}, r.put)
		it.Release()
	}
	if got, want := r.words(), "0: d dog; 3: d dog"; got != want { // at 5 s it was not gone: nothing came between
		t.Errorf("%s", got)
	}
	r.end()
}

// TestRandomLives checks what holds for any sequence: each track has one first and one last report.
func TestRandomLives(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		for _, when := range []When{New, Change, End} {
			r := newRig(t, Options{When: when}, Env{Size: func(pipeline.Item) (int, int) { return 640, 480 }})
			open, next, started := []uint64{}, uint64(1), 0
			for range 60 {
				var res pipeline.Result
				for rnd.IntN(3) == 0 {
					open = append(open, next)
					next++
				}
				open = slices.DeleteFunc(open, func(n uint64) bool {
					if rnd.IntN(6) == 0 {
						res.Ended = append(res.Ended, pipeline.Track{Track: n, Label: "cat", Frames: 2})
						return true
					}
					res.Detections = append(res.Detections, cat(n, rnd.Float32()))
					return false
				})
				r.pass(res)
			}
			r.end()
			begins, ends := map[uint64]int{}, map[uint64]int{}
			for _, g := range r.got {
				for _, d := range g.event.Detections {
					begins[d.Track]++
				}
				for _, e := range g.event.Ended {
					ends[e.Track]++
				}
			}
			for n, k := range begins {
				started++
				if k != 1 || when != New && ends[n] != 1 {
					t.Fatalf("%s: track %d has %d first reports and %d last ones", when, n, k, ends[n])
				}
			}
			if started == 0 {
				t.Fatal("nothing happened")
			}
		}
	}
}

func TestPathIsBounded(t *testing.T) {
	l := &life{}
	for i := range 10000 {
		l.walk(float64(i), [4]float32{float32(i), 0, float32(i), 5})
		if len(l.path) > maxPath {
			t.Fatal(len(l.path))
		}
	}
	for i := 1; i < len(l.path); i++ {
		if l.path[i][0] <= l.path[i-1][0] || l.path[0][0] != 0 {
			t.Fatalf("%v", l.path)
		}
	}
	if last := l.path[len(l.path)-1][0]; last < 9000 {
		t.Errorf("the path ends at %v", last)
	}
}

func TestHostileThings(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	r := newRig(t, Options{When: End}, Env{
		Size: func(pipeline.Item) (int, int) { return 640, 480 }, Sharpness: func(pipeline.Item, [4]float32) float64 { return math.NaN() },
	})
	for i := range 3 {
		r.pass(found(pipeline.Detection{Label: "a", Track: 1, Score: nan, Box: [4]float32{nan, inf, -inf, 0}},
			pipeline.Detection{Label: "b", Score: inf, Box: [4]float32{-3e38, -3e38, 3e38, 3e38}}, pipeline.Detection{Track: uint64(i)}))
	}
	r.end()
	for _, g := range r.got {
		if line, err := json.Marshal(g.event); err != nil || !json.Valid(line) {
			t.Errorf("%v %s", err, line)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{When: "never"}, {MinInterval: -1}, {GoneAfter: -1}} {
		if _, err := NewGate(o, Env{}); err == nil {
			t.Errorf("%+v is fine", o)
		}
	}
	if (&Options{When: Every}).Active() || !(&Options{When: New}).Active() || !(&Options{MinInterval: 1}).Active() {
		t.Error("Active")
	}
}
