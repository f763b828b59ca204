package audio_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"corallite/pipeline/audio"
)

// levelled is a chunk of n samples at 16 kHz, all of the integer value whose level is nearest to the wanted one.
func levelled(start int64, n int, level float64) *audio.Chunk {
	c := &audio.Chunk{Samples: make([]int16, n), Rate: 16000, Start: start}
	for i := range c.Samples {
		c.Samples[i] = int16(math.Round(32768 * math.Pow(10, level/20)))
	}
	return c
}

func TestLevels(t *testing.T) {
	l := audio.NewLevels(500 * time.Millisecond)
	if got := l.Loudest(0, time.Hour); got != audio.SilentDBFS {
		t.Errorf("nothing heard: %g", got)
	}
	for i, level := range []float64{-50, -20, -40, -30} { // 100 ms each
		l.Add(levelled(int64(i)*1600, 1600, level))
	}
	l.Add(levelled(6400, 0, -1)) // says nothing
	const ms = time.Millisecond
	check := func(what string, start, end time.Duration, want float64) {
		t.Helper()
		if got := float64(l.Loudest(start, end)); math.Abs(got-want) > 0.2 {
			t.Errorf("%s, %v to %v: %g, want %g", what, start, end, got, want)
		}
	}
	for _, c := range []struct {
		start, end time.Duration
		want       float64
	}{
		{0, 400 * ms, -20}, {0, 100 * ms, -50}, {200 * ms, 300 * ms, -40}, {190 * ms, 300 * ms, -20}, {195 * ms, 300 * ms, -40}, {200 * ms, 309 * ms, -40}, {200 * ms, 310 * ms, -30},
		{390 * ms, time.Hour, -30}, {400 * ms, time.Hour, audio.SilentDBFS}, {-time.Second, 100 * ms, -50}, {300 * ms, 200 * ms, audio.SilentDBFS},
	} {
		check("four levels", c.start, c.end, c.want)
	}
	l.Add(levelled(6400, 48000, -60)) // longer than the span: all of it, and the span before it, is remembered
	check("before three seconds at -60", 100*ms, 200*ms, -20)
	check("three seconds at -60", 400*ms, 500*ms, -60)
	again := levelled(0, 1600, -45)
	again.First = true
	l.Add(again)
	check("a new beginning", 0, time.Hour, -45)
	l.Add(levelled(160000, 1600, -55)) // without First, and not where the last one ended
	check("after a gap", 0, time.Hour, -55)
	l.Add(levelled(16000, 1600, -58))
	check("after a step back", 0, time.Hour, -58)
}

// TestLevelsAreOfTheSound: the same sound has the same levels however it is cut, at rates that 10 ms do not divide too.
func TestLevelsAreOfTheSound(t *testing.T) {
	for _, rate := range []int{16000, 44100, 22050, 8000, 11025} {
		r := rand.New(rand.NewPCG(uint64(rate), 7))
		sound := make([]int16, 3*rate)
		for i := range sound {
			sound[i] = int16(float64(r.IntN(65536)-32768) * math.Abs(math.Sin(float64(i)/float64(rate))))
		}
		squares, counts := make([]float64, 300), make([]int, 300)
		for i, s := range sound {
			g := audio.At(int64(i), rate) / (10 * time.Millisecond)
			squares[g] += float64(s) * float64(s)
			counts[g]++
		}
		for _, most := range []int{1, 7, 160, 1000, 44100, len(sound)} {
			l := audio.NewLevels(3 * time.Second)
			for at := 0; at < len(sound); {
				n := min(1+r.IntN(most), len(sound)-at)
				l.Add(&audio.Chunk{Samples: sound[at : at+n], Rate: rate, Start: int64(at), First: at == 0})
				at += n
			}
			for g := range 299 { // the last is not reached by all
				start := time.Duration(g) * 10 * time.Millisecond
				want := 10 * math.Log10(squares[g]/float64(counts[g])/(1<<30))
				if got := float64(l.Loudest(start, start+10*time.Millisecond)); math.Abs(got-want) > 1e-4 {
					t.Fatalf("%d Hz in pieces of up to %d, grain %d: %g, want %g", rate, most, g, got, want)
				}
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
