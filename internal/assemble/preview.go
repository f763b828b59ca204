package assemble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"corallite/configs"
	"corallite/delegate/devicepool"
	"corallite/pipeline"
	"corallite/pipeline/draw"
	"corallite/pipeline/sink/preview"
)

// previewServers are the preview servers of a run, by the address that the configuration gives.
type previewServers struct {
	pool    *devicepool.Pool
	logger  *slog.Logger
	servers map[string]*preview.Server
	first   map[string]configs.Sink // whose options the server has
}

// open makes a pipeline's place on its page.
func (p *previewServers) open(pipelineName string, c configs.Sink, o preview.SinkOptions) (*preview.Sink, error) {
	server, err := p.server(c)
	if err != nil {
		return nil, err
	}
	for _, word := range c.Hide {
		part, known := map[string]draw.Parts{"boxes": draw.Boxes, "labels": draw.Labels, "masks": draw.Masks, "skeletons": draw.Skeletons}[word]
		if !known {
			return nil, fmt.Errorf("hide: %q is not known: boxes, labels, masks and skeletons are", word)
		}
		o.Draw.Hide |= part
	}
	o.Width, o.FPS, o.Quality = c.Width, c.FPS, c.Quality
	return server.Sink(pipelineName, o)
}

// show makes a pipeline's place on its page, and tells the page what only the stream knows.
func (p *basePlan[T]) show(c configs.Sink, o preview.SinkOptions) (*preview.Sink, error) {
	source := p.Source
	o.Source = func() preview.SourceState { return stateOf(source) }
	k, err := p.b.previews.open(p.Name, c, o)
	if err != nil {
		return nil, err
	}
	progress, failed := p.Progress, p.OnError
	p.Progress = func(now pipeline.Progress) { progress(now); k.Progress(now) }
	p.OnError = func(f pipeline.Failure) { failed(f); k.Failed(f) }
	p.shown = append(p.shown, k)
	return k, nil
}

// Run runs the stream, and tells the pages that show it how it ended.
func (p *basePlan[T]) Run(ctx context.Context) (pipeline.Summary, error) {
	sum, err := p.Stream.Run(ctx)
	for _, k := range p.shown {
		k.Ended(err)
	}
	return sum, err
}

// stateOf is how a source is.
func stateOf(source any) (s preview.SourceState) {
	stats := pipeline.StatsOf(source)
	s.Name, s.Reopened, s.Lost = stats.Name, stats.Reopened, stats.Lost
	if m := stats.Motion; m != nil {
		s.Held, s.HeldShare, s.Still = m.HeldBack, m.Share, m.Looked > 0 && !m.Open
	}
	return s
}

func (p *previewServers) server(c configs.Sink) (*preview.Server, error) {
	if s := p.servers[c.Listen]; s != nil {
		if f := p.first[c.Listen]; f.TokenEnv != c.TokenEnv || f.Cert != c.Cert || f.Key != c.Key || f.MaxViewers != c.MaxViewers {
			return nil, fmt.Errorf("another preview on %s has another token_env, cert, key or max_viewers: a page has one of each", c.Listen)
		}
		return s, nil
	}
	o := preview.ServerOptions{
		Listen: c.Listen, CertFile: c.Cert, KeyFile: c.Key, MaxViewers: c.MaxViewers, Devices: p.devices, Logger: p.logger,
	}
	if c.TokenEnv != "" {
		if o.Token = os.Getenv(c.TokenEnv); o.Token == "" {
			return nil, fmt.Errorf("the environment has no variable %s", c.TokenEnv)
		}
	}
	s, err := preview.NewServer(o)
	if err != nil {
		return nil, err
	}
	if p.servers == nil {
		p.servers, p.first = map[string]*preview.Server{}, map[string]configs.Sink{}
	}
	p.servers[c.Listen], p.first[c.Listen] = s, c
	return s, nil
}

// StartPreviews begins to answer, and says where.
func (b *Builder) StartPreviews() {
	for listen, s := range b.previews.servers {
		s.Start()
		if env := b.previews.first[listen].TokenEnv; env != "" {
			// Who named the variable knows the token; logs are read by more people.
			b.Console.Reveal(fmt.Sprintf("preview: %s (it asks for the token, which is in %s)", s.Page(), env))
		} else {
			b.Console.Reveal("preview: " + s.URL())
		}
		if b.OnPreview != nil {
			b.OnPreview(s.Page())
		}
	}
}

// KeepPreviews waits until ctx ends, so that what was seen last can be looked at.
func (b *Builder) KeepPreviews(ctx context.Context) {
	if len(b.previews.servers) == 0 || ctx.Err() != nil {
		return
	}
	fmt.Fprintln(b.Console, "The source has ended. The page stays until Ctrl-C.")
	<-ctx.Done()
}

// Close ends the servers.
func (p *previewServers) Close() error {
	var errs []error
	for _, s := range p.servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// devices are the Edge TPUs as a page shows them.
func (p *previewServers) devices() []preview.Device {
	var all []preview.Device
	for _, s := range p.pool.Summaries() {
		d := preview.Device{Name: s.Name}
		if s.Heat != nil {
			d.State, d.Temperature = s.Heat.State, &s.Heat.Now
		}
		all = append(all, d)
	}
	return all
}
