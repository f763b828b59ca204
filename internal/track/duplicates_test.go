package track

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"corallite/pipeline"
)

// TestDuplicates has a second box beside that of a person in each frame.
func TestDuplicates(t *testing.T) {
	for _, c := range []struct {
		name    string
		second  [4]float32
		index   int
		numbers uint64
	}{
		{"nearly the same", [4]float32{108, 105, 150, 185}, 0, 1},
		{"the legs", [4]float32{102, 145, 138, 180}, 0, 1},
		{"around it", [4]float32{90, 90, 150, 190}, 0, 1},
		{"beside it, half of it behind", [4]float32{125, 100, 165, 180}, 0, 2},
		{"behind it, of another class", [4]float32{102, 145, 138, 180}, 1, 2},
	} {
		tr := newTracker(t, Options{})
		at := time.Unix(0, 0)
		for range 20 {
			first, second := detection("person", 0, 0.9, 100, 100), detection("person", c.index, 0.8, 0, 0)
			second.Box = c.second
			at = at.Add(frame)
			tr.Update(at, []pipeline.Detection{second, first})
		}
		if tr.Started() != c.numbers {
			t.Errorf("%s: %d numbers, want %d", c.name, tr.Started(), c.numbers)
		}
	}
}

// TestTheHiddenEnds lets two people with numbers come to one place: if they stay, the younger one ends; if they pass, it
// does not.
func TestTheHiddenEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames int // at one place
		ended  int
	}{{"they stay", 40, 1}, {"they pass", 8, 0}} {
		tr := newTracker(t, Options{})
		at := time.Unix(0, 0)
		var ended []pipeline.Track
		step := func(x float32, only bool) {
			found := []pipeline.Detection{detection("person", 0, 0.9, 300, 100), detection("person", 0, 0.9, x, 102)}
			if only {
				found = found[:1]
			}
			at = at.Add(frame)
			ended = append(ended, tr.Update(at, found)...)
		}
		for range 10 {
			step(0, true)
		}
		x := float32(180)
		for ; x < 300; x += 4 {
			step(x, false)
		}
		for range c.frames {
			step(300, false)
		}
		for ; x < 420 && c.ended == 0; x += 4 {
			step(x, false)
		}
		if len(ended) != c.ended || tr.Started() != 2 || c.ended == 1 && ended[0].Track != 2 {
			t.Errorf("%s: %d numbers, ended %+v, want %d", c.name, tr.Started(), ended, c.ended)
		}
	}
}

// TestBoxesAreSmooth walks a person whose boxes jump by a tenth of its height: the reported ones are nearer to the truth.
func TestBoxesAreSmooth(t *testing.T) {
	off := func(raw bool) float64 {
		rng := rand.New(rand.NewPCG(5, 6))
		tr := newTracker(t, Options{RawBoxes: raw})
		at, total := time.Unix(0, 0), 0.0
		for i := range 200 {
			x := 100 + 2*float32(i)
			d := detection("person", 0, 0.6, x+float32(8*rng.NormFloat64()), 100+float32(4*rng.NormFloat64()))
			given := d.Box
			found := []pipeline.Detection{d}
			at = at.Add(100 * time.Millisecond)
			tr.Update(at, found)
			if raw && found[0].Box != given {
				t.Fatalf("frame %d: %v became %v", i, given, found[0].Box)
			}
			if i >= 20 {
				total += math.Abs(float64(found[0].Box[0] - x))
			}
		}
		if tr.Started() != 1 {
			t.Errorf("%d numbers", tr.Started())
		}
		return total / 180
	}
	if raw, smooth := off(true), off(false); smooth > 0.6*raw {
		t.Errorf("off by %.1f pixels on average, and by %.1f as the model gave them", smooth, raw)
	}
}

// TestBoxesStayInside lets a person leave a picture of 400 × 300, as a detector sees it: its box gets narrower at the edge.
func TestBoxesStayInside(t *testing.T) {
	tr := newTracker(t, Options{MinFrames: 1})
	at := time.Unix(0, 0)
	for i := range 60 {
		x := 200 + 4*float32(i)
		d := detection("person", 0, 0.8, x, 250)
		d.Box[2], d.Box[3] = min(d.Box[2], 400), 300
		found := []pipeline.Detection{d}
		if d.Box[0] >= 398 {
			break
		}
		at = at.Add(frame)
		tr.Update(at, found)
		b := found[0].Box
		if b[0] < 0 || b[1] < 0 || b[2] > 400 || b[3] > 300 || !(b[2] > b[0] && b[3] > b[1]) {
			t.Errorf("frame %d: %v", i, b)
		}
	}
}

// TestDoubt: what is further off than expected pulls no more than what is just that far off, and what is near as it is.
func TestDoubt(t *testing.T) {
	pull := func(z float64) float64 {
		a := axis{x: 10, xx: 2, xv: 1, vv: 3}
		a.correct(z, a.doubt(z, 2))
		return a.x - 10
	}
	if near := pull(12); near != 1 { // half of the way, as in TestCorrectByHand
		t.Errorf("a measurement 2 off pulls by %g, want 1", near)
	}
	if far, further := pull(14), pull(1000); far > 1.6 || further > 2.5 {
		t.Errorf("measurements 4 and 990 off pull by %g and %g", far, further)
	}
}
