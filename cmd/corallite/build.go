package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"corallite/configs"
	"corallite/delegate/fleet"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// builder makes of a configuration the parts that run. Sources and sinks belong to their streams; models are the
// builder's to close.
type builder struct {
	ctx    context.Context
	cfg    *configs.Config
	std    *streams
	status *status
	logger *slog.Logger
	fleet  *fleet.Fleet
	pages  pages

	closers []func() error
}

// Close ends the pages and closes the models.
func (b *builder) Close() error {
	errs := []error{b.pages.Close()}
	for i := len(b.closers) - 1; i >= 0; i-- {
		errs = append(errs, b.closers[i]())
	}
	b.closers = nil
	return errors.Join(errs...)
}

// build makes a runner for each pipeline. Sinks come last and files last of them, because opening one empties it: what
// keeps the run from starting should cost nobody what is there. After an error, sources and sinks that were made are
// closed.
func (b *builder) build() (_ map[string]pipeline.Runner, err error) {
	runners := map[string]pipeline.Runner{}
	var streams []*pipeline.Stream[*vision.Frame]
	defer func() {
		if err == nil {
			return
		}
		for _, s := range streams {
			err = errors.Join(err, closeStream(s))
		}
	}()
	for _, name := range b.cfg.PipelineNames() {
		s := &pipeline.Stream[*vision.Frame]{
			Name: name, Logger: nil, Progress: b.status.progress, OnError: reportTo(b.status),
		}
		streams = append(streams, s)
		runners[name] = s
	}
	for _, step := range []func(*pipeline.Stream[*vision.Frame], configs.Pipeline) error{
		b.open, probe, b.openSinks(configs.SinkPictures, configs.SinkVideo), b.openSinks(configs.SinkPreview, configs.SinkJSONL, configs.SinkTable),
	} {
		for _, s := range streams {
			if err := step(s, b.cfg.Pipelines[s.Name]); err != nil {
				return nil, fmt.Errorf("pipeline %s: %w", s.Name, err)
			}
		}
	}
	return runners, nil
}

// closeStream closes the parts of a stream that was not run.
func closeStream(s *pipeline.Stream[*vision.Frame]) error {
	var errs []error
	if s.Source != nil {
		errs = append(errs, s.Source.Close())
	}
	for _, k := range s.Sinks {
		if k.Sink != nil {
			errs = append(errs, k.Sink.Close())
		}
	}
	return errors.Join(errs...)
}

// open opens the source and the models.
func (b *builder) open(s *pipeline.Stream[*vision.Frame], p configs.Pipeline) error {
	source, items, err := b.selectFrom(p)
	if err != nil {
		return err
	}
	s.Source = source
	all, err := b.openModels(b.ctx, p, items)
	if err != nil {
		return err
	}
	for _, m := range all {
		s.Models = append(s.Models, m.Model)
	}
	return nil
}
