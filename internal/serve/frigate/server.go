package frigate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
)

// EndpointPattern is what an endpoint must match.
var EndpointPattern = regexp.MustCompile(`^(ipc:///?[^/].*|tcp://.+:[0-9]{1,5})$`)

// maxPeers is how many connections there may be: Frigate has one for each detector.
const maxPeers = 16

// Options say what a Server offers.
type Options struct {
	Endpoint string // ipc://PATH or tcp://HOST:PORT; HOST * is all addresses
	Public   bool   // the endpoint may be reached from other machines
	Folder   string // keeps models that are handed over; it is made when one is
	Hub      *hub.Hub
	// Open opens a model that was handed over, for detect, in a child process.
	Open   func(ctx context.Context, path string) (part.Served, error)
	Logger *slog.Logger
}

// Server answers Frigate. It is safe for concurrent use.
type Server struct {
	o        Options
	listener net.Listener
	path     string // of the socket; "": it is none
	models   store

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

// New binds the endpoint. Start begins to answer.
func New(o Options) (*Server, error) {
	s := &Server{o: o, conns: map[net.Conn]struct{}{}}
	s.models = store{o: o}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var err error
	if path, ok := strings.CutPrefix(o.Endpoint, "ipc://"); ok {
		s.path = path
		s.listener, err = listenUnix(path)
	} else {
		s.listener, err = listenTCP(strings.TrimPrefix(o.Endpoint, "tcp://"), o.Public)
	}
	if err != nil {
		return nil, fmt.Errorf("zmq %s: %w", o.Endpoint, err)
	}
	return s, nil
}

// listenUnix binds a socket. One that nobody listens to any more is removed.
func listenUnix(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if err == nil {
		return l, nil
	}
	info, statErr := os.Lstat(path)
	if statErr != nil || info.Mode()&fs.ModeSocket == 0 {
		return nil, err
	}
	if c, dialErr := net.Dial("unix", path); dialErr == nil {
		c.Close()
		return nil, errors.New("another program listens there")
	}
	if err := os.Remove(path); err != nil {
		return nil, err
	}
	return net.Listen("unix", path)
}

// listenTCP binds an address.
func listenTCP(address string, public bool) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "*" {
		host = ""
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() && !public {
		l.Close()
		return nil, errors.New("it is reached from other machines, and the protocol has no token: use ipc:// or 127.0.0.1, or set open: true")
	}
	return l, nil
}

// Endpoint is where the server listens, with the port that the system chose.
func (s *Server) Endpoint() string {
	if s.path != "" {
		return s.o.Endpoint
	}
	return "tcp://" + s.listener.Addr().String()
}

// Start begins to answer. It is called once.
func (s *Server) Start() {
	s.work.Go(func() {
		for {
			c, err := s.listener.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					s.o.Logger.Error("zmq: the endpoint fails", "endpoint", s.o.Endpoint, "error", err)
				}
				return
			}
			if !s.admit(c) {
				c.Close()
				continue
			}
			s.work.Go(func() {
				defer s.leave(c)
				s.serve(c)
			})
		}
	})
}

func (s *Server) admit(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) == maxPeers {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) leave(c net.Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	c.Close()
}

// serve answers one connection, a request at a time.
func (s *Server) serve(c net.Conn) {
	p := &peer{conn: c, max: maxMessage}
	if err := p.handshake(); err != nil {
		s.o.Logger.Debug("zmq: a connection is refused", "error", err)
		return
	}
	use := &session{store: &s.models}
	defer use.end()
	for {
		envelope, parts, err := p.receive()
		if err != nil {
			s.o.Logger.Debug("zmq: a connection has ended", "error", err)
			return
		}
		if err := p.send(envelope, s.answer(use, parts)); err != nil {
			return
		}
	}
}

// Close ends all connections, and closes the models that were handed over. Twice is safe.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.cancel()
	err := s.listener.Close() // a socket's file goes with it
	s.work.Wait()
	return errors.Join(err, s.models.close())
}
