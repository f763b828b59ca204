package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"corallite/configs"
	"corallite/delegate/fleet"
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
	fleet  *fleet.Fleet
	pages  pages
	paced  bool // recordings play at their own pace

	interrupted context.Context // ends with the first signal: what is not there yet is not waited for; nil: it does not end

	closers closers
}

// Close ends the pages and closes the models.
func (b *builder) Close() error {
	return errors.Join(b.pages.Close(), b.closers.Close())
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
	for _, step := range []func(plan) error{plan.open, plan.probe, plan.openFirstSinks, plan.openLastSinks} {
		for _, p := range plans {
			if err := step(p); err != nil {
				return nil, fmt.Errorf("pipeline %s: %w", p.name(), err)
			}
		}
	}
	return runners, nil
}
