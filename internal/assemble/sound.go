package assemble

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"corallite/configs"
	"corallite/internal/part"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
)

// soundPlan is a pipeline of sound.
type soundPlan struct {
	basePlan[*audio.Chunk]
	level *audio.Level
}

// openSource opens nothing: how the sound is to be is known from the models.
func (p *soundPlan) openSource() error { return nil }

// open opens the models and then the source: a microphone begins to fill its memory when it is opened.
func (p *soundPlan) open() error {
	var all []ModelRequest
	for _, name := range p.c.Models {
		all = append(all, ModelRequest{Name: name, Model: p.b.cfg.Models[name], Priority: p.c.Priority, Pool: p.b.Pool})
	}
	e, err := OpenAudioModels(p.b.ctx, all, p.c.Gate)
	if err != nil {
		return err
	}
	p.b.closers = append(p.b.closers, e.Close)
	p.b.many = true
	p.Models, p.level = e.Models, e.Level
	ctx := p.b.ctx
	if p.b.Required {
		ctx = p.b.interrupted // what is not there is not waited for, and neither is what does not answer
	}
	source, err := OpenSound(ctx, SoundRequest{
		Source: p.c.Source, TargetRate: e.Rate, Gate: p.c.Gate, Stdin: p.b.Stdin, Logger: p.b.Logger, Required: p.b.Required,
	})
	if err != nil {
		return err
	}
	p.Source = audio.Prepare(source, e.Stages...)
	return nil
}

func (p *soundPlan) openFirstSinks() error { return p.openSinks(false, p.sinkEnv()) }

func (p *soundPlan) openLastSinks() error { return p.openSinks(true, p.sinkEnv()) }

func (p *soundPlan) sinkEnv() part.SinkEnv {
	env := p.basePlan.sinkEnv()
	env.Sound = p.level.Recent
	return env
}

// standardInputRate is what standard input has when nothing is said.
const standardInputRate = 16000

// The chunks of a recording: long ones let each model run for a while before the next one's code and weights take the
// processor's caches; a gate opens and closes with whole chunks.
const (
	longChunk  = 2 * time.Second
	gatedChunk = 100 * time.Millisecond
)

// SoundRequest is a source of sound to open.
type SoundRequest struct {
	configs.Source
	TargetRate int       // samples a second that the models want
	Gate       bool      // whether a voice gate comes behind it
	Stdin      io.Reader // what "-" reads
	Logger     *slog.Logger

	Required bool // a microphone that is not there is an error
}

// OpenSound opens a source of sound.
func OpenSound(ctx context.Context, c SoundRequest) (audio.Source, error) {
	switch {
	case c.Microphone != "":
		m, err := mic.NewMicrophone(ctx, mic.MicrophoneOptions{
			Name: c.Microphone, Rate: c.TargetRate, Deadline: seconds(c.Deadline), Required: c.Required, Logger: c.Logger,
		})
		if err != nil {
			return nil, fmt.Errorf("microphone %q: %w", c.Microphone, err)
		}
		return m, nil
	case slices.Contains(c.Sound, "-"):
		// It may be a microphone's sound, which is not to grow old, or a file's, of which nothing is to be lost: short
		// chunks, and whoever writes waits.
		return mic.NewPCM(mic.PCMOptions{
			Reader: c.Stdin, Format: c.Format, SourceRate: cmp.Or(c.Rate, standardInputRate), Channels: c.Channels, Rate: c.TargetRate, Chunk: 20 * time.Millisecond,
		})
	default:
		chunk := longChunk
		if c.Gate {
			chunk = gatedChunk
		}
		return mic.NewFiles(mic.FilesOptions{Paths: c.Sound, Rate: c.TargetRate, Chunk: chunk})
	}
}
