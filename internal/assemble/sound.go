package assemble

import (
	"context"
	"errors"
	"fmt"

	"corallite/configs"
	"corallite/internal/part"
	"corallite/pipeline/audio"
)

// soundPlan is a pipeline of sound.
type soundPlan struct {
	basePlan[*audio.Chunk]
	level    *audio.Level
	pictures any // the open source of pictures whose sound it is; nil: none
}

// openSource opens nothing: how the sound is to be is known from the models.
func (p *soundPlan) openSource() error { return nil }

// open opens the models and then the source: a microphone begins to fill its memory when it is opened.
func (p *soundPlan) open() error {
	e, err := OpenAudioModels(p.b.ctx, p.soundRequests(p.c.Models), p.c.VAD)
	if err != nil {
		return err
	}
	p.b.closers = append(p.b.closers, e.Close)
	p.b.many = true
	p.Models, p.level = e.Models, e.Level
	ctx := p.b.ctx
	if p.b.Required {
		ctx = p.b.interrupted // what is not there is not waited for, and neither is what does not answer
	}
	source, err := openSound(ctx, p.c.Source, p.pictures, part.SourceEnv{Rate: e.Rate, Gated: p.c.VAD, Beside: p.pictures != nil, Stdin: p.b.Stdin, Logger: p.b.Logger, Required: p.b.Required})
	if err != nil {
		return err
	}
	p.Source, p.Hold = p.prepare(source, e.Stages, false), nil
	return nil
}

// soundRequests are the requests for models.
func (p *basePlan[T]) soundRequests(names []string) (all []ModelRequest) {
	for _, name := range names {
		r := ModelRequest{Name: name, Model: p.b.cfg.Models[name], Priority: p.c.Priority, Pool: p.b.Pool, Control: p.control}
		if p.b.Watch != nil {
			r.Watch = p.b.Watch(name)
		}
		all = append(all, r)
	}
	return all
}

func (p *soundPlan) openFirstSinks() error { return p.openSinks(false, p.sinkEnv()) }

func (p *soundPlan) openLastSinks() error {
	if err := p.openSinks(true, p.sinkEnv()); err != nil {
		return err
	}
	return p.tap(p.sinkEnv())
}

func (p *soundPlan) sinkEnv() part.SinkEnv {
	env := p.basePlan.sinkEnv()
	env.Sound = p.level.Recent
	return env
}

// openSound opens a source of sound, or the sound of a source of pictures: pictures, or nil.
func openSound(ctx context.Context, c configs.Source, pictures any, env part.SourceEnv) (audio.Source, error) {
	if s, ok := c.(part.SoundOpener); ok {
		source, err := s.OpenSound(ctx, pictures, env)
		if err != nil {
			return nil, err
		}
		return source, nil
	}
	source, err := open[*audio.Chunk](ctx, c, env)
	if err != nil {
		return nil, err
	}
	sound, ok := source.(audio.Source)
	if !ok {
		return nil, errors.Join(fmt.Errorf("source %s: it does not report the length of its sound", c.About().Kind), source.Close())
	}
	return sound, nil
}
