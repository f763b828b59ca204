package preview

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"corallite/internal/clock"
)

// Defaults of ServerOptions.
const (
	DefaultListen     = "127.0.0.1:8080"
	DefaultMaxViewers = 32
)

// minToken is the least length of a token that is given: one that can be guessed is worse than one that was made.
const minToken = 16

// Limits of what a client may take.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 60 * time.Second
	writeTimeout  = 10 * time.Second // for one picture, or a whole answer that is not a stream
	closeGrace    = time.Second      // for answers under way when the server is closed
	maxHeader     = 16 << 10         // bytes
)

// ServerOptions say where the page is and who may see it.
type ServerOptions struct {
	// Listen is the host and port, or ":port" for all addresses of this machine; empty: DefaultListen. With port 0 the
	// system chooses one, which Addr tells.
	Listen string
	// Token is what viewers must show, at least 16 characters. When it is empty, a server on a loopback address needs
	// none, and any other makes one, which URL tells.
	Token string
	// CertFile and KeyFile are a certificate with its chain and its private key in PEM; both or none.
	CertFile, KeyFile string
	// MaxViewers is how many streams of pictures may be open at once, and how many of events; 0: DefaultMaxViewers.
	MaxViewers int
	// Devices, when set, tells of the machine's accelerators. It is called a few times a second at most.
	Devices func() []Device
	// Logger gets what goes wrong; nil: nothing is logged.
	Logger *slog.Logger

	clock        clock.Clock   // nil: the machine's
	writeTimeout time.Duration // 0: writeTimeout
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
	token    string
	secure   bool // TLS
	loopback bool
	listener net.Listener
	http     *http.Server
	pictures gate // streams of pictures
	feeds    gate // streams of events
	cached   statusCache

	done    chan struct{} // closed when Close begins
	serving sync.WaitGroup

	mu     sync.Mutex
	sinks  []*Sink
	state  serverState
	closed sync.WaitGroup // Close calls after the first wait for it
	err    error          // of the first Close
}

type serverState int

const (
	made serverState = iota
	started
	ended
)

// NewServer takes the address, so that what keeps the server from working is known at once; Start begins to answer. It
// fails when the address is taken or not this machine's, or an option is impossible.
func NewServer(o ServerOptions) (*Server, error) {
	o.Listen = cmp.Or(o.Listen, DefaultListen)
	o.MaxViewers = cmp.Or(o.MaxViewers, DefaultMaxViewers)
	o.writeTimeout = cmp.Or(o.writeTimeout, writeTimeout)
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{
		o: o, log: o.Logger, clock: o.clock, token: o.Token, done: make(chan struct{}),
		pictures: newGate(o.MaxViewers), feeds: newGate(o.MaxViewers),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.clock == nil {
		s.clock = clock.System{}
	}
	var config *tls.Config
	if o.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("preview: certificate %s with key %s: %w", o.CertFile, o.KeyFile, err)
		}
		config = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
		s.secure = true
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("preview: %w; choose another address with listen (port 0: one that is free)", err)
	}
	s.listener = newLimited(l, 4*o.MaxViewers+64)
	s.loopback = l.Addr().(*net.TCPAddr).IP.IsLoopback()
	if !s.loopback && s.token == "" {
		s.token = rand.Text() // at least 128 bits
	}
	s.http = &http.Server{
		Handler: s.guard(s.routes()), TLSConfig: config, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		// What clients do wrong is not the program's trouble.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

func (o *ServerOptions) check() error {
	switch {
	case (o.CertFile == "") != (o.KeyFile == ""):
		return errors.New("preview: a certificate needs its key and a key its certificate; give both or none")
	case o.Token != "" && len(o.Token) < minToken:
		return fmt.Errorf("preview: the token has %d characters; want at least %d, or none, and one is made", len(o.Token), minToken)
	case o.MaxViewers < 0:
		return fmt.Errorf("preview: %d viewers at most; want 1 or more", o.MaxViewers)
	}
	if _, port, err := net.SplitHostPort(o.Listen); err != nil {
		return fmt.Errorf("preview: listen %q: %w; want HOST:PORT, such as %s", o.Listen, err, DefaultListen)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("preview: listen %q: the port must be a number from 0 to 65535", o.Listen)
	}
	return nil
}

// Start begins to answer. Further calls do nothing.
func (s *Server) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != made {
		return
	}
	s.state = started
	s.serving.Add(1)
	go func() {
		defer s.serving.Done()
		var err error
		if s.secure {
			err = s.http.ServeTLS(s.listener, "", "")
		} else {
			err = s.http.Serve(s.listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the preview page has ended", "error", err)
		}
	}()
}

// Close ends all streams and returns when all of the server's goroutines have ended. Sinks that are still open go on
// and show nothing. Twice is safe.
func (s *Server) Close() error {
	s.mu.Lock()
	before := s.state
	if before == ended {
		s.mu.Unlock()
		s.closed.Wait()
		return s.err
	}
	s.state = ended
	s.closed.Add(1)
	s.mu.Unlock()
	defer s.closed.Done()
	close(s.done)
	if before == made {
		s.err = s.listener.Close()
		return s.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close() // a viewer takes nothing: its connection is cut
	}
	s.serving.Wait()
	s.err = err
	return err
}

// begin counts a request that Close waits for; it says whether the server still answers.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == ended {
		return false
	}
	s.serving.Add(1)
	return true
}

// Addr is the address that the server listens on, with the port that the system chose.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Token is what viewers must show; empty: nothing.
func (s *Server) Token() string { return s.token }

// URL is what to open in a browser, with the token when there is one. For a server on all addresses it names one under
// which others in the network reach this machine.
func (s *Server) URL() string {
	addr := s.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = reachable()
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(addr.Port)), Path: "/"}
	if s.secure {
		u.Scheme = "https"
		if name, _, err := net.SplitHostPort(s.o.Listen); err == nil && name != "" && net.ParseIP(name) == nil {
			u.Host = net.JoinHostPort(name, strconv.Itoa(addr.Port)) // certificates are for names
		}
	}
	if s.token != "" {
		u.RawQuery = url.Values{"token": {s.token}}.Encode()
	}
	return u.String()
}

// reachable is an address of this machine in its network: an IPv4 address where there is one, else its name.
func reachable() string {
	addrs, err := net.InterfaceAddrs()
	if err == nil {
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
				return n.IP.String()
			}
		}
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "127.0.0.1"
}

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
