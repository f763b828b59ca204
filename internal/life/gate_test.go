package life

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

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

// TestCatBeforeItsTrack has a tracker that is sure of an object in its third picture only: it is one event all the same.
func TestCatBeforeItsTrack(t *testing.T) {
	for when, want := range map[When]string{New: "3: d cat1; 4: d dog", End: "3: d cat1, e cat1; 4: d dog, e dog", Change: "3: d cat1; 4: d dog; 5: e cat1; 5: e dog"} {
		r := newRig(t, Options{When: when}, Env{Tracked: func(model string) bool { return model == "coco" }, Size: func(pipeline.Item) (int, int) { return 640, 480 }})
		for i := range 5 {
			track := uint64(1)
			if i < 2 {
				track = 0
			}
			r.pass(found(cat(track, 0.8)))
			if i == 3 { // of a model that does not track
				it := r.items.New(99, pipeline.Meta{Seq: r.seq, Time: began.Add(r.at)})
				r.g.Pass(pipeline.Report{Item: it, Events: []pipeline.Event{{Model: "other", Result: found(pipeline.Detection{Label: "dog"})}}}, r.put)
				it.Release()
			}
		}
		got := r.words()
		r.end()
		if ends := r.words(); ends != "" {
			got = strings.TrimPrefix(got+"; "+ends, "; ")
		}
		if got != want {
			t.Errorf("%s: %s; want %s", when, got, want)
		}
	}
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

func TestOptions(t *testing.T) {
	for _, o := range []Options{{When: "never"}, {MinInterval: -1}, {GoneAfter: -1}} {
		if _, err := NewGate(o, Env{}); err == nil {
			t.Errorf("%+v is fine", o)
		}
	}
	if (&Options{When: Every}).Active() || !(&Options{When: New}).Active() || !(&Options{MinInterval: 1}).Active() {
		t.Error("Active")
	}
	if (&Options{When: New, MinInterval: 1}).Best() || !(&Options{When: Change}).Best() || !(&Options{When: End}).Best() {
		t.Error("Best")
	}
}
