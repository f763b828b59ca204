package audio_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// step is the time between two scores in these tests, and the length of their windows.
const step = 100 * time.Millisecond

// spot gives scores to a Spotter, one row a step, and returns what fired: the index of the row and the label.
func spot(t *testing.T, o audio.SpotterOptions, rows [][]float32) []fired {
	t.Helper()
	s, err := audio.NewSpotter(o)
	if err != nil {
		t.Fatal(err)
	}
	var all []fired
	for i, row := range rows {
		start, end := time.Duration(i)*step, time.Duration(i+1)*step
		for _, k := range s.Add(nil, row, start, end) {
			c := slices.Index(o.Labels, k.Label)
			if c < 0 || k.Score != row[c] || k.StartS != start.Seconds() || k.EndS != end.Seconds() || k.LevelDBFS != audio.SilentDBFS {
				t.Fatalf("row %d, %v to %v, %g: fired %+v", i, start, end, row, k)
			}
			all = append(all, fired{i, k.Label})
		}
	}
	return all
}

type fired struct {
	row   int
	label string
}

func TestSpotter(t *testing.T) {
	nan := float32(math.NaN())
	column := func(scores ...float32) (rows [][]float32) {
		for _, s := range scores {
			rows = append(rows, []float32{s})
		}
		return rows
	}
	one := audio.SpotterOptions{Labels: []string{"a"}, Thresholds: []float32{0.5}}
	long := one
	long.Refractory = 3 * step
	two := audio.SpotterOptions{Labels: []string{"a", "b"}, Thresholds: []float32{0.5, 0.3}}
	best := two
	best.Max = 1
	ignoring := two
	ignoring.Ignore = []int{0}
	nameless := best
	nameless.Labels = []string{"", "b"}
	for _, c := range []struct {
		name string
		o    audio.SpotterOptions
		rows [][]float32
		want []fired
	}{
		{"nothing", one, column(0, 0.49, 0), nil},
		{"the first score", one, column(0.9), []fired{{0, "a"}}},
		{"the crossing, not the peak", one, column(0, 0.5, 0.9, 1, 0.6, 0), []fired{{1, "a"}}},
		{"again after it was low", one, column(0.6, 0.4, 0.6), []fired{{0, "a"}, {2, "a"}}},
		{"NaN is low", one, column(nan, 0.6, nan, 0.6), []fired{{1, "a"}, {3, "a"}}},
		{"high for long is one word", long, column(1, 1, 1, 1, 1, 1, 1), []fired{{0, "a"}}},
		{"a dip within the refractory time", long, column(1, 0, 1, 1, 1, 1, 1), []fired{{0, "a"}}},
		{"low just before the refractory time is over", long, column(1, 0, 0, 1, 1), []fired{{0, "a"}}},
		{"low when the refractory time is over", long, column(1, 1, 1, 0, 1, 1), []fired{{0, "a"}, {4, "a"}}},
		{"labels are apart", two, [][]float32{{0.5, 0.3}, {0.6, 0.1}, {0.6, 0.3}}, []fired{{0, "a"}, {0, "b"}, {2, "b"}}},
		{"only the best", best, [][]float32{{0.5, 0.6}, {0.6, 0.6}, {0, 0.9}}, []fired{{0, "b"}, {1, "a"}}},
		{"below its threshold nobody leads", best, [][]float32{{0.49, 0.3}}, []fired{{0, "b"}}},
		{"equal scores", best, [][]float32{{0.6, 0.6}}, []fired{{0, "a"}}},
		{"ignored", ignoring, [][]float32{{1, 0}, {1, 0.4}}, []fired{{1, "b"}}},
		{"no label is ignored and does not lead", nameless, [][]float32{{1, 0.4}}, []fired{{0, "b"}}},
	} {
		if got := spot(t, c.o, c.rows); !slices.Equal(got, c.want) {
			t.Errorf("%s: fired %v, want %v", c.name, got, c.want)
		}
	}
}

// TestSpotterProperties holds random scores against the documentation, read backwards: at each step it looks through
// all that came before, where the Spotter keeps a state.
func TestSpotterProperties(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 6))
		n := 1 + r.IntN(4)
		o := audio.SpotterOptions{Refractory: time.Duration(r.IntN(6)) * step / 2, Max: r.IntN(3)}
		for i := range n {
			o.Labels = append(o.Labels, string(rune('a'+i)))
			o.Thresholds = append(o.Thresholds, float32(1+r.IntN(9))/10)
			if r.IntN(5) == 0 {
				o.Ignore = append(o.Ignore, i)
			}
		}
		rows := make([][]float32, 60)
		for i := range rows {
			for range n {
				rows[i] = append(rows[i], float32(r.IntN(11))/10)
			}
		}
		var want []fired
		last := make([]int, n) // the row in which each label fired last
		for i := range last {
			last[i] = -1
		}
		for i, row := range rows {
			var high []int
			for c, score := range row {
				if score >= o.Thresholds[c] && !slices.Contains(o.Ignore, c) {
					high = append(high, c)
				}
			}
			slices.SortStableFunc(high, func(a, b int) int {
				switch {
				case row[a] > row[b]:
					return -1
				case row[a] < row[b]:
					return 1
				}
				return 0
			})
			if o.Max > 0 {
				high = high[:min(len(high), o.Max)]
			}
			slices.Sort(high)
			for _, c := range high {
				ready := last[c] < 0
				for k := last[c] + 1; k < i && !ready; k++ {
					ready = rows[k][c] < o.Thresholds[c] && time.Duration(k-last[c])*step >= o.Refractory
				}
				if ready {
					want = append(want, fired{i, o.Labels[c]})
					last[c] = i
				}
			}
		}
		if got := spot(t, o, rows); !slices.Equal(got, want) {
			t.Fatalf("seed %d, %+v, scores %v: fired %v, want %v", seed, o, rows, got, want)
		}
	}
}

func TestSpotterReset(t *testing.T) {
	s, err := audio.NewSpotter(audio.SpotterOptions{Labels: []string{"a"}, Thresholds: []float32{0.5}, Refractory: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 0, 1} {
		if i == 2 {
			s.Reset()
		}
		if got := s.Add(nil, []float32{1}, 0, step); len(got) != want {
			t.Errorf("call %d: %v, want %d", i, got, want)
		}
	}
}

func TestSpotterAllocates(t *testing.T) {
	s, err := audio.NewSpotter(audio.SpotterOptions{Labels: []string{"a", "b"}, Thresholds: []float32{0.5, 0.5}, Max: 1})
	if err != nil {
		t.Fatal(err)
	}
	words, n := make([]pipeline.Keyword, 0, 2), time.Duration(0)
	high, low := []float32{1, 0.7}, []float32{0, 0}
	if got := testing.AllocsPerRun(100, func() {
		words = s.Add(words[:0], high, n, n+step)
		words = s.Add(words[:0], low, n, n+step)
		n += step
	}); got != 0 {
		t.Errorf("%g allocations", got)
	}
}

func TestSpotterErrors(t *testing.T) {
	nan := float32(math.NaN())
	labels := []string{"a", "b"}
	for want, o := range map[string]audio.SpotterOptions{
		"no labels":                     {},
		"1 thresholds for 2 labels":     {Labels: labels, Thresholds: []float32{0.5}},
		`threshold 0 for "b"`:           {Labels: labels, Thresholds: []float32{0.5, 0}},
		`1.5 for index 1`:               {Labels: []string{"a", ""}, Thresholds: []float32{0.5, 1.5}},
		"threshold NaN":                 {Labels: labels, Thresholds: []float32{nan, 0.5}},
		"refractory time of -1":         {Labels: labels, Thresholds: []float32{1, 1}, Refractory: -1},
		"at most -1 keywords":           {Labels: labels, Thresholds: []float32{1, 1}, Max: -1},
		"index 2 is to be ignored, but": {Labels: labels, Thresholds: []float32{1, 1}, Ignore: []int{2}},
	} {
		if _, err := audio.NewSpotter(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

// TestSpotterSetThresholds: other thresholds hold for the scores that come; wrong ones change nothing.
func TestSpotterSetThresholds(t *testing.T) {
	thresholds := []float32{0.5}
	s, err := audio.NewSpotter(audio.SpotterOptions{Labels: []string{"a"}, Thresholds: thresholds})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	fires := func(score float32) bool {
		n++
		return len(s.Add(nil, []float32{score}, 0, time.Duration(n)*step)) > 0
	}
	set := func(to ...float32) {
		t.Helper()
		if err := s.SetThresholds(to); err != nil {
			t.Fatal(err)
		}
	}
	if !fires(0.6) {
		t.Error("0.6 does not reach 0.5")
	}
	set(0.7)
	if fires(0.6) {
		t.Error("0.6 reaches 0.7")
	}
	set(0.3)
	if !fires(0.6) || fires(0.6) { // it was below 0.7 in between, and then is the same word
		t.Error("0.6 does not reach 0.3 once")
	}
	for _, bad := range [][]float32{nil, {0.2, 0.2}, {0}, {1.5}, {float32(math.NaN())}} {
		if s.SetThresholds(bad) == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	fires(0.1)
	if fires(0.25) || !fires(0.3) {
		t.Error("after wrong ones it is not 0.3")
	}
}
