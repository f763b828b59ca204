package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/internal/app"
	"corallite/internal/replay"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/mic"
)

// playable is a pipeline of a configuration without its source and sinks.
type playable struct {
	cfg    *configs.Config
	name   string
	models []string
	sound  bool // all models are for sound
}

// load finds the pipeline of a configuration. flag names the configuration in errors.
func (r *replayed) load(flag string, files []string) (*playable, error) {
	cfg, err := loadConfig(files, r.set)
	if err != nil {
		return nil, err
	}
	names, name := cfg.PipelineNames(), r.pipeline
	switch {
	case len(names) == 0:
		return nil, usageError{fmt.Errorf("%s %s has no pipeline", flag, strings.Join(files, " "))}
	case name == "" && len(names) > 1:
		return nil, usageError{fmt.Errorf("%s %s has %d pipelines: say with --pipeline which one (%s)", flag, strings.Join(files, " "), len(names), strings.Join(names, ", "))}
	case name == "":
		name = names[0]
	case !slices.Contains(names, name):
		return nil, usageError{fmt.Errorf("--pipeline %s: %s %s has only %s", name, flag, strings.Join(files, " "), strings.Join(names, ", "))}
	}
	p := cfg.Pipelines[name]
	one := configs.One(name, p, map[string]configs.Model{})
	one.EdgeTPU = cfg.EdgeTPU
	used := slices.Clone(p.Models)
	if p.Secondary != nil {
		used = append(used, p.Secondary.Model)
	}
	all := &playable{cfg: one, name: name, models: p.Models, sound: true}
	for _, m := range used {
		one.Models[m] = cfg.Models[m]
		all.sound = all.sound && one.Models[m].Listens()
	}
	return all, nil
}

// rename is what the models of the second run are called in the first: the same, or, where there is one each, the other's name.
func rename(first, second []string, flag string) (map[string]string, error) {
	if len(first) == 1 && len(second) == 1 {
		return map[string]string{second[0]: first[0]}, nil
	}
	for _, name := range first { // a model for sound that heard nothing is in no golden file
		if !slices.Contains(second, name) {
			return nil, usageError{fmt.Errorf("%s has no model %q, with which to compare (it has %s): give the models the same names", flag, name, strings.Join(second, ", "))}
		}
	}
	return nil, nil
}

// source reads the files in the place of the configuration's source, of which it keeps what applies to files.
func (p *playable) source(files []string) configs.Source {
	if p.sound {
		s := &mic.SoundConfig{Sound: files}
		if was, ok := p.cfg.Pipelines[p.name].Source.(*mic.SoundConfig); ok {
			s.Channel = was.Channel
		}
		return s
	}
	s := &camera.VideoConfig{Video: files}
	if was, ok := p.cfg.Pipelines[p.name].Source.(*camera.VideoConfig); ok {
		s.Decode, s.Channel = was.Decode, was.Channel
	}
	return s
}

// played is what a run found.
type played struct {
	models []string
	each   func(pipeline.Item, []pipeline.Event) error // nil: nobody asks
	events []pipeline.Event
	lines  map[string][][]byte // by model
}

// collect runs the pipeline over the files. each gets every item with its events, as golden files have them.
func (r *replayed) collect(cmd *cobra.Command, p *playable, files []string, each func(pipeline.Item, []pipeline.Event) error) (*played, error) {
	if p.sound && slices.Contains(files, "-") {
		return nil, usageError{errors.New("FILE -: standard input has samples without a form, and can be read only once: name a file")}
	}
	logger, err := newLogger(r.std.err, logSettings{})
	if err != nil {
		return nil, err
	}
	all := &played{models: p.models, each: each, lines: map[string][][]byte{}}
	run := p.cfg.Pipelines[p.name]
	run.Source, run.Sinks = p.source(files), nil
	cfg := configs.One(p.name, run, p.cfg.Models)
	cfg.EdgeTPU = p.cfg.EdgeTPU
	o := r.std.run(logger)
	o.Single = true
	o.Sinks = func(string, any) ([]pipeline.NamedSink, error) {
		return []pipeline.NamedSink{{Name: "replay", Sink: all}}, nil
	}
	sum, err := app.Run(cmd.Context(), cfg, o)
	if err := oneShot(cmd.Context(), sum, err, true); err != nil {
		return nil, err // also when a file could not be read: what is not compared must not pass
	}
	return all, nil
}

// Consume keeps the events of an item. It uses the pictures, also where none is shown: large JPEGs are decoded in full then, and
// what a run finds does not depend on --out.
func (p *played) Consume(_ context.Context, r pipeline.Report) error {
	var events []pipeline.Event
	for _, e := range r.Events {
		line, err := replay.Golden(e)
		if err != nil {
			return err
		}
		read, err := pipeline.ReadEvent(line)
		if err != nil {
			return err
		}
		events = append(events, read)
		p.lines[e.Model] = append(p.lines[e.Model], line)
	}
	if p.each != nil {
		return p.each(r.Item, events)
	}
	p.events = append(p.events, events...)
	return nil
}

// Lossless is true: every item counts.
func (p *played) Lossless() bool { return true }

// Close does nothing.
func (p *played) Close() error { return nil }

// write writes the golden file: model by model, since models for sound and for pictures in one video do not wait for each other.
func (p *played) write(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, name := range p.models {
		for _, line := range p.lines[name] {
			_, _ = out.Write(line) // Flush has the error
			_ = out.WriteByte('\n')
		}
	}
	return out.Flush()
}
