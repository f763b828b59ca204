package audio

import (
	"context"
	"math"
	"sync"
	"time"

	"corallite/pipeline"
)

// Level is the Stage that measures how loud the sound is: Chunk.Level, and the level and the peak of all of it for the
// summary. A square wave at full scale has 0 dB, a sine -3.01 dB.
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

// recentSpan is for how long a loud chunk is told of by Recent.
const recentSpan = 500 * time.Millisecond

var (
	_ Stage    = (*Level)(nil)
	_ Reporter = (*Level)(nil)
)

// NewLevel makes a Level.
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

// Recent is how loud the loudest chunk of about the last half second was, in dB of full scale, and when the last chunk
// came; the zero time: none did. It may be called at any time.
func (l *Level) Recent() (dbfs float32, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.IsZero() {
		return SilentDBFS, l.last
	}
	return l.recent, l.last
}

// Report tells the level and the peak of all that came.
func (l *Level) Report(sum *pipeline.SoundSummary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum.LevelDBFS, sum.PeakDBFS = dBFS(l.squares, l.samples), dBFS(float64(l.peak)*float64(l.peak), 1)
}

// dBFS is the root mean square in dB of full scale, of a sum of squares of so many samples; at least SilentDBFS.
func dBFS(squares float64, samples int64) float64 {
	if samples == 0 || squares <= 0 {
		return SilentDBFS
	}
	return max(SilentDBFS, 10*math.Log10(squares/float64(samples)/(1<<30)))
}
