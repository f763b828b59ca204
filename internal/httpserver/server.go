package httpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"corallite/internal/regfile"
)

// Limits are the limits for clients. 0 means the default, given here.
type Limits struct {
	Header time.Duration // of a request's header, from its first byte or the connection's start; 5 s
	Body   time.Duration // of a request's header and body together; 15 s
	Write  time.Duration // of a response, or of one write of a Stream; 10 s
	Idle   time.Duration // between two requests on a connection; 30 s
	Drain  time.Duration // for responses in progress when the server is closed; 1 s

	HeaderBytes int   // of a request; 16 KiB
	BodyBytes   int64 // of a request; 0: requests must not have a body

	Connections int // at a time; 256
	PerAddress  int // at a time from one IPv4 address or IPv6 /64; half of Connections, on a loopback address all of them
}

func (l Limits) orDefault(loopback bool) Limits {
	l.Header = cmp.Or(l.Header, 5*time.Second)
	l.Body = cmp.Or(l.Body, 15*time.Second)
	l.Write = cmp.Or(l.Write, 10*time.Second)
	l.Idle = cmp.Or(l.Idle, 30*time.Second)
	l.Drain = cmp.Or(l.Drain, time.Second)
	l.HeaderBytes = cmp.Or(l.HeaderBytes, 16<<10)
	l.Connections = cmp.Or(l.Connections, 256)
	if l.PerAddress == 0 && loopback {
		l.PerAddress = l.Connections
	}
	l.PerAddress = cmp.Or(l.PerAddress, max(1, l.Connections/2))
	return l
}

// Options are the options of New.
type Options struct {
	Listen            string // host and port, or ":port" for all addresses of this machine; port 0: any free one
	CertFile, KeyFile string // certificate chain and private key in PEM; both or none
	Handler           http.Handler
	Limits            Limits
	// MaxBody, when set, says how many bytes the body of a request may have, instead of Limits.BodyBytes; below 0: its
	// handler limits it.
	MaxBody func(r *http.Request) int64
	// SendBuffer is the size of the kernel's send buffer of a connection in bytes; 0: the system's default.
	SendBuffer int
	// Logger receives errors of the server, refused clients at most once a minute, and at level Debug errors of clients;
	// nil: no log.
	Logger *slog.Logger
}

// Server is an HTTP server, safe for concurrent use.
type Server struct {
	limits   Limits
	handler  http.Handler
	maxBody  func(r *http.Request) int64
	log      *slog.Logger
	listener *listener
	http     *http.Server
	secure   bool
	loopback bool

	ending  context.Context // ends when Close begins
	end     context.CancelFunc
	serving sync.WaitGroup // the accept loop, and requests in progress

	mu     sync.Mutex
	state  state
	closed sync.WaitGroup // Close calls after the first wait for it
	err    error          // of the first Close
}

type state int

const (
	made state = iota
	started
	ended
)

// New opens the listening socket, so that errors show early; Start begins to serve. It fails if the address is invalid,
// in use or not this machine's, or the certificate is unusable. The caller closes the server.
func New(o Options) (*Server, error) {
	config, err := o.check()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with listen (port 0: any free one)", err)
	}
	s := &Server{handler: o.Handler, maxBody: o.MaxBody, log: o.Logger, secure: config != nil}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.loopback = l.Addr().(*net.TCPAddr).IP.IsLoopback()
	s.limits = o.Limits.orDefault(s.loopback)
	s.ending, s.end = context.WithCancel(context.Background())
	s.listener = &listener{Listener: l, tracker: newConnTracker(s.limits.Connections, s.limits.PerAddress, s.log), sendBuffer: o.SendBuffer}
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), TLSConfig: config, ConnContext: withConn,
		ReadHeaderTimeout: s.limits.Header, ReadTimeout: s.limits.Body, WriteTimeout: s.limits.Write, IdleTimeout: s.limits.Idle,
		MaxHeaderBytes: s.limits.HeaderBytes,
		// A page needs few concurrent streams per connection. Pings detect clients that vanished while a stream is silent.
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 64, SendPingTimeout: s.limits.Idle, PingTimeout: s.limits.Write, WriteByteTimeout: s.limits.Write},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// check validates the options and loads the certificate; the result is nil without one.
func (o *Options) check() (*tls.Config, error) {
	l := o.Limits
	_, port, err := net.SplitHostPort(o.Listen)
	switch {
	case o.Handler == nil:
		return nil, errors.New("httpserver: Options.Handler is missing")
	case min(l.Header, l.Body, l.Write, l.Idle, l.Drain) < 0 || min(l.HeaderBytes, l.Connections, l.PerAddress, o.SendBuffer) < 0 || l.BodyBytes < 0:
		return nil, fmt.Errorf("httpserver: negative limit: %+v", l)
	case (o.CertFile == "") != (o.KeyFile == ""):
		return nil, errors.New("certificate and key belong together: give both or none")
	case err != nil:
		return nil, fmt.Errorf("listen %q: %w; want HOST:PORT, such as 127.0.0.1:8080", o.Listen, err)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return nil, fmt.Errorf("listen %q: the port must be a number from 0 to 65535", o.Listen)
	}
	if o.CertFile == "" {
		return nil, nil
	}
	cert, err := readKeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", o.CertFile, o.KeyFile, err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}, nil
}

// readKeyPair is tls.LoadX509KeyPair with limits on the files.
func readKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	const most = 1 << 20
	cert, err := regfile.Read(certFile, most)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := regfile.Read(keyFile, most)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// Start begins to serve. Further calls do nothing.
func (s *Server) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != made {
		return
	}
	s.state = started
	s.serving.Go(func() {
		var err error
		if s.secure {
			err = s.http.ServeTLS(s.listener, "", "")
		} else {
			err = s.http.Serve(s.listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("HTTP server failed", "address", s.Addr().String(), "error", err)
		}
	})
}

// Close ends all streams, lets other responses finish within Limits.Drain, and returns when all goroutines of the server
// have ended. Calling it twice is safe.
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
	s.end()
	if before == made {
		s.err = s.listener.Close()
		return s.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.limits.Drain)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close() // cuts the connections of stalled clients
	}
	s.serving.Wait()
	s.err = err
	return err
}

// Addr returns the address that the server listens on, with the actual port.
func (s *Server) Addr() *net.TCPAddr { return s.listener.Addr().(*net.TCPAddr) }

// Loopback reports whether the server is reachable only from this machine.
func (s *Server) Loopback() bool { return s.loopback }

// Secure reports whether the server uses TLS.
func (s *Server) Secure() bool { return s.secure }

// Stats returns the counts of connections so far.
func (s *Server) Stats() Stats { return s.listener.tracker.stats() }
