package microwakeword

import (
	"context"
	"fmt"
	"time"

	"corallite/pipeline/audio"
)

// Padding is the silence that a Stage lets follow a recording, so that models also hear a word that the recording ends
// with: they answer up to a quarter of a second after it. More of it makes them hear no more words, and take other words
// that end in silence for theirs (docs/performance.md has the measurement, TestPadding repeats it).
const Padding = 300 * time.Millisecond

// Stage makes the features of each chunk, Chunk.Micro, once for all models. It listens on while the voice gate holds
// models back, as its noise estimate needs all sound.
type Stage struct {
	front Frontend
	quiet []int16 // what follows a recording
}

// NewStage is a stage for one source.
func NewStage() *Stage { return &Stage{quiet: make([]int16, Padding*Rate/time.Second)} }

// Process fills c.Micro. The first row of a recording needs Window samples. The last chunk also has the rows of
// Padding. It fails when the sound does not have Rate.
func (s *Stage) Process(_ context.Context, c *audio.Chunk) error {
	if c.Rate != Rate {
		return fmt.Errorf("the features of wake-word models need %d samples a second, and the sound has %d: let the source bring it to that rate",
			Rate, c.Rate)
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
