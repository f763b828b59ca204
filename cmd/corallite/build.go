package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"corallite/configs"
	"corallite/delegate/fleet"
	"corallite/pipeline"
	"corallite/pipeline/sink"
	"corallite/pipeline/sink/annotate"
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

// probe fails when a file that a sink is to write cannot be written.
func probe(_ *pipeline.Stream[*vision.Frame], p configs.Pipeline) error {
	for _, c := range p.Sinks {
		var err error
		if c.Kind == configs.SinkJSONL || c.Kind == configs.SinkTable { // the others look at their folders themselves
			err = writable(c.Path)
		}
		if err != nil {
			return fmt.Errorf("sink %s: %w", c.Kind, err)
		}
	}
	return nil
}

// writable fails when a file cannot be written. It changes nothing: what is there stays as it is, and what is not there
// is made and removed. Pipes and devices are not looked at, because whoever reads them would notice.
func writable(path string) error {
	if path == "-" || path == "" {
		return nil
	}
	_, err := os.Lstat(path)
	absent := errors.Is(err, fs.ErrNotExist)
	if info, err := os.Stat(path); !absent && (err != nil || !info.Mode().IsRegular()) {
		return nil
	}
	flags := os.O_WRONLY
	if absent {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: make the folder %s first", err, filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	err = f.Close()
	if absent {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// openSinks gives a function that opens the sinks of some kinds.
func (b *builder) openSinks(kinds ...string) func(*pipeline.Stream[*vision.Frame], configs.Pipeline) error {
	return func(s *pipeline.Stream[*vision.Frame], p configs.Pipeline) error {
		if s.Sinks == nil {
			s.Sinks = make([]pipeline.NamedSink, len(p.Sinks))
		}
		for i, c := range p.Sinks {
			if !slices.Contains(kinds, c.Kind) {
				continue
			}
			k, err := b.openSink(s.Name, c, len(p.Models) > 1, s.Source)
			if err != nil {
				return fmt.Errorf("sink %s: %w", c.Kind, err)
			}
			s.Sinks[i] = pipeline.NamedSink{Name: c.Kind, Sink: k, Queue: c.Queue}
		}
		return nil
	}
}

func (b *builder) openSink(pipelineName string, c configs.Sink, severalModels bool, source pipeline.Source[*vision.Frame]) (pipeline.Sink, error) {
	switch c.Kind {
	case configs.SinkJSONL:
		if c.Path == "-" {
			return sink.NewJSONL(b.status.above(b.std.out), "standard output"), nil
		}
		return sink.OpenJSONL(c.Path, sink.JSONLOptions{Append: c.Append})
	case configs.SinkTable:
		return openTable(b.status.above(b.std.out), c.Path, sink.TableOptions{Model: severalModels, Time: moves(source)})
	case configs.SinkPictures:
		return annotate.NewPictures(annotate.PicturesOptions{Dir: c.Dir})
	case configs.SinkPreview:
		return b.pages.open(pipelineName, c, source)
	case configs.SinkVideo:
		return annotate.NewVideo(annotate.VideoOptions{Path: c.Path, Live: source.Live()})
	default:
		return nil, fmt.Errorf("there is no such sink")
	}
}
