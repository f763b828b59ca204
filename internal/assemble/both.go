package assemble

import (
	"context"
	"errors"
	"maps"
	"sync"

	"corallite/configs"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/camera"
)

// bothPlan is a pipeline with models on pictures and models on sound: a stream of each, on the pictures and the sound of one
// source, with common sinks.
type bothPlan struct {
	pictures *visionPlan
	sound    *soundPlan
}

func (b *Builder) bothPlan(name string, c configs.Pipeline, pictures, sound []string) *bothPlan {
	seen, heard := c, c
	seen.Models, heard.Models = pictures, sound
	p := &bothPlan{pictures: b.visionPlan(name, seen), sound: b.soundPlan(name, heard)}
	p.pictures.named, p.sound.named = c.Models, c.Models
	p.pictures.sounding = true
	p.sound.Progress = nil // that of the pictures is shown
	p.pictures.heard = func(o life.Options) (pipeline.Gate, error) { return p.sound.newGate(o, false) }
	p.sound.control = p.pictures.control
	return p
}

func (p *bothPlan) name() string { return p.pictures.name() }

func (p *bothPlan) openSource() error { return p.pictures.openSource() }

func (p *bothPlan) open() error {
	if err := p.pictures.open(); err != nil {
		return err
	}
	p.sound.pictures = p.pictures.Source
	if s, ok := p.pictures.Source.(*camera.Select); ok {
		p.sound.pictures = s.Source()
	}
	return p.sound.open()
}

func (p *bothPlan) probe() error { return p.pictures.probe() }

func (p *bothPlan) openFirstSinks() error { return p.pictures.openFirstSinks() }

func (p *bothPlan) openLastSinks() error { return p.pictures.openLastSinks() }

// openOtherSinks also shares the sinks among the streams.
func (p *bothPlan) openOtherSinks() error {
	if err := p.pictures.openOtherSinks(); err != nil {
		return err
	}
	for i := range p.pictures.Sinks {
		k, configured := &p.pictures.Sinks[i], i < len(p.pictures.c.Sinks)
		if configured && p.pictures.c.Sinks[i].About().Takes == part.Pictures {
			continue
		}
		other := *k
		order := p.order(k.Sink)
		all := &shared{sink: k.Sink, order: order}
		k.Sink, other.Sink = all.of(0), all.of(1)
		if configured {
			var err error
			if other.Gate, err = p.sound.gate(p.pictures.c.Sinks[i]); err != nil {
				return errors.Join(err, other.Sink.Close())
			}
		}
		if order != nil {
			k.Gate, other.Gate = &orderedGate{order, 0, k.Gate}, &orderedGate{order, 1, other.Gate}
		}
		p.sound.Sinks = append(p.sound.Sinks, other)
	}
	observers, failed := p.pictures.observers, p.sound.OnError
	p.sound.OnError = func(f pipeline.Failure) {
		failed(f)
		for _, o := range observers {
			o.Failed(f)
		}
	}
	return nil
}

// order is the order of the reports that a sink of files gets: that of their times in the files; nil: as they come.
func (p *bothPlan) order(sink pipeline.Sink) *order {
	files, ok := p.pictures.c.Source.(part.Reader)
	if !ok || p.pictures.Source.Live() || !sink.Lossless() {
		return nil
	}
	return newOrder(files.Reads())
}

func (p *bothPlan) close() error { return errors.Join(p.sound.close(), p.pictures.close()) }

// Run runs both streams. One that fails ends the other.
func (p *bothPlan) Run(ctx context.Context) (pipeline.Summary, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	var heard pipeline.Summary
	var deaf error
	var wait sync.WaitGroup
	wait.Go(func() {
		if heard, deaf = p.sound.Stream.Run(running); deaf != nil {
			stop()
		}
	})
	sum, err := p.pictures.Stream.Run(running)
	if err != nil {
		stop()
	}
	wait.Wait()
	err = errors.Join(err, deaf)
	for _, o := range p.pictures.observers {
		o.Ended(err)
	}
	return together(sum, heard, err), err
}

// together is the summary of pictures with that of their sound: models, failures and what sinks have lost of both, and the
// frames and the times of the pictures.
func together(sum, heard pipeline.Summary, err error) pipeline.Summary {
	if sum.Models == nil { // it failed before it began
		sum.Models, sum.Drops.Sinks = map[string]pipeline.ModelSummary{}, map[string]uint64{}
	}
	sum.Seconds = max(sum.Seconds, heard.Seconds)
	sum.Sound = heard.Sound
	sum.Failed += heard.Failed
	sum.Interrupted = sum.Interrupted || heard.Interrupted
	maps.Copy(sum.Models, heard.Models)
	for name, n := range heard.Drops.Sinks {
		sum.Drops.Sinks[name] += n
	}
	sum.Errors.Total += heard.Errors.Total
	sum.Errors.Recovered += heard.Errors.Recovered
	for _, e := range heard.Errors.First {
		if len(sum.Errors.First) < pipeline.DefaultMaxErrors {
			sum.Errors.First = append(sum.Errors.First, e)
		}
	}
	if err != nil {
		sum.Error = err.Error()
	}
	return sum
}
