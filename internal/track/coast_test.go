package track

import (
	"testing"
	"time"

	"corallite/internal/mot"
	"corallite/internal/mot/mottest"
	"corallite/pipeline"
)

func seconds(s float64) *float64 { return &s }

// stroll is what a detector finds of somebody who walks to the right, 5 pixels a frame.
func stroll(frame int) pipeline.Detection {
	x := float32(100 + 5*frame)
	return pipeline.Detection{Label: "person", Score: 0.75, Box: [4]float32{x, 100, x + 30, 180}}
}

// coast follows the walker for 20 frames at 10 a second, with a bystander who shows how large the picture is, and then for as
// many in which only the bystander is found. It returns what is reported of the walker in these.
func coast(t *testing.T, o Options, hidden int) (reported []pipeline.Detection) {
	t.Helper()
	tr := newTracker(t, o)
	for n := range 20 + hidden {
		all := []pipeline.Detection{{Label: "dog", Index: 1, Score: 0.9, Box: [4]float32{0, 0, 400, 300}}}
		if n < 20 {
			all = append(all, stroll(n))
		}
		r := pipeline.Result{Detections: all}
		tr.Follow(pipeline.Meta{Time: time.Unix(100, 0).Add(time.Duration(n) * 100 * time.Millisecond)}, &r)
		if n < 20 {
			if len(r.Detections) != 2 {
				t.Fatalf("frame %d: %+v", n, r.Detections)
			}
			continue
		}
		for _, d := range r.Detections {
			if d.Label == "person" {
				reported = append(reported, d)
			}
		}
	}
	return reported
}

// TestCoasting reports somebody who is not found where the walk goes on, for as long as asked, and marked.
func TestCoasting(t *testing.T) {
	if all := coast(t, Options{}, 5); len(all) != 0 {
		t.Errorf("without being asked: %+v", all)
	}
	all := coast(t, Options{Coast: seconds(0.45)}, 10)
	if len(all) != 4 {
		t.Fatalf("%d reports in 0.45 s at 10 frames a second: %+v", len(all), all)
	}
	for i, d := range all {
		want := stroll(20 + i)
		a, b := mot.Box{X: float64(d.Box[0]), Y: float64(d.Box[1]), W: float64(d.Box[2] - d.Box[0]), H: float64(d.Box[3] - d.Box[1])},
			mot.Box{X: float64(want.Box[0]), Y: float64(want.Box[1]), W: 30, H: 80}
		if !d.Predicted || d.Track == 0 || d.New || d.Score != 0.75 || mot.IoU(a, b) < 0.8 {
			t.Errorf("report %d: %+v, want a prediction at %v", i, d, want.Box)
		}
	}
}

// TestCoastingEnds does not report who has walked out of the picture, and whose place somebody else has.
func TestCoastingEnds(t *testing.T) {
	tr := newTracker(t, Options{Coast: seconds(1)})
	at := time.Unix(100, 0)
	step := func(all ...pipeline.Detection) []pipeline.Detection {
		at = at.Add(100 * time.Millisecond)
		tr.Update(at, all)
		return tr.Coasting(all)
	}
	for n := range 20 { // nobody else shows that the picture goes on at the right
		step(stroll(n))
	}
	reports := 0
	for range 8 {
		reports += len(step())
	}
	if reports > 3 { // 5 pixels a frame, of 30
		t.Errorf("%d reports of somebody who has left the picture", reports)
	}
	if _, err := New(Options{Coast: seconds(2)}); err == nil {
		t.Error("no error for coasting that is longer than an object is remembered")
	}
}

// TestCoastingFillsGaps measures on the annotated people of vtest.avi what coasting for 0.3 s brings: fewer fragments, hardly
// another switch.
func TestCoastingFillsGaps(t *testing.T) {
	truth, found := mottest.Read(t, "testdata/vtest/gt.txt"), mottest.Read(t, "testdata/vtest/det.txt")
	without := mot.Measure(truth, trackAll(newTracker(t, Options{}), found, 600, 100*time.Millisecond), 1, 600)
	tracks := trackAll(newTracker(t, Options{Coast: seconds(0.3)}), found, 600, 100*time.Millisecond)
	with := mot.Measure(truth, tracks, 1, 600)
	mottest.Export(t, "vtest-coast", truth, tracks, with)
	t.Logf("without: %+v\nwith: %+v", without, with)
	if with.Fragments > without.Fragments-15 || with.Switches > without.Switches+3 || with.HOTA < without.HOTA {
		t.Errorf("want 15 fragments fewer than %d, at most 3 switches more than %d, and no lower HOTA than %v", without.Fragments, without.Switches, without.HOTA)
	}
}
