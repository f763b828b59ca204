package mic

import (
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/internal/resample"
)

// chunker resamples sound of any rate and cuts it into chunks.
type chunker struct {
	pool *audio.Pool
	name string // Meta.Source
	rate int    // of the chunks
	size int    // samples in a chunk

	resampler *resample.Resampler
	pending   []float32 // at rate
	start     int64     // index of pending[0]
	first     bool      // no chunk was returned since begin
}

// begin starts a recording, or continues after a gap. Pending samples are dropped.
func (c *chunker) begin(rate int, start int64) error {
	resampler, err := resample.New(rate, c.rate)
	if err != nil {
		return err
	}
	c.resampler, c.pending, c.start, c.first = resampler, c.pending[:0], start, true
	return nil
}

func (c *chunker) add(samples []float32) { c.pending = c.resampler.Append(c.pending, samples) }

// end adds the samples that the resampler still holds.
func (c *chunker) end() { c.pending = c.resampler.Flush(c.pending) }

// full reports whether a whole chunk is pending.
func (c *chunker) full() bool { return len(c.pending) >= c.size }

// chunk returns the next chunk, which is shorter than size when fewer samples are pending.
func (c *chunker) chunk() *audio.Chunk {
	n := min(len(c.pending), c.size)
	out := c.pool.Get(c.size)
	for _, x := range c.pending[:n] {
		out.Samples = append(out.Samples, integer(x))
	}
	c.pending = c.pending[:copy(c.pending, c.pending[n:])]
	out.Rate, out.Start, out.First = c.rate, c.start, c.first
	out.Meta().Source = c.name
	c.start += int64(n)
	c.first = false
	return out
}

// integer rounds to 16 bits, half away from zero, with saturation.
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

// summary returns the counts, of chunks at that rate.
func (c *counts) summary(rate int) *pipeline.SoundSummary {
	return &pipeline.SoundSummary{
		Seconds: audio.At(c.given.Load(), rate).Seconds(), LostS: time.Duration(c.lost.Load()).Seconds(), Overruns: c.overruns.Load(),
		LevelDBFS: audio.SilentDBFS, PeakDBFS: audio.SilentDBFS,
	}
}

// samplesIn returns the number of samples in a chunk, at least one; usual is used when chunk is 0.
func samplesIn(chunk, usual time.Duration, rate int) int {
	if chunk <= 0 {
		chunk = usual
	}
	return max(1, int(float64(chunk.Seconds()*float64(rate))+0.5))
}
