package vision

import (
	"errors"
	"sync"
	"sync/atomic"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// MaxPixels is the size of the largest picture that is taken: 2^28 pixels, 768 MiB as BGR (16,384 × 16,384).
const MaxPixels = 1 << 28

// maxIdleBytes is the largest picture whose memory an idle frame keeps; larger ones are rare and freed at once.
const maxIdleBytes = 64 << 20

// Pool gives frames out and takes them back at their last Release, so that a stream of pictures of one size needs
// no new memory. It is safe for several goroutines. Whoever made it closes it.
type Pool struct {
	*counts
	keep   int
	mu     sync.Mutex
	idle   []*Frame
	closed bool
}

// counts are apart from the Pool so that the clean-up of a forgotten frame does not keep the Pool alive.
type counts struct {
	out     atomic.Int64
	leaks   atomic.Int64
	misuses atomic.Int64
}

// ErrPoolClosed is returned by Get after Close.
var ErrPoolClosed = errors.New("vision: the pool of frames is closed")

// NewPool makes a pool that keeps up to keep idle frames.
func NewPool(keep int) *Pool {
	return &Pool{counts: new(counts), keep: max(keep, 0), idle: make([]*Frame, 0, max(keep, 0))}
}

// Get gives a frame with one reference, to be filled (Target or Reserve) and then sealed. Frames that were released
// are taken first, the last one released before the others, because its memory is the likeliest to be in the cache.
func (p *Pool) Get() (*Frame, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrPoolClosed
	}
	var f *Frame
	if n := len(p.idle); n > 0 {
		f = p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
	}
	p.mu.Unlock()
	p.out.Add(1)
	if f == nil {
		return p.wrap(gocv.NewMat()), nil
	}
	f.store.held.Store(true)
	f.refs.Start()
	return f, nil
}

// Outstanding is how many frames are out: given and not yet released for the last time.
func (p *Pool) Outstanding() int { return int(p.out.Load()) }

// Leaks is how many frames became unreachable without their last Release. Their memory was freed when the garbage
// collector found out.
func (p *Pool) Leaks() int { return int(p.leaks.Load()) }

// Misuses is how many times a frame was retained or released after its last Release.
func (p *Pool) Misuses() int { return int(p.misuses.Load()) }

// Close frees the idle frames. Those that are out stay valid and are freed at their last Release. Twice is safe.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, f := range idle {
		f.store.close()
	}
	return nil
}

// takeBack gets a frame whose last reference was released.
func (p *Pool) takeBack(f *Frame) {
	f.store.held.Store(false)
	f.sealed.Store(false)
	f.meta, f.fps, f.reduced = pipeline.Meta{}, 0, reduction{}
	f.moved, f.watched, f.single = nil, false, false
	f.spent.Store(false)
	f.store.planar.giveBack()
	p.out.Add(-1)
	m := &f.store.mat // its own size: the frame may have been given back half filled
	small := m.Total()*m.ElemSize()+cap(f.store.planar.memory) <= maxIdleBytes
	p.mu.Lock()
	if small && !p.closed && len(p.idle) < p.keep {
		p.idle = append(p.idle, f)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	f.store.close()
}
