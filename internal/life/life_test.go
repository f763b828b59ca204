package life

import (
	"encoding/json"
	"math"
	"testing"

	"corallite/pipeline"
)

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
