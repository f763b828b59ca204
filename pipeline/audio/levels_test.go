package audio_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"corallite/pipeline/audio"
)

// levelled is a chunk of n samples of a level, at 16 kHz.
func levelled(start int64, n int, level float32) *audio.Chunk {
	return &audio.Chunk{Samples: make([]int16, n), Rate: 16000, Start: start, Level: level}
}

func TestLevels(t *testing.T) {
	l := audio.NewLevels(500 * time.Millisecond)
	if got := l.Loudest(0, time.Hour); got != audio.SilentDBFS {
		t.Errorf("nothing heard: %g", got)
	}
	for i, level := range []float32{-50, -20, -40, -30} { // 100 ms each
		l.Add(levelled(int64(i)*1600, 1600, level))
	}
	l.Add(levelled(6400, 0, -1)) // says nothing
	const ms = time.Millisecond
	for _, c := range []struct {
		start, end time.Duration
		want       float32
	}{
		{0, 400 * ms, -20}, {0, 100 * ms, -50}, {200 * ms, 300 * ms, -40}, {195 * ms, 300 * ms, -20}, {200 * ms, 301 * ms, -30},
		{399 * ms, time.Hour, -30}, {400 * ms, time.Hour, audio.SilentDBFS}, {-time.Second, 100 * ms, -50}, {300 * ms, 200 * ms, audio.SilentDBFS},
	} {
		if got := l.Loudest(c.start, c.end); got != c.want {
			t.Errorf("%v to %v: %g, want %g", c.start, c.end, got, c.want)
		}
	}
	l.Add(levelled(6400, 16000, -60)) // longer than all that is remembered
	if got := l.Loudest(0, time.Hour); got != -60 {
		t.Errorf("after a second at -60: %g", got)
	}
	again := levelled(0, 1600, -70)
	again.First = true
	l.Add(again)
	if got := l.Loudest(0, time.Hour); got != -70 {
		t.Errorf("after a new beginning: %g", got)
	}
	l.Add(levelled(160000, 1600, -80)) // without First, and not where the last one ended
	if got := l.Loudest(0, time.Hour); got != -80 {
		t.Errorf("after a gap: %g", got)
	}
	l.Add(levelled(16000, 1600, -90))
	if got := l.Loudest(0, time.Hour); got != -90 {
		t.Errorf("after a step back: %g", got)
	}
}

// TestLevelsProperties compares with a search through all chunks, for chunks of random lengths.
func TestLevelsProperties(t *testing.T) {
	const grain, rate, span = 10 * time.Millisecond, 16000, 300 * time.Millisecond
	type stretch struct {
		start, end time.Duration
		level      float32
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		l, at := audio.NewLevels(span), int64(r.IntN(1e6))
		var all []stretch
		for range 40 {
			c := levelled(at, 1+r.IntN(1+r.IntN(4000)), -float32(r.IntN(100)))
			l.Add(c)
			next := at + int64(len(c.Samples))
			all = append(all, stretch{audio.At(at, rate).Truncate(grain), audio.At(next, rate), c.Level})
			at = next
			now := audio.At(at, rate)
			end := now - time.Duration(r.Int64N(int64(span)))
			start := max(end-time.Duration(r.Int64N(int64(span))), now-span, 0)
			want := float32(audio.SilentDBFS)
			for _, s := range all {
				up := (min(s.end, end) + grain - 1).Truncate(grain) // to whole grains, as documented
				if max(s.start, start.Truncate(grain)) < up {
					want = max(want, s.level)
				}
			}
			if got := l.Loudest(start, end); got != want {
				t.Fatalf("seed %d, at %v: %v to %v is %g, want %g", seed, now, start, end, got, want)
			}
		}
	}
}

func TestLevelsAllocates(t *testing.T) {
	l, c := audio.NewLevels(time.Second), levelled(0, 1234, -3)
	if got := testing.AllocsPerRun(100, func() {
		l.Add(c)
		c.Start += int64(len(c.Samples))
		l.Loudest(0, time.Hour)
	}); got != 0 {
		t.Errorf("%g allocations", got)
	}
}

func TestAt(t *testing.T) {
	for _, c := range []struct {
		sample int64
		rate   int
		want   time.Duration
	}{
		{0, 16000, 0}, {1, 16000, 62500}, {44100, 44100, time.Second}, {1, 44100, 22675},
		{16000*3600*24*365*100 + 8000, 16000, 100*365*24*time.Hour + time.Second/2}, // no overflow in a century
	} {
		if got := audio.At(c.sample, c.rate); got != c.want {
			t.Errorf("sample %d at %d Hz: %v, want %v", c.sample, c.rate, got, c.want)
		}
	}
}
