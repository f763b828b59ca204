package mic

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// FeedOptions are the options of NewFeed.
type FeedOptions struct {
	Name  string        // Meta.Source of the chunks
	Rate  int           // of the chunks, in samples per second, from 1000 to 1,000,000
	Chunk time.Duration // length of a chunk; 0: 10 ms
	Pool  *audio.Pool   // of the chunks; nil: a new one
}

// Feed is a live source of sound that comes from elsewhere, such as a camera: whoever has it gives it to Put. Sound that
// is not taken within two seconds is lost, oldest first, and counted. It ends with End or Close.
type Feed struct {
	name   string
	chunks reader
	closed context.Context
	close  context.CancelFunc

	mu    sync.Mutex
	rings []*ring       // the one that is read, or will be, and those that follow it
	added chan struct{} // has a value when there is a ring more, or no more will come
	ended bool
}

var _ audio.Source = (*Feed)(nil)

// NewFeed returns a Feed. The caller closes it.
func NewFeed(o FeedOptions) (*Feed, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	f := &Feed{name: o.Name, added: make(chan struct{}, 1)}
	f.chunks.chunker = chunker{pool: poolOr(o.Pool), name: o.Name, rate: o.Rate, size: samplesIn(o.Chunk, liveChunk, o.Rate)}
	f.closed, f.close = context.WithCancel(context.Background())
	return f, nil
}

// Put adds samples of one channel, from -1 to 1, rate of them a second (1000 to 1,000,000), the first of which was captured
// at that time. gap says that they do not follow those before, so that the next chunk is First; so it is after a change of
// the rate. lost is how much sound was lost before them; it is counted. Put never waits. One goroutine at a time calls it.
func (f *Feed) Put(samples []float32, rate int, at time.Time, gap bool, lost time.Duration) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	if lost > 0 {
		f.chunks.counts.lost.Add(int64(lost))
		f.chunks.counts.overruns.Add(1)
	}
	f.mu.Lock()
	var to *ring
	if n := len(f.rings); n > 0 {
		to = f.rings[n-1]
	}
	if to == nil || gap || to.rate != rate {
		if to != nil {
			to.end(io.EOF)
		}
		to = newRing(rate, &f.chunks.counts)
		if f.rings = append(f.rings, to); len(f.rings) > maxRings {
			f.rings = f.rings[1:] // nobody takes the sound
		}
		signal(f.added)
	}
	f.mu.Unlock()
	to.put(samples, at.Add(audio.At(int64(len(samples)), rate)))
	return nil
}

// maxRings is how many pieces of sound wait to be taken.
const maxRings = 4

// End ends the sound: Next returns io.EOF when all was taken.
func (f *Feed) End() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.rings); n > 0 && !f.ended {
		f.rings[n-1].end(io.EOF)
	}
	f.ended = true
	signal(f.added)
}

// Live is true.
func (f *Feed) Live() bool { return true }

// Name is Meta.Source of the chunks.
func (f *Feed) Name() string { return f.name }

// Stats say how much sound was returned so far, and how much was lost.
func (f *Feed) Stats() pipeline.Stats {
	return pipeline.Stats{Name: f.name, Buffered: true, Sound: f.chunks.counts.summary(f.chunks.rate)}
}

// Next returns the next chunk, with the time at which its first sample was captured.
func (f *Feed) Next(ctx context.Context) (*audio.Chunk, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.closed.Err() != nil {
			return nil, ErrClosed
		}
		wake := f.added
		if f.chunks.ring != nil {
			switch err := f.chunks.pull(); {
			case f.chunks.full():
				return f.chunks.next(), nil
			case errors.Is(err, io.EOF):
				f.done(f.chunks.ring)
				f.chunks.ring = nil
			case err != nil:
				return nil, err
			default:
				wake = f.chunks.ring.wake
			}
		}
		if f.chunks.ring == nil {
			next, ended := f.first()
			switch {
			case next != nil:
				if err := f.chunks.use(next); err != nil {
					return nil, err
				}
				continue
			case ended:
				return nil, io.EOF
			}
		}
		select {
		case <-wake:
		case <-ctx.Done():
		case <-f.closed.Done():
		}
	}
}

// first is the piece of sound to read next; nil: there is none yet, or no more comes.
func (f *Feed) first() (next *ring, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rings) > 0 {
		return f.rings[0], false
	}
	return nil, f.ended
}

// done forgets a piece of sound that was read to its end.
func (f *Feed) done(r *ring) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rings) > 0 && f.rings[0] == r {
		f.rings = f.rings[1:]
	}
}

// Close ends the source and any waiting Next. Chunks that were returned stay valid. It may be called twice.
func (f *Feed) Close() error {
	f.close()
	return nil
}
