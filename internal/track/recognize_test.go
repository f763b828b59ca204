package track

import (
	"testing"
	"time"

	"corallite/pipeline"
)

// TestRecognizeElsewhere loses a person for 0.8 s who is then found so far away that no expectation reaches there: the number
// comes back if the person looks the same, and only one who can have come from there gets it.
func TestRecognizeElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		x      float32 // where somebody appears
		height float32
		class  int
		looks  pipeline.Vector
		again  bool
	}{
		"the same":         {350, 100, 0, pipeline.Vector{1, 0.1}, true},
		"another":          {350, 100, 0, pipeline.Vector{0.1, 1}, false},
		"of another class": {350, 100, 1, pipeline.Vector{1, 0.1}, false},
		"too far":          {900, 100, 0, pipeline.Vector{1, 0.1}, false},
		"half as high":     {350, 45, 0, pipeline.Vector{1, 0.1}, false},
		"nothing known":    {350, 100, 0, nil, false},
		"of another size":  {350, 100, 0, pipeline.Vector{1, 0.1, 0}, false},
	} {
		tr := newTracker(t, Options{Blind: true})
		at := time.Unix(0, 0)
		frame := func(x, height float32, class int, looks pipeline.Vector) (d pipeline.Detection, ended []pipeline.Track) {
			found := []pipeline.Detection{{Label: "person", Index: class, Score: 0.9, Box: [4]float32{x, 100, x + 40, 100 + height}}}
			tr.Recognize(func([4]float32) pipeline.Vector { return looks })
			ended = tr.Update(at, found)
			at = at.Add(100 * time.Millisecond)
			return found[0], ended
		}
		for range 10 {
			frame(100, 100, 0, pipeline.Vector{1, 0})
		}
		at = at.Add(500 * time.Millisecond)
		var last pipeline.Detection
		for range 3 {
			var ended []pipeline.Track
			if last, ended = frame(c.x, c.height, c.class, c.looks); len(ended) > 0 {
				t.Errorf("%s: %+v has ended", name, ended)
			}
		}
		want := uint64(2)
		if c.again {
			want = 1
		}
		if last.Track != want || last.New == c.again || tr.Started() != want {
			t.Errorf("%s: %+v, want number %d", name, last, want)
		}
		if c.again {
			for _, e := range tr.End() {
				if e.Track != 1 || e.Frames != 13 || e.Seconds < 1.6 {
					t.Errorf("%s: %+v, want all 13 frames in 1.7 s", name, e)
				}
			}
		}
	}
}

// TestFewEmbeddings gives a hundred people their numbers at once: no frame has more than eight embeddings, and all of them get
// theirs in time.
func TestFewEmbeddings(t *testing.T) {
	tr := newTracker(t, Options{Blind: true})
	seen := map[float32]bool{}
	for n := range 40 {
		var found []pipeline.Detection
		for i := range 100 {
			x := float32(50 * i)
			found = append(found, pipeline.Detection{Label: "person", Score: 0.9, Box: [4]float32{x, 0, x + 40, 100}})
		}
		calls := 0
		tr.Recognize(func(box [4]float32) pipeline.Vector {
			calls++
			seen[box[0]] = true
			return pipeline.Vector{1}
		})
		tr.Update(time.Unix(0, 0).Add(time.Duration(n)*10*time.Millisecond), found)
		if calls > maxEmbedded {
			t.Errorf("frame %d: %d embeddings", n, calls)
		}
	}
	if len(seen) < 100 {
		t.Errorf("%d of 100 people have an embedding", len(seen))
	}
}
