package assemble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"corallite/configs"
	"corallite/internal/control"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/terminal"
	"corallite/internal/zone"
	"corallite/pipeline"
)

// probe fails when a file that a sink is to write cannot be written.
func probe(p configs.Pipeline) error {
	for _, c := range p.Sinks {
		w, ok := c.(part.Writer)
		if !ok || !c.About().OpenLast { // the others look at their files when they are opened
			continue
		}
		if out := w.Output(); !out.Folder {
			if err := writable(out.Path); err != nil {
				return fmt.Errorf("sink %s: %w", c.About().Kind, err)
			}
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
		return fmt.Errorf("%w: create the folder %s first", err, filepath.Dir(path))
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

// openSinks opens the sinks that are opened last, or the others.
func (p *basePlan[T]) openSinks(last bool, env part.SinkEnv) error {
	if p.Sinks == nil {
		p.Sinks = make([]pipeline.NamedSink, len(p.c.Sinks))
	}
	for i, c := range p.c.Sinks {
		about := c.About()
		if about.OpenLast != last {
			continue
		}
		k, err := c.Open(p.b.interrupted, env)
		if err != nil {
			return fmt.Errorf("sink %s: %w", about.Kind, err)
		}
		p.Sinks[i] = pipeline.NamedSink{Name: about.Kind, Sink: k, Queue: pipeline.DefaultQueue}
		if q, ok := c.(part.Queued); ok {
			p.Sinks[i].Queue = cmp.Or(q.QueueLength(), pipeline.DefaultQueue)
		}
		if p.Sinks[i].Gate, err = p.gate(c); err != nil {
			return fmt.Errorf("sink %s: %w", about.Kind, err)
		}
		if o, ok := k.(part.Observer); ok {
			p.observe(o)
		}
	}
	return nil
}

// observe lets a sink follow how the stream does.
func (p *basePlan[T]) observe(o part.Observer) {
	progress, failed := p.Progress, p.OnError
	p.Progress = func(now pipeline.Progress) { progress(now); o.Progress(now) }
	p.OnError = func(f pipeline.Failure) { failed(f); o.Failed(f) }
	p.observers = append(p.observers, o)
}

// Run runs the stream, and tells the sinks that follow it how it ended.
func (p *basePlan[T]) Run(ctx context.Context) (pipeline.Summary, error) {
	defer p.watch()()
	sum, err := p.Stream.Run(ctx)
	for _, o := range p.observers {
		o.Ended(err)
	}
	return sum, err
}

// model is what a sink knows of a model.
func (p *basePlan[T]) model(m configs.Model, name string) part.Model {
	out := part.Model{Name: name, Task: m.Task, Tracked: m.Track != nil}
	if len(m.Allow) > 0 {
		out.Labels, out.Few = m.Allow, true
	} else {
		for _, label := range m.Labels {
			if !slices.Contains(m.Deny, label) {
				out.Labels = append(out.Labels, label)
			}
		}
	}
	out.Labels = zone.Merged(out.Labels, p.c.Places.Merge)
	return out
}

// newControl makes the controls of a pipeline that one of its sinks changes; nil: none does.
func newControl(c configs.Pipeline) *control.Pipeline {
	if !slices.ContainsFunc(c.Sinks, func(k configs.Sink) bool { x, ok := k.(part.Controller); return ok && x.Controls() }) {
		return nil
	}
	return &control.Pipeline{}
}

// sinkEnv is what the pipeline's sinks get.
func (p *basePlan[T]) sinkEnv() part.SinkEnv {
	env := part.SinkEnv{
		Pipeline: p.Name, Source: p.Source, Live: p.Source.Live(),
		Stdout: p.b.Console.Above(p.b.Stdout), Width: terminal.Width(p.b.Stdout), Logger: p.b.Logger,
		Tell:    func(message string) { p.b.Console.Say(slog.LevelInfo, message) },
		Devices: func() []part.Device { return devices(p.b.Pool) },
		Server:  p.b.servers.get, Service: p.b.servers.service,
	}
	for _, name := range p.named {
		env.Models = append(env.Models, p.model(p.b.cfg.Models[name], name))
	}
	for _, z := range p.c.Places.Enabled().Zones {
		env.Zones = append(env.Zones, z.Name)
	}
	env.Control = p.control
	env.Gate = func(o life.Options) (pipeline.Gate, error) {
		g, err := p.newGate(o, o.Best())
		if err != nil || p.heard == nil {
			return g, err
		}
		return newBesideGate(g, p.heard, o)
	}
	return env
}
