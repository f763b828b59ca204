package assemble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"corallite/configs"
	"corallite/internal/part"
	"corallite/internal/wyoming"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
)

// wyomingPlan is a pipeline that serves clients of the Wyoming protocol. The sound of each is a stream with models of its
// own, which are kept for the next client; the sinks are shared.
type wyomingPlan struct {
	basePlan[*audio.Chunk]
	config *wyoming.Config
	server *wyoming.Server
	words  []spoken
	sinks  []*shared
	sounds *sounds

	mu    sync.Mutex
	idle  map[string][]*AudioModels // by the names of the models
	kept  int                       // in idle
	level *audio.Level              // of what is or was heard last
}

// spoken is a word and who hears it.
type spoken struct {
	wyoming.Word
	model, label string
}

// The words of this server are refractory for as long as those of Home Assistant's own servers. Sound is heard in the
// smallest pieces that models take.
const (
	wyomingRefractory = 2.0
	wyomingChunk      = 10 * time.Millisecond
)

func (p *wyomingPlan) openSource() error { return nil }

// open opens the models once, which shows that they can be and what they listen for, and then the server.
func (p *wyomingPlan) open() error {
	p.b.many = true
	p.idle = map[string][]*AudioModels{}
	first, err := p.openModels(p.c.Models)
	if err != nil {
		return err
	}
	p.b.closers = append(p.b.closers, p.closeModels)
	p.put(p.c.Models, first)
	p.words = wordsOf(p.c.Models, p.b.cfg.Models, first.Words)
	o := wyoming.Options{URI: p.config.URI, Hearer: p, Version: p.b.Version, Most: p.config.MaxConnections(), Name: p.config.Announce, Logger: p.b.Logger}
	for _, w := range p.words {
		o.Words = append(o.Words, w.Word)
	}
	if p.server, err = wyoming.Listen(o); err != nil {
		return err
	}
	p.Source = p.server
	return nil
}

// wordsOf names the words of models: a wake word as its model is named in the configuration, keywords by their labels.
func wordsOf(models []string, all map[string]configs.Model, words []Words) (out []spoken) {
	taken := map[string]bool{}
	for i, model := range models {
		for _, label := range words[i].Labels {
			name := model
			if all[model].Task == configs.TaskKeyword {
				if name = wordName(label); taken[name] {
					name = model + "_" + name
				}
			}
			taken[name] = true
			out = append(out, spoken{model: model, label: label, Word: wyoming.Word{
				Name: name, Phrase: label, Languages: words[i].Languages, Author: words[i].Author, URL: words[i].URL,
			}})
		}
	}
	return out
}

// wordName is the name of a label as Home Assistant's own servers write names: "Okay Nabu" is okay_nabu.
func wordName(label string) string { return strings.Join(strings.Fields(strings.ToLower(label)), "_") }

func (p *wyomingPlan) openModels(names []string) (*AudioModels, error) {
	requests := p.soundRequests(names)
	for i := range requests {
		if requests[i].Model.Refractory == nil {
			seconds := wyomingRefractory
			requests[i].Model.Refractory = &seconds
		}
	}
	return OpenAudioModels(p.b.ctx, requests, p.c.VAD)
}

// take returns models that nobody uses, and opens them if there are none.
func (p *wyomingPlan) take(names []string) (*AudioModels, error) {
	key := strings.Join(names, "\n")
	p.mu.Lock()
	if free := p.idle[key]; len(free) > 0 {
		e := free[len(free)-1]
		p.idle[key] = free[:len(free)-1]
		p.kept--
		p.mu.Unlock()
		return e, nil
	}
	p.mu.Unlock()
	return p.openModels(names)
}

// put keeps models for the next client, unless there are enough.
func (p *wyomingPlan) put(names []string, e *AudioModels) {
	key := strings.Join(names, "\n")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept >= p.config.MaxConnections() {
		if err := e.Close(); err != nil {
			p.b.Logger.Warn("closing models", "pipeline", p.Name, "error", err)
		}
		return
	}
	p.kept++
	p.idle[key] = append(p.idle[key], e)
}

func (p *wyomingPlan) closeModels() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, all := range p.idle {
		for _, e := range all {
			errs = append(errs, e.Close())
		}
	}
	p.idle, p.kept = nil, 0
	return errors.Join(errs...)
}

// Hear hears the sound of a client.
func (p *wyomingPlan) Hear(ctx context.Context, s wyoming.Sound, found func(name string, end time.Duration)) error {
	var names []string
	for _, w := range p.words {
		if slices.ContainsFunc(s.Words, func(wanted wyoming.Word) bool { return wanted.Name == w.Name }) && !slices.Contains(names, w.model) {
			names = append(names, w.model)
		}
	}
	models, err := p.take(names)
	if err != nil {
		return err
	}
	defer p.put(names, models)
	source, err := mic.NewPCM(mic.PCMOptions{
		Reader: s.Samples, Format: s.Format, SourceRate: s.Rate, Channels: s.Channels, Rate: models.Rate, Chunk: wyomingChunk,
		Name: "wyoming:" + s.Peer, Logger: p.b.Logger,
	})
	if err != nil {
		return err
	}
	stream := &pipeline.Stream[*audio.Chunk]{
		Name: p.Name, Source: goesOn{p.prepare(source, models.Stages, true)}, Models: models.Models,
		Sinks:    []pipeline.NamedSink{{Name: clientName, Sink: &clientSink{p.words, found}}},
		Progress: p.sounds.follow(), OnError: p.OnError, OnResume: p.OnResume,
	}
	for i, k := range p.Sinks {
		k.Sink = p.sinks[i].of(0)
		if i < len(p.c.Sinks) {
			if k.Gate, err = p.gate(p.c.Sinks[i]); err != nil {
				return errors.Join(err, source.Close())
			}
		}
		stream.Sinks = append(stream.Sinks, k)
	}
	p.mu.Lock()
	p.level = models.Level
	p.mu.Unlock()
	sum, err := stream.Run(ctx)
	p.sounds.add(sum)
	return err
}

// goesOn is the sound of one of many clients: a sink that fails does not end it.
type goesOn struct{ *audio.Prepared }

func (g goesOn) Stats() pipeline.Stats {
	s := g.Prepared.Stats()
	s.Endless = true
	return s
}

// clientName is the name of a clientSink.
const clientName = "client"

// clientSink tells a client what was heard.
type clientSink struct {
	words []spoken
	found func(name string, end time.Duration)
}

func (s *clientSink) Consume(_ context.Context, r pipeline.Report) error {
	for _, e := range r.Events {
		for _, k := range e.Keywords {
			i := slices.IndexFunc(s.words, func(w spoken) bool { return w.model == e.Model && w.label == k.Label })
			if i >= 0 {
				s.found(s.words[i].Name, time.Duration(k.EndS*float64(time.Second)))
			}
		}
	}
	return nil
}

func (s *clientSink) Lossless() bool { return true }
func (s *clientSink) Close() error   { return nil }

func (p *wyomingPlan) openFirstSinks() error { return p.openSinks(false, p.sinkEnv()) }

func (p *wyomingPlan) openLastSinks() error {
	if err := p.openSinks(true, p.sinkEnv()); err != nil {
		return err
	}
	return p.tap(p.sinkEnv())
}

func (p *wyomingPlan) sinkEnv() part.SinkEnv {
	env := p.basePlan.sinkEnv()
	env.Sound = func() (float32, time.Time) {
		p.mu.Lock()
		level := p.level
		p.mu.Unlock()
		if level == nil {
			return audio.SilentDBFS, time.Time{}
		}
		return level.Recent()
	}
	return env
}

// Run serves until ctx ends.
func (p *wyomingPlan) Run(ctx context.Context) (pipeline.Summary, error) {
	p.sounds = newSounds(p.Name, p.Progress, p.OnError)
	var own []pipeline.Sink // for as long as there may be clients
	for _, k := range p.Sinks {
		all := &shared{sink: k.Sink}
		one := all.of(0)
		if a, ok := one.(pipeline.AsyncSink); ok {
			a.SetReporter(&late{sounds: p.sounds, sink: k.Name})
		}
		p.sinks, own = append(p.sinks, all), append(own, one)
	}
	var names []string
	for _, w := range p.words {
		names = append(names, w.Name)
	}
	p.b.Console.Say(slog.LevelInfo, fmt.Sprintf("pipeline %s: clients of the Wyoming protocol are served at %s, words: %s",
		p.Name, p.config.URI, strings.Join(names, ", ")))
	err := p.server.Serve(ctx)
	for _, k := range own {
		err = errors.Join(err, k.Close())
	}
	err = errors.Join(err, p.server.Close())
	sum := p.sounds.end(ctx.Err() != nil, err)
	if err != nil {
		err = fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	for _, o := range p.observers {
		o.Ended(err)
	}
	return sum, err
}
