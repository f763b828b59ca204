package track

import (
	"math"
	"testing"
	"time"

	"corallite/pipeline"
)

// TestStages moves one object that stood still: who gets it, by score, overlap and what was before. Boxes are 40 wide,
// so one that is moved by s has an IoU of (40-s)/(40+s) with where it was.
func TestStages(t *testing.T) {
	type look struct{ score, x float32 } // a score of 0: not found
	shift := func(iou float64) float32 { return float32(40 * (1 - iou) / (1 + iou)) }
	for _, c := range []struct {
		name  string
		looks []look
		want  []uint64
	}{
		{"high, enough overlap", []look{{0.9, 0}, {0.9, 0}, {0.5, shift(0.21)}}, []uint64{0, 1, 1}},
		{"high, too little, but near", []look{{0.9, 0}, {0.9, 0}, {0.5, shift(0.19)}}, []uint64{0, 1, 1}},
		{"high, not even near", []look{{0.9, 0}, {0.9, 0}, {0.5, 60}}, []uint64{0, 1, 0}},
		{"lost, high, near", []look{{0.9, 0}, {0.9, 0}, {0, 0}, {0, 0}, {0.5, 40}}, []uint64{0, 1, 0, 0, 1}},
		{"low, enough overlap", []look{{0.9, 0}, {0.9, 0}, {0.1, shift(0.51)}}, []uint64{0, 1, 1}},
		{"low, too little", []look{{0.9, 0}, {0.9, 0}, {0.49, shift(0.49)}}, []uint64{0, 1, 0}},
		{"below low", []look{{0.9, 0}, {0.9, 0}, {0.09, 0}}, []uint64{0, 1, 0}},
		{"not sure, enough overlap", []look{{0.9, 0}, {0.5, shift(0.31)}}, []uint64{0, 1}},
		{"not sure, too little", []look{{0.9, 0}, {0.9, shift(0.29)}}, []uint64{0, 0}},
		{"not sure, low", []look{{0.9, 0}, {0.4, 0}}, []uint64{0, 0}},
		{"not sure, not found", []look{{0.9, 0}, {0, 0}, {0.9, 0}, {0.9, 0}}, []uint64{0, 0, 0, 1}},
		{"lost, high", []look{{0.9, 0}, {0.9, 0}, {0, 0}, {0.5, 0}}, []uint64{0, 1, 0, 1}},
		{"lost, low", []look{{0.9, 0}, {0.9, 0}, {0, 0}, {0.4, 0}}, []uint64{0, 1, 0, 0}},
		{"low, then low again", []look{{0.9, 0}, {0.9, 0}, {0.4, 0}, {0.4, 0}}, []uint64{0, 1, 1, 1}},
		{"not enough for a new one", []look{{0.59, 0}, {0.59, 0}, {0.59, 0}}, []uint64{0, 0, 0}},
	} {
		tr := newTracker(t, Options{MinFrames: 2})
		for i, l := range c.looks {
			var found []pipeline.Detection
			if l.score > 0 {
				found = append(found, detection("person", 0, l.score, 100+l.x, 100))
			}
			tr.Update(time.Unix(0, 0).Add(time.Duration(i)*frame), found)
			if len(found) > 0 && found[0].Track != c.want[i] {
				t.Errorf("%s: frame %d has number %d, want %d", c.name, i, found[0].Track, c.want[i])
			}
		}
	}
}

// TestSecondLook moves an object further than it overlaps: a detection of another size or class is not it.
func TestSecondLook(t *testing.T) {
	for _, c := range []struct {
		name   string
		height float32 // part of what it was
		index  int
		across bool
		want   uint64
	}{
		{"as high", 1, 0, false, 1}, {"a little less high", 0.9, 0, false, 1}, {"half as high", 0.5, 0, false, 0},
		{"twice as high", 2, 0, false, 0}, {"another class", 1, 1, false, 0}, {"another class, which may change", 1, 1, true, 1},
	} {
		tr := newTracker(t, Options{MinFrames: 1, New: 1, AcrossClasses: c.across})
		tr.Update(time.Unix(0, 0), []pipeline.Detection{detection("person", 0, 1, 100, 100)})
		d := detection("person", c.index, 0.6, 135, 100)
		d.Box[1], d.Box[3] = 140-40*c.height, 140+40*c.height
		found := []pipeline.Detection{d}
		if tr.Update(time.Unix(0, 0).Add(frame), found); found[0].Track != c.want {
			t.Errorf("%s: number %d, want %d", c.name, found[0].Track, c.want)
		}
	}
}

// TestTheSumDecides: the nearer one of two detections is another object's only choice.
func TestTheSumDecides(t *testing.T) {
	tr := newTracker(t, Options{MinFrames: 1})
	at := time.Unix(0, 0)
	tr.Update(at, []pipeline.Detection{detection("person", 0, 0.9, 100, 0), detection("person", 0, 0.9, 122, 0)})
	// The first overlaps the detection at 108 by 0.67 and that at 90 by 0.6; the second the first of these by 0.48, and
	// the other by 0.11.
	found := []pipeline.Detection{detection("person", 0, 0.9, 108, 0), detection("person", 0, 0.9, 90, 0)}
	if tr.Update(at.Add(frame), found); found[0].Track != 2 || found[1].Track != 1 {
		t.Errorf("numbers %d and %d, want 2 and 1", found[0].Track, found[1].Track)
	}
}

// TestLostObjectsKeepTheirSize lets an object grow, then go on unseen: it is expected to move, not to grow.
func TestLostObjectsKeepTheirSize(t *testing.T) {
	tr := newTracker(t, Options{})
	at := time.Unix(0, 0)
	for i := range 20 {
		d := detection("person", 0, 0.9, 100+4*float32(i), 100)
		d.Box[3] += 4 * float32(i)
		d.Box[2] += 2 * float32(i)
		tr.Update(at, []pipeline.Detection{d})
		at = at.Add(frame)
	}
	tr.Update(at, nil) // one frame on, as if it were there
	before := tr.objects[0].expected
	for range 10 {
		at = at.Add(frame)
		tr.Update(at, nil)
	}
	after := tr.objects[0].expected
	if h0, h1 := before[3]-before[1], after[3]-after[1]; math.Abs(h1-h0) > 1e-9 || h0 < 140 {
		t.Errorf("%g high, and ten frames later %g", h0, h1)
	}
	if moved := (after[0] + after[2] - before[0] - before[2]) / 2; moved < 40 || moved > 55 {
		t.Errorf("it moved by %g, want about 50", moved)
	}
}

// TestNoMoreThanMaxObjects: while so many are followed and waited for, no other is.
func TestNoMoreThanMaxObjects(t *testing.T) {
	tr := newTracker(t, Options{MinFrames: 1})
	at := time.Unix(0, 0)
	row := func(y float32) []pipeline.Detection {
		found := make([]pipeline.Detection, MaxObjects)
		for k := range found {
			found[k] = detection("person", 0, 0.7, 100*float32(k), y)
		}
		return found
	}
	for i, c := range []struct {
		y     float32
		after time.Duration
		want  uint64
	}{{0, 0, MaxObjects}, {1000, frame, MaxObjects}, {2000, 2 * time.Second, 2 * MaxObjects}} {
		at = at.Add(c.after)
		if tr.Update(at, row(c.y)); tr.Started() != c.want {
			t.Errorf("frame %d: %d have got a number, want %d", i, tr.Started(), c.want)
		}
	}
}
