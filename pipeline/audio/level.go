package audio

import (
	"context"
	"math"
	"sync"
	"time"

	"corallite/pipeline"
)

// Level is the Stage that measures the level of the sound: Chunk.Level, and the level and peak of all sound for the summary.
// A full-scale square wave has 0 dB, a sine -3.01 dB.
type Level struct {
	now func() time.Time

	mu      sync.Mutex
	squares float64 // sum
	samples int64
	peak    int
	recent  float32   // the loudest chunk of about the last half second
	since   time.Time // when that chunk came
	last    time.Time // when the last chunk came
}

// recentSpan is how long Recent remembers a loud chunk.
const recentSpan = 500 * time.Millisecond

var (
	_ Stage    = (*Level)(nil)
	_ Reporter = (*Level)(nil)
)

// NewLevel returns a Level.
func NewLevel() *Level { return &Level{now: time.Now} }

// Process measures a chunk.
func (l *Level) Process(_ context.Context, c *Chunk) error {
	squares, peak := int64(0), 0
	for _, s := range c.Samples {
		squares += int64(s) * int64(s)
		peak = max(peak, int(s), -int(s))
	}
	c.Level = float32(dBFS(float64(squares), int64(len(c.Samples))))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.squares += float64(squares)
	l.samples += int64(len(c.Samples))
	l.peak = max(l.peak, peak)
	l.last = l.now()
	if c.Level >= l.recent || l.since.IsZero() || l.last.Sub(l.since) > recentSpan {
		l.recent, l.since = c.Level, l.last
	}
	return nil
}

// Recent returns the level of the loudest chunk of about the last half second, in dB of full scale, and when the last chunk
// came; zero: never. Any goroutine may call it.
func (l *Level) Recent() (dbfs float32, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.IsZero() {
		return SilentDBFS, l.last
	}
	return l.recent, l.last
}

// Report adds the level and the peak of all sound.
func (l *Level) Report(sum *pipeline.SoundSummary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum.LevelDBFS, sum.PeakDBFS = dBFS(l.squares, l.samples), dBFS(float64(l.peak)*float64(l.peak), 1)
}

// dBFS returns the root mean square in dB of full scale, from the sum of squares of samples; at least SilentDBFS.
func dBFS(squares float64, samples int64) float64 {
	if samples == 0 || squares <= 0 {
		return SilentDBFS
	}
	return max(SilentDBFS, 10*math.Log10(squares/float64(samples)/(1<<30)))
}
