package assemble

import (
	"context"
	"time"

	"corallite/internal/control"
	"corallite/pipeline/audio"
)

// heldSound is a source of sound that is passed over while its pipeline is switched off. What comes first after that is
// First, so that nothing before and behind the gap is heard as one sound.
type heldSound struct {
	audio.Source
	control *control.Pipeline
	waits   bool // instead: nobody says more in the meantime
	gap     bool
}

// holdPause is how often a source that waits asks whether it may go on.
const holdPause = 50 * time.Millisecond

// prepare puts stages behind a source, of which those behind the first, which measures the level, see nothing while the
// pipeline is switched off. A recording waits; a source that someone else speaks into (spoken) does not.
func (p *basePlan[T]) prepare(source audio.Source, stages []audio.Stage, spoken bool) *audio.Prepared {
	if p.control == nil {
		return audio.Prepare(source, stages...)
	}
	held := &heldSound{Source: audio.Prepare(source, stages[0]), control: p.control, waits: !source.Live() && !spoken}
	return audio.Prepare(held, stages[1:]...)
}

func (h *heldSound) Next(ctx context.Context) (*audio.Chunk, error) {
	for {
		c, err := h.Source.Next(ctx)
		if err != nil {
			return nil, err
		}
		for h.waits && !h.control.On() && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(holdPause):
			}
		}
		if h.waits || h.control.On() {
			c.First = c.First || h.gap
			h.gap = false
			return c, nil
		}
		h.gap = true
		c.Release()
	}
}
