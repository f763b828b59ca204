package mic

import (
	"time"

	"corallite/pipeline/audio"
)

// intake makes chunks of what comes into a ring.
type intake struct {
	shaper
	ring    *ring
	counts  counts
	samples []float32 // scratch
	begun   int64     // the number of the ring's sample at which the shaper began
	offset  int64     // the Start that it began with
	last    time.Time // Meta.Time of the last chunk
	hear    func(samples []float32)
}

// use takes sound from a ring from now on. What was taken from another has nothing to do with it.
func (in *intake) use(r *ring) error {
	in.ring = r
	return in.restart(0)
}

func (in *intake) restart(sample int64) error {
	in.begun, in.offset = sample, in.start
	return in.begin(in.ring.rate, in.start)
}

// pull moves what has come into the shaper, as much as a chunk needs. It gives the ring's error once all was taken.
func (in *intake) pull() error {
	for !in.full() {
		var first int64
		var torn bool
		var err error
		in.samples, first, torn, err = in.ring.take(in.samples[:0], in.ring.rate/10)
		if torn {
			// What was pending, and what the resampler holds, lies before the hole and is too short for a chunk.
			in.start = in.offset + (first-in.begun)*int64(in.rate)/int64(in.ring.rate)
			if err := in.restart(first); err != nil {
				return err
			}
		}
		if in.hear != nil {
			in.hear(in.samples)
		}
		in.add(in.samples)
		if err != nil || len(in.samples) == 0 {
			return err
		}
	}
	return nil
}

// next takes a chunk of what is pending, with the time at which its first sample was heard.
func (in *intake) next() *audio.Chunk {
	heard := in.ring.heard(in.begun + (in.start-in.offset)*int64(in.ring.rate)/int64(in.rate))
	if heard.Before(in.last) {
		heard = in.last // what comes in lumps
	}
	in.last = heard
	c := in.chunk()
	c.Meta().Time = heard
	in.counts.given.Add(int64(len(c.Samples)))
	return c
}
