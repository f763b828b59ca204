package audio

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"corallite/pipeline"
)

// GateOptions say what a Gate takes for voice. What is 0 has the default, which suits a room with a person in it.
type GateOptions struct {
	Margin   float64       // dB that voice lies above the noise at least; 0: 6
	Hangover time.Duration // for how long after voice the gate stays open; 0: 1.2 s
	Memory   time.Duration // the noise is the quietest that came in this time; 0: 3 s
	Learning time.Duration // for how long it is open at the beginning, when the noise is not known; 0: 1 s
	Lowest   float64       // dB of full scale; noise is not thought to be lower; 0: -80
}

const (
	gateMargin   = 6
	gateHangover = 1200 * time.Millisecond
	gateMemory   = 3 * time.Second
	gateLearning = time.Second
	gateLowest   = -80

	// gateFrame is what is decided on at once.
	gateFrame = 10 * time.Millisecond

	// gateParts is in how many parts Memory is kept: the noise is the lowest of between 5/6 and all of it.
	gateParts = 6
)

// complete puts the defaults in and says what is wrong.
func (o *GateOptions) complete() error {
	var errs []error
	for _, d := range []struct {
		name  string
		is    *time.Duration
		usual time.Duration
	}{{"hangover", &o.Hangover, gateHangover}, {"memory", &o.Memory, gateMemory}, {"learning time", &o.Learning, gateLearning}} {
		switch {
		case *d.is == 0:
			*d.is = d.usual
		case *d.is < gateFrame:
			errs = append(errs, fmt.Errorf("a voice gate's %s of %v is not possible: want %v or more", d.name, *d.is, gateFrame))
		}
	}
	switch {
	case o.Margin == 0:
		o.Margin = gateMargin
	case !(o.Margin > 0 && o.Margin < -SilentDBFS): // refuses what is not a number
		errs = append(errs, fmt.Errorf("a voice gate's margin of %g dB is not possible: want more than 0, less than %d", o.Margin, -SilentDBFS))
	}
	switch {
	case o.Lowest == 0:
		o.Lowest = gateLowest
	case !(o.Lowest >= SilentDBFS && o.Lowest < 0):
		errs = append(errs, fmt.Errorf("a voice gate's lowest noise of %g dB of full scale is not possible: want %d or more, less than 0", o.Lowest, SilentDBFS))
	}
	return errors.Join(errs...)
}

// Gate is the Stage that says when there may be voice, so that no model runs when there is none: Chunk.Voice. It looks
// at the level of each 10 ms. The noise is the lowest level of the last Memory: between its sounds speech is as quiet as
// the noise (minimum statistics: R. Martin, "Spectral Subtraction Based on Minimum Statistics", EUSIPCO 1994; here of the
// whole band, and like there kept in parts, so that nothing is sorted). What lies Margin above it is voice, and so is what
// follows within Hangover, as in the detectors of ITU-T G.729 Annex B and ETSI EN 301 708: words end quietly. The hangover
// is longer than theirs, because models look at windows of a second and see a word whole only after its end.
//
// It errs on the side of voice: a noise that begins, such as a fan, counts as voice until it has been the quietest for
// Memory. A chunk has Voice when any part of it has: of short chunks more is held back than of long ones. When the gate
// opens it is for the models to look at what was held back just before.
type Gate struct {
	o GateOptions

	rate    int
	frame   int   // samples of gateFrame
	n       int   // samples of the frame that is being collected
	sum     int64 // of them
	squares int64 // of them
	frames  int64 // that are complete
	open    int64 // frames before this one are voice

	parts [gateParts]float64 // the lowest level of each part of Memory, dB of full scale
	part  int                // which is being filled
	each  int64              // frames of a part

	held atomic.Int64 // nanoseconds
}

var (
	_ Stage    = (*Gate)(nil)
	_ Reporter = (*Gate)(nil)
)

// NewGate makes a Gate. It needs no Level before it.
func NewGate(o GateOptions) (*Gate, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &Gate{o: o}, nil
}

// Process says whether there may be voice in a chunk.
func (g *Gate) Process(_ context.Context, c *Chunk) error {
	if c.First || c.Rate != g.rate {
		g.begin(c.Rate)
	}
	c.Voice = g.frames < g.open // the frame that the chunk begins in
	for rest := c.Samples; len(rest) > 0; {
		n := min(len(rest), g.frame-g.n)
		for _, s := range rest[:n] {
			g.sum += int64(s)
			g.squares += int64(s) * int64(s)
		}
		rest = rest[n:]
		if g.n += n; g.n == g.frame {
			g.decide()
			c.Voice = c.Voice || g.frames <= g.open
		}
	}
	if !c.Voice {
		g.held.Add(int64(At(int64(len(c.Samples)), c.Rate)))
	}
	return nil
}

func (g *Gate) begin(rate int) {
	g.rate, g.frame = rate, max(1, int(At(int64(rate), int(time.Second/gateFrame))/time.Second))
	g.n, g.sum, g.squares, g.frames = 0, 0, 0, 0
	g.open = int64(g.o.Learning / gateFrame)
	g.part, g.each = 0, max(1, int64(g.o.Memory/gateFrame)/gateParts)
	for i := range g.parts {
		g.parts[i] = math.Inf(1)
	}
}

// decide takes the frame that is complete.
func (g *Gate) decide() {
	// Without the mean: a microphone may have an offset that is louder than a whisper.
	n := int64(g.n)
	level := dBFS(float64(g.squares)-float64(g.sum)*float64(g.sum)/float64(n), n)
	g.n, g.sum, g.squares = 0, 0, 0
	if g.frames%g.each == 0 {
		g.part = (g.part + 1) % gateParts
		g.parts[g.part] = math.Inf(1)
	}
	g.parts[g.part] = min(g.parts[g.part], level)
	noise := math.Inf(1)
	for _, lowest := range g.parts {
		noise = min(noise, lowest)
	}
	g.frames++
	if level >= max(noise, g.o.Lowest)+g.o.Margin {
		g.open = max(g.open, g.frames+int64(g.o.Hangover/gateFrame))
	}
}

// Report tells for how long the gate was closed.
func (g *Gate) Report(sum *pipeline.SoundSummary) {
	sum.HeldBackS = time.Duration(g.held.Load()).Seconds()
}
