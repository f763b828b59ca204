package vision

import (
	"math"
	"testing"
)

// boxes are two groups of one class that overlap within each group, and one of another class on top of the first.
func boxes() []candidate {
	return []candidate{
		{box: [4]float32{0, 0, 10, 10}, score: 0.6, class: 1, source: 0},
		{box: [4]float32{50, 50, 60, 60}, score: 0.9, class: 1, source: 1},
		{box: [4]float32{1, 0, 11, 10}, score: 0.8, class: 1, source: 2},
		{box: [4]float32{0, 0, 10, 10}, score: 0.7, class: 2, source: 3},
		{box: [4]float32{50, 51, 60, 61}, score: 0.9, class: 1, source: 4},
		{box: [4]float32{8, 0, 18, 10}, score: 0.5, class: 1, source: 5},
	}
}

func TestSuppressKeepsTheBest(t *testing.T) {
	got := suppress(boxes(), 0.5, KeepBest)
	var sources []int
	for _, c := range got {
		sources = append(sources, c.source)
	}
	want := []int{1, 2, 3, 5} // 4 ties with 1 and comes later; 0 overlaps 2; 3 is of another class; 5 overlaps too little
	if len(got) != len(want) {
		t.Fatalf("kept %v, want %v", sources, want)
	}
	for i := range want {
		if sources[i] != want[i] {
			t.Fatalf("kept %v, want %v", sources, want)
		}
	}
}

func TestSuppressWeighted(t *testing.T) {
	in := boxes()
	for i := range in {
		x := in[i].box[0] + 5
		in[i].points = [][2]float32{{x, 1}}
	}
	got := suppress(in, 0.5, Weighted)
	want := []candidate{
		{box: [4]float32{50, 50.5, 60, 60.5}, score: 0.9, class: 1, points: [][2]float32{{55, 1}}},
		// (0.8×1 + 0.6×0) / 1.4
		{box: [4]float32{0.5714286, 0, 10.571428, 10}, score: 0.8, class: 1, points: [][2]float32{{5.5714286, 1}}},
		{box: [4]float32{0, 0, 10, 10}, score: 0.7, class: 2, points: [][2]float32{{5, 1}}},
		{box: [4]float32{8, 0, 18, 10}, score: 0.5, class: 1, points: [][2]float32{{13, 1}}},
	}
	if len(got) != len(want) {
		t.Fatalf("%d boxes, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		g := got[i]
		for k := range w.box {
			if math.Abs(float64(g.box[k]-w.box[k])) > 1e-5 {
				t.Errorf("box %d is %v, want %v", i, g.box, w.box)
			}
		}
		if g.score != w.score || g.class != w.class || math.Abs(float64(g.points[0][0]-w.points[0][0])) > 1e-5 || math.Abs(float64(g.points[0][1]-1)) > 1e-6 {
			t.Errorf("box %d is %+v, want %+v", i, g, w)
		}
	}
}

func TestSuppressNothing(t *testing.T) {
	for _, how := range []Suppression{KeepBest, Weighted} {
		if got := suppress(nil, 0.5, how); len(got) != 0 {
			t.Errorf("%d boxes of none", len(got))
		}
		zero := []candidate{{box: [4]float32{0, 0, 1, 1}}, {box: [4]float32{0, 0, 1, 1}, source: 1}}
		if got := suppress(zero, 0.5, how); len(got) != 1 || got[0].box != zero[0].box {
			t.Errorf("boxes of score 0 became %+v", got)
		}
	}
}
