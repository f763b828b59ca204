package monitor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/web"
)

// DefaultListen is the default of Config.Listen. It is another one than the preview's, so that both can be used with
// their defaults.
const DefaultListen = "127.0.0.1:8079"

// Config is the configuration of the block http.
type Config struct {
	web.Access
	Metrics bool
	Health  bool
	Pprof   bool
}

// About describes the block.
func (c *Config) About() part.AboutService {
	return part.AboutService{Name: "http", Doc: "An HTTP server for other programs: `/healthz`, and `/metrics` for Prometheus. `http: {}` has the defaults. Where another part, such as a preview, has the same `listen`, both are on one server. docs/integrations.md has the answers and the names of the metrics."}
}

// Keys are the keys of the block.
func (c *Config) Keys() key.Table {
	return append(c.AccessKeys(DefaultListen),
		key.Bool(&c.Metrics, "metrics").Default(true).Example("false").
			Doc("Serves `/metrics`."),
		key.Bool(&c.Health, "health").Default(true).Example("false").
			Doc("Serves `/healthz`: 200 when all is well, 503 when a source gives nothing or a pipeline has failed, with the state of each pipeline and device as JSON."),
		key.Bool(&c.Pprof, "pprof").Default(false).Example("true").
			Doc("Serves profiles of the program under `/debug/pprof/`, for `go tool pprof`. Only on a loopback address."),
	)
}

// Open binds the address.
func (c *Config) Open(_ context.Context, env part.ServiceEnv) (part.Server, error) {
	o, err := c.ServerOptions(DefaultListen, env.Logger)
	if err != nil {
		return nil, err
	}
	s, err := web.Shared(env.Server, o)
	if err != nil {
		return nil, err
	}
	if c.Pprof && !s.Loopback() {
		return nil, errors.New("pprof shows the program's memory and is served on a loopback address only: use listen: 127.0.0.1:PORT, or pprof: false")
	}
	m := New(Options{Version: env.Version, Runtime: env.Runtime, Devices: env.Devices})
	if c.Metrics {
		s.Handle("/metrics", m.Metrics())
	}
	if c.Health {
		s.Handle("/healthz", http.HandlerFunc(m.serveHealth))
	}
	if c.Pprof {
		handleProfiles(s)
	}
	return &service{Monitor: m, web: s, tokenEnv: c.TokenEnv}, nil
}

// service is the block of a running program.
type service struct {
	*Monitor
	web      *web.Server
	tokenEnv string
}

// Start begins to serve.
func (s *service) Start() { s.web.Start() }

// Close ends the server.
func (s *service) Close() error { return s.web.Close() }

// Page is empty: there is nothing for people.
func (s *service) Page() string { return "" }

// Announcement says where the server is, with a token that only the program knows.
func (s *service) Announcement() string {
	switch {
	case s.tokenEnv != "":
		return fmt.Sprintf("http: %s (it asks for the token in %s)", s.web.Page(), s.tokenEnv)
	case s.web.Token() != "":
		return fmt.Sprintf("http: %s (Authorization: Bearer %s)", s.web.Page(), s.web.Token())
	}
	return "http: " + s.web.Page()
}
