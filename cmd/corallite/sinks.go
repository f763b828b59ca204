package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"corallite/configs"
	"corallite/pipeline"
	"corallite/pipeline/sink"
	"corallite/pipeline/sink/annotate"
	"corallite/pipeline/vision"
)

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
