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

// VADOptions say what a VAD takes for voice. Zero values have the defaults, which suit a room with a person in it.
type VADOptions struct {
	Margin   float64       // how far voice lies above the noise, in dB, more than 0 and less than 120; 0: 6
	Hangover time.Duration // how long sound counts as voice after the last voice, at least 10 ms; 0: 1.2 s
	Memory   time.Duration // the noise level is the lowest level of this time, at least 10 ms; 0: 3 s
	Learning time.Duration // how long all sound counts as voice at the start, until the noise is known, at least 10 ms; 0: 1 s
	Lowest   float64       // the lowest assumed noise level, in dB of full scale, from -120 to less than 0; 0: -80
}

const (
	vadMargin   = 6
	vadHangover = 1200 * time.Millisecond
	vadMemory   = 3 * time.Second
	vadLearning = time.Second
	vadLowest   = -80

	// vadFrame is the length of one decision.
	vadFrame = 10 * time.Millisecond

	// vadParts is the number of parts in which Memory is kept: the noise is the minimum over 5/6 to all of it.
	vadParts = 6
)

// complete fills in the defaults and validates the rest.
func (o *VADOptions) complete() error {
	var errs []error
	for _, d := range []struct {
		name  string
		is    *time.Duration
		usual time.Duration
	}{{"hangover", &o.Hangover, vadHangover}, {"memory", &o.Memory, vadMemory}, {"learning time", &o.Learning, vadLearning}} {
		switch {
		case *d.is == 0:
			*d.is = d.usual
		case *d.is < vadFrame:
			errs = append(errs, fmt.Errorf("audio: invalid VAD %s %v (want at least %v)", d.name, *d.is, vadFrame))
		}
	}
	switch {
	case o.Margin == 0:
		o.Margin = vadMargin
	case !(o.Margin > 0 && o.Margin < -SilentDBFS): // refuses what is not a number
		errs = append(errs, fmt.Errorf("audio: invalid VAD margin %g dB (want more than 0 and less than %d)", o.Margin, -SilentDBFS))
	}
	switch {
	case o.Lowest == 0:
		o.Lowest = vadLowest
	case !(o.Lowest >= SilentDBFS && o.Lowest < 0):
		errs = append(errs, fmt.Errorf("audio: invalid VAD lowest noise %g dBFS (want at least %d and less than 0)", o.Lowest, SilentDBFS))
	}
	return errors.Join(errs...)
}

// VAD is an energy-based voice-activity detector: a Stage that sets Chunk.Voice, so that models run only while there may
// be voice. It measures the level of each 10 ms. The noise level is the lowest level of the last Memory, because between
// its sounds speech is as quiet as the noise (minimum statistics: R. Martin, "Spectral Subtraction Based on Minimum
// Statistics", EUSIPCO 1994; here for the whole band, and as there kept in parts so that nothing is sorted). Sound that is
// Margin above it is voice, and so is what follows within Hangover, as in the detectors of ITU-T G.729 Annex B and
// ETSI EN 301 708: words end quietly. The hangover is longer than theirs because models use windows of a second and see
// all of a word only after its end.
//
// It errs on the side of voice: a noise that begins, such as a fan, counts as voice until Memory has passed. A chunk has
// Voice when any part of it has, so more is held back of short chunks than of long ones. When voice begins, the models
// themselves go back to what was held back just before.
type VAD struct {
	o VADOptions

	rate    int
	frame   int   // samples in vadFrame
	n       int   // samples in the current frame so far
	sum     int64 // of those samples
	squares int64 // of those samples
	frames  int64 // complete frames
	until   int64 // frames before this one count as voice

	parts [vadParts]float64 // the lowest level in each part of Memory, in dB of full scale
	part  int               // the current part
	each  int64             // frames in a part

	held atomic.Int64 // nanoseconds
}

var (
	_ Stage    = (*VAD)(nil)
	_ Reporter = (*VAD)(nil)
)

// NewVAD returns a VAD. It needs no Level stage before it.
func NewVAD(o VADOptions) (*VAD, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	return &VAD{o: o}, nil
}

// Process sets Voice of a chunk.
func (v *VAD) Process(_ context.Context, c *Chunk) error {
	if c.First || c.Rate != v.rate {
		v.begin(c.Rate)
	}
	c.Voice = v.frames < v.until // the frame that the chunk begins in
	for rest := c.Samples; len(rest) > 0; {
		n := min(len(rest), v.frame-v.n)
		for _, s := range rest[:n] {
			v.sum += int64(s)
			v.squares += int64(s) * int64(s)
		}
		rest = rest[n:]
		if v.n += n; v.n == v.frame {
			v.decide()
			c.Voice = c.Voice || v.frames <= v.until
		}
	}
	if !c.Voice {
		v.held.Add(int64(At(int64(len(c.Samples)), c.Rate)))
	}
	return nil
}

func (v *VAD) begin(rate int) {
	v.rate, v.frame = rate, max(1, int(At(int64(rate), int(time.Second/vadFrame))/time.Second))
	v.n, v.sum, v.squares, v.frames = 0, 0, 0, 0
	v.until = int64(v.o.Learning / vadFrame)
	v.part, v.each = 0, max(1, int64(v.o.Memory/vadFrame)/vadParts)
	for i := range v.parts {
		v.parts[i] = math.Inf(1)
	}
}

// decide updates the noise level and the decision with a complete frame.
func (v *VAD) decide() {
	// Without the mean: the DC offset of a microphone may be louder than a whisper.
	n := int64(v.n)
	level := dBFS(float64(v.squares)-float64(v.sum)*float64(v.sum)/float64(n), n)
	v.n, v.sum, v.squares = 0, 0, 0
	if v.frames%v.each == 0 {
		v.part = (v.part + 1) % vadParts
		v.parts[v.part] = math.Inf(1)
	}
	v.parts[v.part] = min(v.parts[v.part], level)
	noise := math.Inf(1)
	for _, lowest := range v.parts {
		noise = min(noise, lowest)
	}
	v.frames++
	if level >= max(noise, v.o.Lowest)+v.o.Margin {
		v.until = max(v.until, v.frames+int64(v.o.Hangover/vadFrame))
	}
}

// Report says how much sound had no voice.
func (v *VAD) Report(sum *pipeline.SoundSummary) {
	sum.HeldBackS = time.Duration(v.held.Load()).Seconds()
}
