package mic

import (
	"sync"
	"sync/atomic"
	"time"

	"corallite/pipeline/audio"
)

// ring is where sound waits between what hears it and what takes it, one channel at the rate it was heard at. When
// nobody takes it in time, the oldest is lost.
type ring struct {
	rate   int
	counts *counts
	wake   chan struct{} // has a value when something came since the last take
	room   chan struct{} // has a value when something was taken since the last put

	mu      sync.Mutex
	buf     []float32 // sample i lies at i % len(buf)
	taken   int64     // samples taken or lost
	written int64     // samples that came
	at      time.Time // when the last of them came
	torn    bool      // samples were lost before the next one that is taken
	ended   error     // why no more comes
}

// counts are what has become of the sound of one source.
type counts struct {
	given    atomic.Int64 // samples, at the rate of the chunks
	lost     atomic.Int64 // nanoseconds
	overruns atomic.Uint64
}

// ringLength is how much sound waits at most.
const ringLength = 2 * time.Second

func newRing(rate int, c *counts) *ring {
	return &ring{rate: rate, counts: c, buf: make([]float32, int(ringLength.Seconds()*float64(rate))),
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put adds samples, the last of which was heard at the time given. It allocates nothing, and never waits for long.
func (r *ring) put(samples []float32, at time.Time) {
	r.mu.Lock()
	if skip := len(samples) - len(r.buf); skip > 0 {
		r.written += int64(skip)
		samples = samples[skip:]
	}
	for len(samples) > 0 {
		n := copy(r.buf[r.written%int64(len(r.buf)):], samples)
		samples = samples[n:]
		r.written += int64(n)
	}
	r.at = at
	if over := r.written - r.taken - int64(len(r.buf)); over > 0 {
		r.taken += over
		r.counts.lost.Add(int64(audio.At(over, r.rate)))
		if !r.torn {
			r.counts.overruns.Add(1)
		}
		r.torn = true
	}
	r.mu.Unlock()
	signal(r.wake)
}

// end says that no more comes.
func (r *ring) end(why error) {
	r.mu.Lock()
	r.ended = why
	r.mu.Unlock()
	signal(r.wake)
}

// free is for how many samples there is room.
func (r *ring) free() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.buf) - int(r.written-r.taken)
}

// take appends up to limit samples to dst. first is the number of the first of them; torn says that those before it were
// lost. err is why no more comes, once all were taken.
func (r *ring) take(dst []float32, limit int) (out []float32, first int64, torn bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, torn = r.taken, r.torn
	for n := min(limit, int(r.written-r.taken)); n > 0; {
		piece := r.buf[r.taken%int64(len(r.buf)):]
		piece = piece[:min(len(piece), n)]
		dst = append(dst, piece...)
		n -= len(piece)
		r.taken += int64(len(piece))
	}
	r.torn = false
	if r.taken == r.written {
		err = r.ended
	}
	signal(r.room)
	return dst, first, torn, err
}

// heard is when a sample was heard, as far as it can be known from when the last one came.
func (r *ring) heard(sample int64) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at.Add(-audio.At(r.written-sample, r.rate))
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
