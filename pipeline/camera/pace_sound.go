package camera

import (
	"context"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// pacedSound is the sound of recordings that plays with their pictures.
type pacedSound struct {
	audio.Source
	pictures *Paced
}

// sound is the sound of the same recordings, which plays with the pictures.
func (p *Paced) sound(s audio.Source) audio.Source { return &pacedSound{s, p} }

// Live is true.
func (s *pacedSound) Live() bool { return true }

// Stats are the recordings'. All chunks come, also those that are late.
func (s *pacedSound) Stats() pipeline.Stats {
	all := s.Source.Stats()
	all.Buffered = true
	return all
}

// Next returns the next chunk when the pictures are at its end; Meta.Time is then that of its beginning.
func (s *pacedSound) Next(ctx context.Context) (*audio.Chunk, error) {
	c, err := s.Source.Next(ctx)
	if err != nil {
		return nil, err
	}
	p, length := s.pictures, audio.At(int64(len(c.Samples)), c.Rate)
	end := c.Meta().Position + length
	for {
		wait := p.until(c.Meta().Source, end)
		if wait <= 0 {
			c.Meta().Time = p.clock.Now().Add(-length)
			return c, nil
		}
		passed, stop := p.clock.After(wait)
		select {
		case <-passed:
			stop()
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-p.stop:
			err = ErrClosed
		}
		stop()
		c.Release()
		return nil, err
	}
}

// glance is how often the sound looks whether the pictures have begun anew.
const glance = 50 * time.Millisecond

// until is how long to wait, at least, until the pictures of a recording are at a position.
func (p *Paced) until(source string, position time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.over.Load():
		return 0
	case !p.playing || p.path != source: // another recording is played
		return glance
	}
	return min(p.began.Add(position).Sub(p.clock.Now()), glance)
}
