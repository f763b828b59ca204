package mic

import (
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/resample"
)

// shaper makes chunks of samples of any rate.
type shaper struct {
	pool *audio.Pool
	name string // Meta.Source
	rate int    // of the chunks
	size int    // samples of a chunk

	change  *resample.Resampler
	pending []float32 // at rate, not given yet
	start   int64     // the index of pending[0]
	first   bool      // nothing was given since begin
}

// begin starts a recording, or goes on after sound was lost. What was pending is forgotten.
func (s *shaper) begin(rate int, start int64) error {
	change, err := resample.New(rate, s.rate)
	if err != nil {
		return err
	}
	s.change, s.pending, s.start, s.first = change, s.pending[:0], start, true
	return nil
}

func (s *shaper) add(samples []float32) { s.pending = s.change.Append(s.pending, samples) }

// end adds what the resampler still holds.
func (s *shaper) end() { s.pending = s.change.Flush(s.pending) }

// full says whether a whole chunk is pending.
func (s *shaper) full() bool { return len(s.pending) >= s.size }

// chunk takes the next chunk, of as many samples as are pending and as fit.
func (s *shaper) chunk() *audio.Chunk {
	n := min(len(s.pending), s.size)
	c := s.pool.Get(s.size)
	for _, x := range s.pending[:n] {
		c.Samples = append(c.Samples, integer(x))
	}
	s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	c.Rate, c.Start, c.First = s.rate, s.start, s.first
	c.Meta().Source = s.name
	s.start += int64(n)
	s.first = false
	return c
}

// integer rounds to the nearest of 16 bits.
func integer(x float32) int16 {
	x = float32(x * (1 << 15))
	switch {
	case x >= 1<<15-1:
		return 1<<15 - 1
	case x <= -1<<15:
		return -1 << 15
	case x < 0:
		return int16(x - 0.5)
	}
	return int16(x + 0.5)
}

// summary is what came of so many samples of a rate.
func (c *counts) summary(rate int) *pipeline.SoundSummary {
	return &pipeline.SoundSummary{
		Seconds: audio.At(c.given.Load(), rate).Seconds(), LostS: time.Duration(c.lost.Load()).Seconds(), Overruns: c.overruns.Load(),
		LevelDBFS: audio.SilentDBFS, PeakDBFS: audio.SilentDBFS,
	}
}

// samplesIn is how many samples a chunk has, at least one; usual is its length when none was asked for.
func samplesIn(chunk, usual time.Duration, rate int) int {
	if chunk <= 0 {
		chunk = usual
	}
	return max(1, int(float64(chunk.Seconds()*float64(rate))+0.5))
}
