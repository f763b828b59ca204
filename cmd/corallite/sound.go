package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"corallite/configs"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
	"corallite/pipeline/sink"
)

// soundPlan is a pipeline of sound.
type soundPlan struct{ planned[*audio.Chunk] }

// open opens the models and then the source: a microphone begins to fill its memory when it is opened.
func (p *soundPlan) open() error {
	var all []modelRequest
	for _, name := range p.c.Models {
		all = append(all, modelRequest{name: name, model: p.b.cfg.Models[name], priority: p.c.Priority, fleet: p.b.fleet})
	}
	e, err := openEars(p.b.ctx, all, p.c.Gate)
	if err != nil {
		return err
	}
	p.b.closers = append(p.b.closers, e.Close)
	p.Models = e.models
	source, err := openSound(p.b.ctx, p.c.Source, e.rate, p.b.std.in, p.b.logger)
	if err != nil {
		return err
	}
	p.Source = audio.Prepare(source, e.stages...)
	return nil
}

func (p *soundPlan) openFirstSinks() error { return openSinks(p.Stream, p.c, false, p.openSink) }

func (p *soundPlan) openLastSinks() error { return openSinks(p.Stream, p.c, true, p.openSink) }

func (p *soundPlan) openSink(c configs.Sink) (pipeline.Sink, error) {
	return p.b.openSink(c, sink.TableOptions{Model: len(p.c.Models) > 1})
}

// standardInputRate is what standard input has when nothing is said.
const standardInputRate = 16000

// openSound opens a source of sound. in is what "-" reads.
func openSound(ctx context.Context, c configs.Source, rate int, in io.Reader, logger *slog.Logger) (audio.Source, error) {
	switch {
	case c.Microphone != "":
		return mic.NewMicrophone(ctx, mic.MicrophoneOptions{
			Name: c.Microphone, Rate: rate, Deadline: seconds(c.Deadline), Logger: logger,
		})
	case slices.Contains(c.Sound, "-"):
		// It may be a microphone's sound, which is not to grow old, or a file's, of which nothing is to be lost: short
		// chunks, and whoever writes waits.
		return mic.NewPCM(mic.PCMOptions{
			Reader: in, Format: c.Format, SourceRate: cmp.Or(c.Rate, standardInputRate), Channels: c.Channels, Rate: rate, Chunk: 20 * time.Millisecond,
		})
	default:
		return mic.NewFiles(mic.FilesOptions{Paths: c.Sound, Rate: rate})
	}
}
