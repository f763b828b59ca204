package audio

import (
	"context"
	"errors"
	"io"

	"corallite/pipeline"
)

// Stage adds to each chunk what models need of it: the level, features that several models share. A Stage serves one
// source and is called with its chunks in order, one at a time. It starts anew at a chunk that is First.
type Stage interface {
	Process(ctx context.Context, c *Chunk) error
}

// Reporter is a Stage that has something to say in the summary.
type Reporter interface {
	Report(*pipeline.SoundSummary)
}

// Prepare puts stages behind a source: its Next gives chunks that all of them have seen, in the order given. Close
// closes the source, and those stages that are io.Closers.
func Prepare(source Source, stages ...Stage) *Prepared {
	return &Prepared{Source: source, stages: stages}
}

// Source is a source of sound.
type Source interface {
	pipeline.Source[*Chunk]
	pipeline.StatsReporter // with Sound, and Buffered if live
}

// Prepared is a Source with stages behind it.
type Prepared struct {
	Source
	stages []Stage
}

// Next gives the next chunk, when all stages have seen it.
func (p *Prepared) Next(ctx context.Context) (*Chunk, error) {
	c, err := p.Source.Next(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range p.stages {
		if err := s.Process(ctx, c); err != nil {
			c.Release()
			return nil, err
		}
	}
	return c, nil
}

// Stats are the source's, with what the stages say of its sound.
func (p *Prepared) Stats() pipeline.Stats {
	stats := p.Source.Stats()
	for _, s := range p.stages {
		if r, ok := s.(Reporter); ok && stats.Sound != nil {
			r.Report(stats.Sound)
		}
	}
	return stats
}

// Close closes the source and the stages.
func (p *Prepared) Close() error {
	errs := []error{p.Source.Close()}
	for _, s := range p.stages {
		if c, ok := s.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
