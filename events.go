package corallite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/pipeline"
)

// Events opens a model, runs it over a source and closes it: see Open and Model.Events.
func Events(ctx context.Context, nameOrPath string, source Source, o Options) iter.Seq2[pipeline.Event, error] {
	return func(yield func(pipeline.Event, error) bool) {
		m, err := Open(ctx, nameOrPath, o)
		if err != nil {
			yield(pipeline.Event{}, err)
			return
		}
		going := true
		for e, err := range m.Events(ctx, source) {
			if going = yield(e, err); !going {
				break
			}
		}
		if err := m.Close(); err != nil && going {
			yield(pipeline.Event{}, err)
		}
	}
}

// Events runs the model over a source and gives what it found, an event for each picture or frame, and for sound an event
// for each word. Pictures that cannot be read, and other failures that the source survives, come as errors between the
// events; a camera that is lost is logged and opened again. An error that ends the source is the last one.
//
// Files are read as fast as events are taken, and nothing is left out. Of a live source the newest frame is next. It ends
// when the source ends, when the loop is left, and, without an error, when ctx ends or the model is closed.
func (m *Model) Events(ctx context.Context, source Source) iter.Seq2[pipeline.Event, error] {
	return func(yield func(pipeline.Event, error) bool) {
		if err := m.checkSource(source); err != nil {
			yield(pipeline.Event{}, err)
			return
		}
		if err := m.enter(true); err != nil {
			yield(pipeline.Event{}, err)
			return
		}
		ctx, cancel := m.until(ctx)
		found := make(chan item)
		go func() {
			defer close(found)
			defer m.leave(true)
			if err := m.runOver(ctx, source, found); err != nil {
				give(ctx, found, item{err: fmt.Errorf("corallite: %s: %w", m.name, err)})
			}
		}()
		defer func() {
			cancel()
			for range found { // until all has ended
			}
		}()
		for i := range found {
			if !yield(i.event, i.err) {
				return
			}
		}
	}
}

// item is what a stream gives.
type item struct {
	event pipeline.Event
	err   error
}

// give gives an item, unless nobody waits for it any more.
func give(ctx context.Context, to chan<- item, i item) {
	select {
	case to <- i:
	case <-ctx.Done():
	}
}

func (m *Model) checkSource(s Source) error {
	if s == nil || s.Keys()[0].IsZero() {
		return errors.New("corallite: the source is empty: name pictures, a folder, videos, a camera, recordings or a microphone")
	}
	if err := s.Keys().Check(); err != nil {
		return fmt.Errorf("corallite: source: %w", err)
	}
	switch sounds, also := (configs.Pipeline{Source: s}).Sounds(), s.About().Sounding; {
	case sounds && !m.c.Listens():
		return fmt.Errorf("corallite: %s is a model for %s: the source must give pictures, not sound", m.name, m.c.Task)
	case !sounds && !also && m.c.Listens():
		return fmt.Errorf("corallite: %s is a model for %s: the source must give sound, not pictures", m.name, m.c.Task)
	}
	return nil
}

// runOver runs a pipeline of the model alone.
func (m *Model) runOver(ctx context.Context, source Source, found chan<- item) error {
	if err := m.closeAudio(); err != nil { // the run opens it anew
		return err
	}
	cfg := configs.One(m.name, configs.Pipeline{Source: source, Models: []string{m.name}}, map[string]configs.Model{m.name: m.c})
	o := app.Options{Options: assemble.Options{
		Console: reports{Console: assemble.LogConsole(m.logger), ctx: ctx, to: found}, Logger: m.logger, Stdin: os.Stdin, Stdout: os.Stdout, Pool: m.pool,
		Single: true, Sinks: func(string, any) ([]pipeline.NamedSink, error) {
			return []pipeline.NamedSink{{Name: "events", Queue: 1, Sink: eventFunc{func(_ context.Context, r pipeline.Report) error {
				for _, e := range r.Events {
					give(ctx, found, item{event: e})
				}
				return nil
			}}}}, nil
		},
	}}
	if m.vision != nil {
		o.Open = map[string]*assemble.VisionModel{m.name: m.vision}
	}
	_, err := app.RunOn(ctx, cfg, o)
	return err
}

// reports is a console that gives failures to whoever takes the events.
type reports struct {
	assemble.Console
	ctx context.Context
	to  chan<- item
}

func (r reports) Fail(err error) { give(r.ctx, r.to, item{err: err}) }
