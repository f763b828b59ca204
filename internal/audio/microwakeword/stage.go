package microwakeword

import (
	"context"
	"fmt"
	"time"

	"corallite/pipeline/audio"
)

// Padding is the silence that a Stage adds after a recording, so that models also detect a word at its very end: they answer
// up to a quarter of a second after it. Longer padding detects no more words, but causes false accepts of other words that
// end in silence (measured in docs/performance.md; TestPadding repeats it).
const Padding = 300 * time.Millisecond

// Stage computes the features of each chunk, Chunk.Micro, once for all models, even while there is no voice, because
// its noise estimate needs all sound.
type Stage struct {
	front Frontend
	quiet []int16 // the Padding
}

// NewStage returns a Stage for one source.
func NewStage() *Stage { return &Stage{quiet: make([]int16, Padding*Rate/time.Second)} }

// Shares reports whether a model uses the rows of a Stage. One with another hop has a front end of its own.
func (m Manifest) Shares() bool { return m.hop() == Hop }

// hop is the number of samples from one row of features to the next.
func (m Manifest) hop() int {
	if m.Step == 0 {
		return Hop
	}
	return m.Step * Rate / 1000
}

// Process fills c.Micro. The first row of a recording needs Window samples. The last chunk also gets the rows of
// Padding. The sound must have Rate.
func (s *Stage) Process(_ context.Context, c *audio.Chunk) error {
	if c.Rate != Rate {
		return fmt.Errorf("microwakeword: invalid sample rate %d of a chunk (want %d: open the source with that rate)", c.Rate, Rate)
	}
	if c.First {
		s.front.Reset()
	}
	c.Micro = s.front.Process(c.Micro, c.Samples)
	if c.Last {
		c.Micro = s.front.Process(c.Micro, s.quiet)
	}
	return nil
}
