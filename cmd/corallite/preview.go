package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"corallite/configs"
	"corallite/delegate/fleet"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/draw"
	"corallite/pipeline/sink/preview"
	"corallite/pipeline/vision"
)

// pages are the preview servers of a run, by the address that the configuration gives.
type pages struct {
	fleet   *fleet.Fleet
	logger  *slog.Logger
	servers map[string]*preview.Server
	first   map[string]configs.Sink // whose options the server has
}

// open makes a pipeline's place on its page.
func (p *pages) open(pipelineName string, c configs.Sink, source pipeline.Source[*vision.Frame]) (pipeline.Sink, error) {
	server, err := p.server(c)
	if err != nil {
		return nil, err
	}
	var hide draw.Parts
	for _, word := range c.Hide {
		part, known := map[string]draw.Parts{"boxes": draw.Boxes, "labels": draw.Labels, "masks": draw.Masks, "skeletons": draw.Skeletons}[word]
		if !known {
			return nil, fmt.Errorf("hide: %q is not known: boxes, labels, masks and skeletons are", word)
		}
		hide |= part
	}
	o := preview.SinkOptions{Width: c.Width, FPS: c.FPS, Quality: c.Quality, Draw: draw.Options{Hide: hide}}
	o.Counts = func() preview.Counts { return countsOf(source) }
	s, err := server.Sink(pipelineName, o)
	if err != nil {
		return nil, err
	}
	if held, ok := source.(*camera.Select); ok {
		held.OnHeld(func(f *vision.Frame) { s.Show(f) })
	}
	return s, nil
}

// countsOf is what a source counted so far.
func countsOf(source pipeline.Source[*vision.Frame]) (c preview.Counts) {
	if m, ok := source.(pipeline.Mended); ok {
		c.Reopened = m.Reopened()
	}
	if g, ok := source.(pipeline.Gated); ok {
		if m, gated := g.Motion(); gated {
			c.Held, c.HeldShare, c.Still = m.HeldBack, m.Share, m.Looked > 0 && !m.Open
		}
	}
	return c
}

func (p *pages) server(c configs.Sink) (*preview.Server, error) {
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

// start begins to answer, and says where.
func (p *pages) start(std *streams) {
	for _, s := range p.servers {
		s.Start()
		fmt.Fprintf(std.err, "preview: %s\n", s.URL())
		if std.browse != nil {
			std.browse(s.URL())
		}
	}
}

// Close ends the servers.
func (p *pages) Close() error {
	var errs []error
	for _, s := range p.servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// devices are the Edge TPUs as a page shows them.
func (p *pages) devices() []preview.Device {
	var all []preview.Device
	for _, s := range p.fleet.Summaries() {
		d := preview.Device{Name: s.Name}
		if s.Heat != nil {
			d.State, d.Temperature = s.Heat.State, &s.Heat.Now
		}
		all = append(all, d)
	}
	return all
}
