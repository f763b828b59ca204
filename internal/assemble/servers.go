package assemble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"corallite/internal/devicepool"
	"corallite/internal/part"
	"corallite/tflite"
)

// servers are what sinks of several pipelines share, by the names that they give.
type servers struct {
	byName map[string]part.Server
	order  []part.Server
}

// get gives the server called name. The first one who asks makes it.
func (s *servers) get(name string, make func() (part.Server, error)) (part.Server, error) {
	if server := s.byName[name]; server != nil {
		return server, nil
	}
	server, err := make()
	if err != nil {
		return nil, err
	}
	if s.byName == nil {
		s.byName = map[string]part.Server{}
	}
	s.byName[name] = server
	s.order = append(s.order, server)
	return server, nil
}

// service is the server of the configuration's block of that name; nil: there is none.
func (s *servers) service(name string) part.Server { return s.byName[serviceKey(name)] }

// serviceKey is under what name a service is among the servers.
func serviceKey(name string) string { return "service " + name }

// openServices opens what the configuration's blocks describe.
func (b *Builder) openServices() error {
	for _, c := range b.cfg.ServicesInOrder() {
		name := c.About().Name
		_, err := b.servers.get(serviceKey(name), func() (part.Server, error) {
			return c.Open(b.ctx, part.ServiceEnv{
				Pipelines: b.cfg.PipelineNames(), Version: b.Version, Runtime: tflite.RuntimeVersion(), Logger: b.Logger, Server: b.servers.get,
				Devices: func() []part.Device { return devices(b.Pool) }, Serve: b.serve, ServeFile: b.serveFile, Cache: cacheFolder,
			})
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// tap adds the sinks of services that want to be told of everything.
func (p *basePlan[T]) tap(env part.SinkEnv) error {
	for _, s := range p.b.servers.order {
		t, ok := s.(part.Tap)
		if !ok {
			continue
		}
		k, err := t.Tap(env)
		if err != nil {
			return err
		}
		p.Sinks = append(p.Sinks, k)
		if o, ok := k.Sink.(part.Observer); ok {
			p.observe(o)
		}
	}
	return nil
}

// Close ends the servers, the last one first.
func (s *servers) Close() error {
	var errs []error
	for _, server := range slices.Backward(s.order) {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// StartServers begins to answer, and says where.
func (b *Builder) StartServers() {
	for _, s := range b.servers.order {
		s.Start()
		a, ok := s.(part.Announcer)
		if !ok {
			continue
		}
		b.Console.Reveal(a.Announcement())
		if page := a.Page(); page != "" && b.OnPreview != nil {
			b.OnPreview(page)
		}
	}
}

// KeepServers waits until ctx ends, so that what was seen last can be looked at.
func (b *Builder) KeepServers(ctx context.Context) {
	hasPage := slices.ContainsFunc(b.servers.order, func(s part.Server) bool {
		a, ok := s.(part.Announcer)
		return ok && a.Page() != ""
	})
	if !hasPage || ctx.Err() != nil {
		return
	}
	fmt.Fprintln(b.Console, "The source has ended; the page stays available until Ctrl-C.")
	<-ctx.Done()
}

// devices are the Edge TPUs as a sink shows them.
func devices(pool *devicepool.Pool) []part.Device {
	var all []part.Device
	for _, s := range pool.Summaries() {
		d := part.Device{Name: s.Name, Fallbacks: s.Failovers}
		if s.Heat != nil {
			d.State, d.Temperature, d.Gone = s.Heat.State, &s.Heat.Now, s.Heat.State == "gone"
		}
		all = append(all, d)
	}
	return all
}

// Lasts reports whether a server goes on when all sources have ended.
func (b *Builder) Lasts() bool {
	return slices.ContainsFunc(b.servers.order, func(s part.Server) bool {
		l, ok := s.(part.Lasting)
		return ok && l.Lasts()
	})
}
