package keyword

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corallite/internal/audio/mel"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// TestVoice closes the gate: nothing runs, and when it opens, the runs of the last second are caught up on.
func TestVoice(t *testing.T) {
	for _, c := range []struct {
		name   string
		closed int // samples, from 500 on
		want   []int
	}{
		{"for less than what is made up for", 700, sequence(1210, 510, 10)},
		{"for as long", 1000, sequence(1510, 510, 10)},
		{"for longer", 3005, sequence(3510, 2510, 10)},
	} {
		f, e := markedModel(t, nil)
		e.keep = true
		sound := make([]int16, 500+c.closed+10)
		for i := range sound {
			sound[i] = int16(i) // so that a window says where it ends
		}
		at := 0
		piece := func(n int, voice bool) {
			for end := at + n; at < end; {
				n := min(7, end-at)
				take(t, f, &audio.Chunk{Samples: sound[at : at+n], Rate: 1000, Start: int64(at), First: at == 0, Voice: voice})
				at += n
			}
		}
		piece(500, true)
		if e.runs != 50 {
			t.Fatalf("%d runs in 500 ms, want 50", e.runs)
		}
		piece(c.closed, false)
		if e.runs != 50 {
			t.Errorf("%s: %d runs while the gate was closed", c.name, e.runs-50)
		}
		e.windows = nil
		piece(10, true)
		var got []int
		for _, w := range e.windows {
			got = append(got, int(w[99]*32768)+1)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: runs to %v, want %v", c.name, got, c.want)
		}
	}
}

// sequence returns from, from + step, … up to to.
func sequence(to, from, step int) (s []int) {
	for ; from <= to; from += step {
		s = append(s, from)
	}
	return s
}

// TestVoiceProperties opens and closes the gate at random, with chunks of random lengths, and compares the windows that
// the model is given with those that the documentation promises.
func TestVoiceProperties(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		o := Options{Mel: melOptions(r), Labels: []string{"a", "b"}, Smoothing: time.Duration(r.IntN(2000)) * ms}
		m, err := mel.New(o.Mel)
		if err != nil {
			t.Fatal(err)
		}
		rows, every := 4+r.IntN(20), 1+r.IntN(4)
		step := every * m.Hop()
		o.Step = audio.At(int64(step), o.Mel.Rate)
		if step > m.Samples(rows) {
			continue
		}
		e := newFake(floats("in", 1, rows, o.Mel.Bins), floats("out", 2), silent)
		e.keep = true
		f := open(t, e, o)
		sound := noise(r, 30000)
		all := m.Process(nil, join(make([]int16, m.Samples(rows)), sound))
		back := int(max(time.Second, o.Smoothing).Seconds()*float64(o.Mel.Rate)) / m.Hop() * m.Hop()
		var want [][]float32
		next := step
		for at, voice := 0, false; at < len(sound); {
			voice = voice != (r.IntN(8) == 0)
			n := min(r.IntN(1+r.IntN(4000)), len(sound)-at)
			take(t, f, &audio.Chunk{Samples: sound[at : at+n], Rate: o.Mel.Rate, Start: int64(at), First: at == 0, Voice: voice})
			for ; voice && next < at-back; next += step { // too long ago
			}
			at += n
			for ; voice && next <= at; next += step {
				end := next / m.Hop() * o.Mel.Bins
				want = append(want, all[end:end+rows*o.Mel.Bins])
			}
		}
		same(t, fmt.Sprintf("seed %d: %d rows each %d, back %d, mel %+v", seed, rows, every, back, o.Mel), e.windows, want)
	}
}

// TestVoiceEnds has recordings that end with the gate closed, and words before and in the time that was left out.
func TestVoiceEnds(t *testing.T) {
	chunk := func(at, n int, voice bool, loud map[int]int16) *audio.Chunk {
		return &audio.Chunk{Samples: mark(n, loud), Rate: 1000, Start: int64(at), First: at == 0, Level: float32(-at / 100), Voice: voice}
	}
	f, e := markedModel(t, func(o *Options) { o.Smoothing = 20 * ms })
	take(t, f, chunk(0, 95, true, nil))
	last := chunk(95, 100, false, map[int]int16{50: 24576})
	last.Last = true
	if got := take(t, f, last); len(got) > 0 || e.runs != 9 {
		t.Errorf("the gate was closed at the end: %v, %d runs, want 9", got, e.runs)
	}
	// The run before the gap (0.4) does not count for the first one after it (to 6010 ms, 0.7 at 5915 ms).
	take(t, f, chunk(0, 2000, true, nil))
	take(t, f, chunk(2000, 10, true, map[int]int16{5: 13107}))
	take(t, f, chunk(2010, 5000, false, map[int]int16{3905: 22938, 4900: 20000}))
	runs, opens := e.runs, chunk(7010, 10, true, nil)
	opens.Level = -3
	got := take(t, f, opens)
	// 20000 of 32768, at 6910 ms, is heard in the runs to 6920 and 6930 ms: the mean of the first and nothing is too low.
	want := []pipeline.Keyword{{Label: "high", Score: 20000.0 / 32768, StartS: 6.83, EndS: 6.93, LevelDBFS: -20}}
	if !slices.Equal(got, want) || e.runs != runs+102 {
		t.Errorf("after the gap: %v after %d runs, want %v after 102", got, e.runs-runs, want)
	}
}
