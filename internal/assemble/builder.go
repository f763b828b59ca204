// Package assemble makes of a configuration the parts that run: one file for each family of parts.
package assemble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"corallite/configs"
	"corallite/internal/devicepool"
	"corallite/pipeline"
)

// Options are what a run needs besides its configuration.
type Options struct {
	Console Console
	Stdin   io.Reader // what a source of sound "-" reads
	Stdout  io.Writer // what a sink of path "-" writes
	Logger  *slog.Logger
	Version string           // of the program, for those who ask over the network
	Pool    *devicepool.Pool // opens the models

	// Open are models for pictures that are open already, by name. Whoever opened them closes them.
	Open map[string]*VisionModel

	// Watch gets all scores of the models for sound; nil: nobody asks.
	Watch func(model string) Watch

	Required bool // a live source that is not there is an error instead of being waited for
	RealTime bool // videos play at their own pace

	// Sinks opens further sinks of a pipeline, which come behind those of the configuration, when its source is open; nil:
	// there are none.
	Sinks func(pipeline string, source any) ([]pipeline.NamedSink, error)

	// Single says that there is one pipeline, of which nobody knows that it has a name: errors do without it.
	Single bool

	OnPreview func(page string) // is called with the address of each preview, without its token; nil: nobody is
}

// Builder makes of a configuration the parts that run. Sources and sinks belong to their streams; models are the
// builder's to close.
type Builder struct {
	Options
	cfg     *configs.Config
	servers servers

	ctx         context.Context // of what is opened; a signal does not end it
	interrupted context.Context // ends with the first signal: what is not there yet is not waited for; nil: it does not end
	waiting     context.Context // ends with interrupted, and when nothing will run: live sources are not waited for any more

	pulse   pulse
	many    bool // more items may come than those of a few pictures
	closers closers
}

// NewBuilder makes the builder of one run.
func NewBuilder(cfg *configs.Config, o Options) *Builder {
	return &Builder{Options: o, cfg: cfg}
}

// Many says, after Build, that more may come than a few pictures.
func (b *Builder) Many() bool { return b.many }

// Close ends the servers and closes the models.
func (b *Builder) Close() error {
	return errors.Join(b.servers.Close(), b.closers.Close())
}

// named is err with the name of the pipeline.
func (b *Builder) named(p plan, err error) error {
	if b.Single {
		return err
	}
	return fmt.Errorf("pipeline %s: %w", p.name(), err)
}

// openSources opens the live sources that need nothing else, all at once: one that is not there, or does not answer, keeps
// no other waiting.
func (b *Builder) openSources(plans []plan) error {
	waiting, stop := context.WithCancel(cmp.Or(b.interrupted, context.Background()))
	defer stop()
	b.waiting = waiting
	errs := make([]error, len(plans))
	var all sync.WaitGroup
	for i, p := range plans {
		all.Go(func() {
			if err := p.openSource(); err != nil {
				errs[i] = b.named(p, err)
				stop()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Build makes what runs, by the names of the pipelines. When ctx ends, what is not there yet is not waited for; nothing
// that is open ends with it.
//
// Sinks come last and files last of them, because opening one empties it: what
// keeps the run from starting should cost nobody what is there. After an error, sources and sinks that were made are
// closed.
func (b *Builder) Build(ctx context.Context) (_ map[string]pipeline.Runner, err error) {
	b.ctx, b.interrupted = context.WithoutCancel(ctx), ctx
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
	if err := b.openServices(); err != nil {
		return nil, err
	}
	for _, step := range []func(plan) error{plan.open, plan.probe, plan.openFirstSinks, plan.openLastSinks, plan.openOtherSinks} {
		for _, p := range plans {
			if err := step(p); err != nil {
				return nil, b.named(p, err)
			}
		}
	}
	return runners, nil
}
