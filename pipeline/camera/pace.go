package camera

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/clock"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// latest is the maximum delay that a paced source catches up.
const latest = time.Second

// Paced plays recordings at their own speed, like a camera. It is live: models that are slower than the recording miss
// frames, which are counted, instead of slowing it down.
type Paced struct {
	source pipeline.Source[*vision.Frame]
	clock  clock.Clock

	mu      sync.Mutex // what follows: its sound plays by it
	playing bool
	began   time.Time     // time of position 0
	last    time.Duration // position of the last frame
	path    string        // of the last frame

	stop chan struct{} // closed by Close
	once sync.Once
	over atomic.Bool // no more frames come
}

var (
	_ pipeline.Source[*vision.Frame] = (*Paced)(nil)
	_ pipeline.StatsReporter         = (*Paced)(nil)
)

// NewPaced returns a Paced, which takes ownership of the source. A nil clock is the system clock.
func NewPaced(source pipeline.Source[*vision.Frame], c clock.Clock) *Paced {
	if c == nil {
		c = clock.System{}
	}
	return &Paced{source: source, clock: c, stop: make(chan struct{})}
}

// Next returns the next frame when it is due; Meta.Time is that time. Single pictures come at once. Errors are the source's,
// ctx's and ErrClosed.
func (p *Paced) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := p.source.Next(ctx)
	if err != nil {
		var item *pipeline.ItemError
		p.over.Store(!errors.As(err, &item))
		return nil, err
	}
	if err := p.wait(ctx, f); err != nil {
		f.Release()
		return nil, err
	}
	f.Meta().Time = p.clock.Now()
	return f, nil
}

// wait waits until a frame is due.
func (p *Paced) wait(ctx context.Context, f *vision.Frame) error {
	wait := p.due(f.Meta())
	if wait <= 0 {
		return nil
	}
	passed, stop := p.clock.After(wait)
	defer stop()
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.stop:
		return ErrClosed
	}
}

// due is how long it takes until a frame is due.
func (p *Paced) due(m *pipeline.Meta) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	due := p.began.Add(m.Position)
	if !p.playing || m.Source != p.path || m.Position < p.last || now.Sub(due) > latest { // restart the timeline
		p.playing, p.began, due = true, now.Add(-m.Position), now
	}
	p.path, p.last = m.Source, m.Position
	return due.Sub(now)
}

// Live is true.
func (p *Paced) Live() bool { return true }

// Stats are the source's.
func (p *Paced) Stats() pipeline.Stats { return pipeline.StatsOf(p.source) }

// Close closes the source and ends any waiting Next. Frames that were returned stay valid. It may be called twice.
func (p *Paced) Close() error {
	p.once.Do(func() { close(p.stop) })
	return p.source.Close()
}
