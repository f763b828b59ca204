package track

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"corallite/internal/flow"
	"corallite/internal/mot"
	"corallite/pipeline"
)

// canvas is a picture of noise in squares of 4 × 4 pixels, in which boxes of other noise stand.
func canvas(x, y int, boxes ...[4]int) flow.Picture {
	const width, height = 400, 300
	p := flow.Picture{Pix: make([]byte, width*height), Stride: width, Step: 1, Width: width, Height: height}
	fill := func(x0, y0, x1, y1, ox, oy int, seed uint64) {
		for j := max(y0, 0); j < min(y1, height); j++ {
			for i := max(x0, 0); i < min(x1, width); i++ {
				u, v := uint64(i-ox+4000)/4, uint64(j-oy+4000)/4
				p.Pix[j*width+i] = byte(60 + rand.New(rand.NewPCG(u<<32|v, seed)).IntN(130))
			}
		}
	}
	fill(0, 0, width, height, x, y, 1)
	for k, b := range boxes {
		fill(b[0], b[1], b[2], b[3], b[0], b[1], uint64(2+k))
	}
	return p
}

// watchWalk follows somebody whom the detector finds in the first ten frames only, through frames at the given places, and
// returns by frame where the walker is reported. The camera has moved by turned.
func watchWalk(t *testing.T, o Options, places [][2]int, turned func(frame int) (x, y int)) []*pipeline.Detection {
	t.Helper()
	tr := newTracker(t, o)
	all := make([]*pipeline.Detection, len(places))
	for n, at := range places {
		x, y := turned(n)
		b := [4]int{at[0] + x, at[1] + y, at[0] + x + 30, at[1] + y + 80}
		found := []pipeline.Detection{{Label: "dog", Index: 1, Score: 0.9, Box: [4]float32{0, 0, 400, 300}}}
		if n < 10 {
			found = append(found, pipeline.Detection{Label: "person", Score: 0.75,
				Box: [4]float32{float32(b[0]), float32(b[1]), float32(b[2]), float32(b[3])}})
		}
		tr.Look(canvas(x, y, b))
		r := pipeline.Result{Detections: found}
		tr.Follow(pipeline.Meta{Time: time.Unix(100, 0).Add(time.Duration(n) * 100 * time.Millisecond)}, &r)
		for i := range r.Detections {
			if r.Detections[i].Label == "person" {
				all[n] = &r.Detections[i]
			}
		}
	}
	return all
}

func standing(int) (x, y int) { return 0, 0 }

// turns is a walk of 5 pixels a frame to the right that goes back from frame 10 on, when nobody is found any more.
func turns(frames int) (places [][2]int) {
	x := 100
	for n := range frames {
		places = append(places, [2]int{x, 100})
		if n < 9 {
			x += 5
		} else {
			x -= 5
		}
	}
	return places
}

func overlaps(d *pipeline.Detection, x, y int) float64 {
	return mot.IoU(mot.Box{X: float64(d.Box[0]), Y: float64(d.Box[1]), W: float64(d.Box[2] - d.Box[0]), H: float64(d.Box[3] - d.Box[1])},
		mot.Box{X: float64(x), Y: float64(y), W: 30, H: 80})
}

// TestLook sees somebody turn round whom the detector does not find.
func TestLook(t *testing.T) {
	places := turns(20)
	all := watchWalk(t, Options{}, places, standing)
	for n := 3; n < 20; n++ {
		d := all[n]
		switch {
		case n <= 12 && d == nil:
			t.Errorf("frame %d: not reported", n)
		case n > 12 && d != nil: // 0.3 s after frame 9
			t.Errorf("frame %d: still reported: %+v", n, d)
		case d != nil && (overlaps(d, places[n][0], 100) < 0.8 || d.Predicted != (n > 9)):
			t.Errorf("frame %d: %+v, which is at %v", n, d, places[n])
		}
	}
	for n, d := range watchWalk(t, Options{Blind: true}, places, standing) {
		if n > 9 && d != nil {
			t.Errorf("frame %d: reported without looking: %+v", n, d)
		}
	}
	if all := watchWalk(t, Options{Coast: seconds(0)}, places, standing); all[9] == nil || all[10] != nil {
		t.Errorf("frames 9 and 10, with no coasting: %v, %v", all[9], all[10])
	}
	all = watchWalk(t, Options{Coast: seconds(1)}, places, standing)
	if d := all[19]; d == nil || overlaps(d, places[19][0], 100) < 0.7 {
		t.Errorf("frame 19, a second after the last time: %+v, which is at %v", d, places[19])
	}
}

// TestLookWithAMovingCamera sees somebody who stands still in a picture that jumps by more than half the box's width, and
// takes nothing of that for the walker's velocity.
func TestLookWithAMovingCamera(t *testing.T) {
	places := make([][2]int, 13)
	for n := range places {
		places[n] = [2]int{180, 100}
	}
	camera := func(n int) (x, y int) { return 20 * (n % 2), -12 * (n % 3 % 2) }
	all := watchWalk(t, Options{}, places, camera)
	for n := 3; n < 13; n++ {
		x, y := camera(n)
		if all[n] == nil || overlaps(all[n], 180+x, 100+y) < 0.85 || all[n].Track != 2 {
			t.Errorf("frame %d: %+v, which is at %d, %d", n, all[n], 180+x, 100+y)
		}
	}
}

// TestLookBehind passes one person behind another who stands: the picture there shows the other.
func TestLookBehind(t *testing.T) {
	tr := newTracker(t, Options{})
	at := func(n int) [4]int { return [4]int{60 + 8*n, 90, 90 + 8*n, 170} }
	front := [4]int{190, 100, 240, 220}
	detection := func(b [4]int) pipeline.Detection {
		return pipeline.Detection{Label: "person", Score: 0.75, Box: [4]float32{float32(b[0]), float32(b[1]), float32(b[2]), float32(b[3])}}
	}
	for n := range 30 {
		b := at(n)
		found := []pipeline.Detection{detection(front)}
		hidden := min(b[2], front[2]) - max(b[0], front[0])
		if hidden < 15 {
			found = append(found, detection(b))
		}
		tr.Look(canvas(0, 0, b, front))
		tr.Update(time.Unix(100, 0).Add(time.Duration(n)*100*time.Millisecond), found)
		if n > 3 && hidden < 15 && (found[1].Track != 2 || found[0].Track != 1) {
			t.Errorf("frame %d: the one who passes has number %d, the one in front %d", n, found[1].Track, found[0].Track)
		}
	}
}

// TestLookAtBadPictures gives pictures that are too short, none in between, and ones of other sizes.
func TestLookAtBadPictures(t *testing.T) {
	tr := newTracker(t, Options{})
	pictures := []*flow.Picture{nil, {Width: 400, Height: 300, Stride: 400, Step: 1, Pix: make([]byte, 50)}, {Width: -1},
		{Width: 3, Height: 2, Stride: 3, Step: 1, Pix: make([]byte, 6)}}
	for n := range 40 {
		good := canvas(0, 0)
		if n%2 == 0 {
			tr.Look(good)
		} else if p := pictures[n/2%4]; p != nil {
			tr.Look(*p)
		}
		found := []pipeline.Detection{{Label: "person", Score: 0.75, Box: [4]float32{100, 100, 130, 180}}}
		tr.Update(time.Unix(100, 0).Add(time.Duration(n)*100*time.Millisecond), found)
		if n > 3 && (found[0].Track != 1 || math.Abs(float64(found[0].Box[0])-100) > 1) {
			t.Fatalf("frame %d: %+v", n, found[0])
		}
	}
}
