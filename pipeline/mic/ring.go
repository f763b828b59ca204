package mic

import (
	"sync"
	"sync/atomic"
	"time"

	"corallite/pipeline/audio"
)

// ring buffers sound between the capture callback and the reader: one channel, at the rate of capture. When the reader is
// too slow, the oldest samples are lost.
type ring struct {
	rate   int
	counts *counts
	wake   chan struct{} // has a value after a put since the last take
	room   chan struct{} // has a value after a take since the last put

	mu          sync.Mutex
	buf         []float32 // sample i is at i % len(buf)
	taken       int64     // samples taken or lost
	written     int64     // samples received
	at          time.Time // when the last of them was received
	interrupted bool      // samples were lost before the next one to take
	ended       error     // why no more come
}

// counts counts the sound of one source.
type counts struct {
	given    atomic.Int64 // samples returned, at the rate of the chunks
	lost     atomic.Int64 // nanoseconds
	overruns atomic.Uint64
}

// ringLength is the capacity of a ring.
const ringLength = 2 * time.Second

func newRing(rate int, c *counts) *ring {
	return &ring{rate: rate, counts: c, buf: make([]float32, int(ringLength.Seconds()*float64(rate))),
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put adds samples, the last of which was received at that time. It does not allocate and never blocks for long.
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
		if !r.interrupted {
			r.counts.overruns.Add(1)
		}
		r.interrupted = true
	}
	r.mu.Unlock()
	signal(r.wake)
}

// end marks the end of the sound.
func (r *ring) end(why error) {
	r.mu.Lock()
	r.ended = why
	r.mu.Unlock()
	signal(r.wake)
}

// free returns the number of samples that fit.
func (r *ring) free() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.buf) - int(r.written-r.taken)
}

// take appends up to limit samples to dst. first is the index of the first of them; interrupted: samples before it were
// lost. err is the error of end, once all samples were taken.
func (r *ring) take(dst []float32, limit int) (out []float32, first int64, interrupted bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, interrupted = r.taken, r.interrupted
	for n := min(limit, int(r.written-r.taken)); n > 0; {
		piece := r.buf[r.taken%int64(len(r.buf)):]
		piece = piece[:min(len(piece), n)]
		dst = append(dst, piece...)
		n -= len(piece)
		r.taken += int64(len(piece))
	}
	r.interrupted = false
	if r.taken == r.written {
		err = r.ended
	}
	signal(r.room)
	return dst, first, interrupted, err
}

// timeOf estimates when a sample was captured, from when the last one was received.
func (r *ring) timeOf(sample int64) time.Time {
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
