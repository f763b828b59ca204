package camera

import (
	"context"
	"sync"
	"time"

	"corallite/internal/clock"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// latest is how far a paced source may fall behind its recording and still catch up.
const latest = time.Second

// Paced plays recordings: the frames come when their positions say, as from a camera. It is live: models that are slower
// than the recording miss frames, which is counted, and do not slow it down.
type Paced struct {
	source pipeline.Source[*vision.Frame]
	clock  clock.Clock

	playing bool
	began   time.Time     // the moment of position 0
	last    time.Duration // the position of the last frame
	path    string        // of the last frame

	stop chan struct{}
	once sync.Once
}

var (
	_ pipeline.Source[*vision.Frame] = (*Paced)(nil)
	_ pipeline.StatsReporter         = (*Paced)(nil)
)

// NewPaced makes a Paced, which owns the source from then on. A nil clock is the machine's.
func NewPaced(source pipeline.Source[*vision.Frame], c clock.Clock) *Paced {
	if c == nil {
		c = clock.System{}
	}
	return &Paced{source: source, clock: c, stop: make(chan struct{})}
}

// Next gives the next frame when it is its time; Meta.Time is that moment. Pictures, which have no place in a recording,
// come at once. Errors are the source's, ctx's and ErrClosed.
func (p *Paced) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := p.source.Next(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.wait(ctx, f); err != nil {
		f.Release()
		return nil, err
	}
	f.Meta().Time = p.clock.Now()
	return f, nil
}

// wait waits until it is a frame's time.
func (p *Paced) wait(ctx context.Context, f *vision.Frame) error {
	m, now := f.Meta(), p.clock.Now()
	due := p.began.Add(m.Position)
	if !p.playing || m.Source != p.path || m.Position < p.last || now.Sub(due) > latest { // it begins here
		p.playing, p.began, due = true, now.Add(-m.Position), now
	}
	p.path, p.last = m.Source, m.Position
	if !due.After(now) {
		return nil
	}
	passed, stop := p.clock.After(due.Sub(now))
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

// Live is true.
func (p *Paced) Live() bool { return true }

// Stats are the source's.
func (p *Paced) Stats() pipeline.Stats { return pipeline.StatsOf(p.source) }

// Close closes the source, and ends a Next that waits. Frames that are out stay valid. Twice is safe.
func (p *Paced) Close() error {
	p.once.Do(func() { close(p.stop) })
	return p.source.Close()
}
