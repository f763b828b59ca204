package preview

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"corallite/internal/clock"
	"corallite/internal/httpserver"
	"corallite/internal/web"
)

// Defaults of ServerOptions.
const (
	DefaultListen     = "127.0.0.1:8080"
	DefaultMaxViewers = 32
)

// ServerOptions configure where the page is served and who may see it.
type ServerOptions struct {
	// Listen is the host and port, or ":port" for all addresses of this machine; empty: DefaultListen. With port 0 the
	// system chooses one, which Addr returns.
	Listen string
	// Token is what viewers must present, at least 16 characters. When it is empty, a server on a loopback address needs
	// none, and any other generates one, which URL returns.
	Token string
	// CertFile and KeyFile are a certificate with its chain and its private key in PEM; both or none.
	CertFile, KeyFile string
	// MaxViewers limits the streams of pictures that are open at once, and those of events; 0: DefaultMaxViewers.
	MaxViewers int
	// Devices, when set, returns the machine's accelerators. It is called a few times a second at most.
	Devices func() []Device
	// Logger gets what goes wrong; nil: nothing is logged.
	Logger *slog.Logger

	web          *web.Server   // that other parts use as well; nil: one is made
	clock        clock.Clock   // nil: the machine's
	writeTimeout time.Duration // 0: httpserver's
}

// Device is an accelerator as the page shows it.
type Device struct {
	Name        string   `json:"name"`                    // "edgetpu:pci:0"
	State       string   `json:"state,omitempty"`         // in a word or two: "resting", "gone"
	Temperature *float64 `json:"temperature_c,omitempty"` // °C; nil: it shows none
}

// Server serves the page. Its methods may be called by several goroutines at once.
type Server struct {
	o        ServerOptions
	log      *slog.Logger
	clock    clock.Clock
	http     *web.Server
	pictures gate // streams of pictures
	feeds    gate // streams of events
	cached   statusCache

	mu    sync.Mutex
	sinks []*Sink
}

// NewServer binds the address, so that errors show up at once; Start begins to serve. It fails when the address is in use
// or not this machine's, or an option is invalid.
func NewServer(o ServerOptions) (*Server, error) {
	o.Listen = cmp.Or(o.Listen, DefaultListen)
	o.MaxViewers = cmp.Or(o.MaxViewers, DefaultMaxViewers)
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{o: o, log: o.Logger, clock: o.clock, pictures: newGate(o.MaxViewers), feeds: newGate(o.MaxViewers)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.clock == nil {
		s.clock = clock.System{}
	}
	if s.http = o.web; s.http == nil {
		var err error
		if s.http, err = web.New(o.site()); err != nil {
			return nil, fmt.Errorf("preview: %w", err)
		}
	}
	s.addRoutes()
	return s, nil
}

// site is what the preview's options say of its HTTP server.
func (o *ServerOptions) site() web.Options {
	return web.Options{
		Listen: o.Listen, Token: o.Token, CertFile: o.CertFile, KeyFile: o.KeyFile, SendBuffer: sendBuffer, Logger: o.Logger,
		// A viewer has a connection or two, and asks for stills beside its stream.
		Limits: httpserver.Limits{Connections: 4*o.MaxViewers + 64, Write: o.writeTimeout},
	}
}

func (o *ServerOptions) check() error {
	if err := (&Config{MaxViewers: o.MaxViewers}).Keys().Check(); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return nil
}

// Start begins to serve. Further calls do nothing.
func (s *Server) Start() { s.http.Start() }

// Close ends all streams and returns when all of the server's goroutines have ended. Sinks that are still open go on
// and show nothing. Twice is safe.
func (s *Server) Close() error { return s.http.Close() }

// Addr is the address that the server listens on, with the port that the system chose.
func (s *Server) Addr() net.Addr { return s.http.Addr() }

// Token is what viewers must present; empty: nothing.
func (s *Server) Token() string { return s.http.Token() }

// URL is Page with the token, when there is one: whoever has it may look.
func (s *Server) URL() string { return s.http.URL() }

// Page is what to open in a browser, where the page asks for the token when there is one. For a server on all addresses
// it names one under which others in the network reach this machine.
func (s *Server) Page() string { return s.http.Page() }

// find is the sink of a pipeline, nil when there is none.
func (s *Server) find(name string) *Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.sinks, func(k *Sink) bool { return k.name == name }); i >= 0 {
		return s.sinks[i]
	}
	return nil
}

// all are the sinks in the order in which they were made.
func (s *Server) all() []*Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sinks)
}
