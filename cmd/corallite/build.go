package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"corallite/configs"
	"corallite/delegate/devicepool"
	"corallite/pipeline"
)

// builder makes of a configuration the parts that run. Sources and sinks belong to their streams; models are the
// builder's to close.
type builder struct {
	ctx    context.Context
	cfg    *configs.Config
	std    *streams
	status *status
	logger *slog.Logger
	pool   *devicepool.Pool
	pages  pages

	watched bool // somebody sits before the page: recordings play at their own pace, and what is not there is an error

	interrupted context.Context // ends with the first signal: what is not there yet is not waited for; nil: it does not end
	waiting     context.Context // ends with interrupted, and when nothing will run: live sources are not waited for any more

	closers closers
}

// Close ends the pages and closes the models.
func (b *builder) Close() error {
	return errors.Join(b.pages.Close(), b.closers.Close())
}

// openSources opens the live sources that need nothing else, all at once: one that is not there, or does not answer, keeps
// no other waiting.
func (b *builder) openSources(plans []plan) error {
	waiting, stop := context.WithCancel(cmp.Or(b.interrupted, context.Background()))
	defer stop()
	b.waiting = waiting
	errs := make([]error, len(plans))
	var all sync.WaitGroup
	for i, p := range plans {
		all.Go(func() {
			if err := p.openSource(); err != nil {
				errs[i] = fmt.Errorf("pipeline %s: %w", p.name(), err)
				stop()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// build makes a plan for each pipeline. Sinks come last and files last of them, because opening one empties it: what
// keeps the run from starting should cost nobody what is there. After an error, sources and sinks that were made are
// closed.
func (b *builder) build() (_ map[string]pipeline.Runner, err error) {
	var plans []plan
	defer func() {
		if err == nil {
			return
		}
		for _, p := range plans {
			err = errors.Join(err, p.close())
		}
	}()
	runners := map[string]pipeline.Runner{}
	for _, name := range b.cfg.PipelineNames() {
		p := b.plan(name, b.cfg.Pipelines[name])
		plans = append(plans, p)
		runners[name] = p
	}
	if err := b.openSources(plans); err != nil {
		return nil, err
	}
	for _, step := range []func(plan) error{plan.open, plan.probe, plan.openFirstSinks, plan.openLastSinks} {
		for _, p := range plans {
			if err := step(p); err != nil {
				return nil, fmt.Errorf("pipeline %s: %w", p.name(), err)
			}
		}
	}
	return runners, nil
}
