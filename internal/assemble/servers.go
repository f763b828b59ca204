package assemble

import (
	"context"
	"errors"
	"fmt"

	"corallite/internal/devicepool"
	"corallite/internal/part"
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

// Close ends the servers.
func (s *servers) Close() error {
	var errs []error
	for _, server := range s.order {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// StartServers begins to answer, and says where.
func (b *Builder) StartServers() {
	for _, s := range b.servers.order {
		s.Start()
		b.Console.Reveal(s.Announcement())
		if b.OnPreview != nil {
			b.OnPreview(s.Page())
		}
	}
}

// KeepServers waits until ctx ends, so that what was seen last can be looked at.
func (b *Builder) KeepServers(ctx context.Context) {
	if len(b.servers.order) == 0 || ctx.Err() != nil {
		return
	}
	fmt.Fprintln(b.Console, "The source has ended; the page stays available until Ctrl-C.")
	<-ctx.Done()
}

// devices are the Edge TPUs as a sink shows them.
func devices(pool *devicepool.Pool) []part.Device {
	var all []part.Device
	for _, s := range pool.Summaries() {
		d := part.Device{Name: s.Name}
		if s.Heat != nil {
			d.State, d.Temperature = s.Heat.State, &s.Heat.Now
		}
		all = append(all, d)
	}
	return all
}
