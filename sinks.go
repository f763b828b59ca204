package corallite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"corallite/pipeline"
)

// SinkFunc is a sink of the program's own: it is called with what the models of a pipeline found in one item, one call at
// a time. Behind files it gets everything; behind a live source it loses the oldest when it is slow. An
// *pipeline.ItemError is counted and the pipeline goes on; any other error ends a pipeline on files.
type SinkFunc func(ctx context.Context, r pipeline.Report) error

var _ pipeline.Sink = SinkFunc(nil)

// Consume calls f.
func (f SinkFunc) Consume(ctx context.Context, r pipeline.Report) error { return f(ctx, r) }

// Lossless says that nothing of a file is left out.
func (f SinkFunc) Lossless() bool { return true }

// Close does nothing.
func (f SinkFunc) Close() error { return nil }

// eventFunc is a SinkFunc that does not look at pictures.
type eventFunc struct{ SinkFunc }

// EventsOnly says so.
func (eventFunc) EventsOnly() {}

// ownSinks are the sinks of a caller, which belong to a pipeline once it has them.
type ownSinks struct {
	mu  sync.Mutex
	all map[string][]pipeline.NamedSink
}

func newOwnSinks(all map[string][]pipeline.NamedSink) *ownSinks {
	return &ownSinks{all: maps.Clone(all)}
}

func (s *ownSinks) check(cfg *Config) error {
	for _, name := range slices.Sorted(maps.Keys(s.all)) {
		if _, ok := cfg.Pipelines[name]; !ok {
			return fmt.Errorf("corallite: sinks for pipeline %q, which the configuration does not have (it has %q)", name, cfg.PipelineNames())
		}
	}
	return nil
}

// open gives a pipeline its sinks.
func (s *ownSinks) open(name string, _ any) ([]pipeline.NamedSink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sinks := s.all[name]
	delete(s.all, name)
	return sinks, nil
}

// left are the sinks that no pipeline got.
func (s *ownSinks) left() map[string][]pipeline.NamedSink {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// closeSinks closes sinks that no pipeline got, and joins what goes wrong to err.
func closeSinks(all map[string][]pipeline.NamedSink, err error) error {
	errs := []error{err}
	for _, sinks := range all {
		for _, n := range sinks {
			if n.Sink != nil {
				errs = append(errs, n.Sink.Close())
			}
		}
	}
	return errors.Join(errs...)
}
