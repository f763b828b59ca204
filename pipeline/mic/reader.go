package mic

import (
	"time"

	"corallite/pipeline/audio"
)

// reader cuts the samples of a ring into chunks.
type reader struct {
	chunker
	ring    *ring
	counts  counts
	samples []float32               // scratch
	origin  int64                   // the ring's index of the sample at which the chunker began
	offset  int64                   // Start of that sample
	last    time.Time               // Meta.Time of the last chunk
	inspect func(samples []float32) // is shown all samples, at the ring's rate; may be nil
}

// use reads from another ring from now on; its sound is not continuous with what was read before.
func (r *reader) use(from *ring) error {
	r.ring = from
	return r.restart(0)
}

func (r *reader) restart(sample int64) error {
	r.origin, r.offset = sample, r.start
	return r.begin(r.ring.rate, r.start)
}

// pull moves samples from the ring into the chunker until a chunk is full or the ring is empty. It returns the ring's error
// once all samples were read.
func (r *reader) pull() error {
	for !r.full() {
		var first int64
		var interrupted bool
		var err error
		r.samples, first, interrupted, err = r.ring.take(r.samples[:0], r.ring.rate/10)
		if interrupted {
			// What is pending here and in the resampler lies before the gap and is too short for a chunk: it is dropped.
			r.start = r.offset + (first-r.origin)*int64(r.rate)/int64(r.ring.rate)
			if err := r.restart(first); err != nil {
				return err
			}
		}
		if r.inspect != nil {
			r.inspect(r.samples)
		}
		r.add(r.samples)
		if err != nil || len(r.samples) == 0 {
			return err
		}
	}
	return nil
}

// next returns the next chunk, with the time of its first sample.
func (r *reader) next() *audio.Chunk {
	at := r.ring.timeOf(r.origin + (r.start-r.offset)*int64(r.ring.rate)/int64(r.rate))
	if at.Before(r.last) {
		at = r.last // PulseAudio delivers in bursts; timestamps must not go back
	}
	r.last = at
	c := r.chunk()
	c.Meta().Time = at
	r.counts.given.Add(int64(len(c.Samples)))
	return c
}
