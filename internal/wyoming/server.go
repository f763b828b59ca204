// Package wyoming is a server of wake words for Home Assistant and other clients that speak the Wyoming protocol
// (github.com/OHF-Voice/wyoming): it says which words there are, gets sound and tells when one was said. The sound of each
// connection is heard by itself; who hears it, the package does not know (Hearer).
package wyoming

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"corallite/internal/english"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Word is something that can be heard.
type Word struct {
	Name      string // by which clients ask for it: "okay_nabu"
	Phrase    string // as it is said: "Okay Nabu"
	Languages []string
	Author    string // of the model
	URL       string
}

// Sound is the sound of one client, from audio-start to audio-stop.
type Sound struct {
	Samples  io.Reader // raw, until io.EOF
	Format   string    // of mic.Formats
	Rate     int
	Channels int
	Words    []Word // that are wanted
	Peer     string // who the client is
}

// Hearer hears sound until its samples end or ctx does. It calls found, in one goroutine at a time, with the name of a word
// and where it ended, from the beginning of the sound. Several sounds are heard at the same time.
type Hearer interface {
	Hear(ctx context.Context, s Sound, found func(name string, end time.Duration)) error
}

// ErrBusy is the error of a Hearer that hears as much as it can.
var ErrBusy = errors.New("too many are listening")

// Options are the options of Listen.
type Options struct {
	URI     string // tcp://HOST:PORT or unix://PATH
	Words   []Word // at least one
	Hearer  Hearer
	Version string // of this program
	Most    int    // connections at once; 0: DefaultConnections
	Name    string // by which the server is announced to the network; "": it is not
	Logger  *slog.Logger
}

// DefaultConnections is how many connections there may be at once.
const DefaultConnections = 32

// DefaultPort is that of Home Assistant's servers of wake words.
const DefaultPort = "10400"

// The limits of a peer: how long the rest of an event may take once it has begun, and how long an answer.
const (
	eventLimit = 30 * time.Second
	writeLimit = 10 * time.Second
)

// maxRefusals is how many connections more are told that there are too many; others are only closed.
const maxRefusals = 16

// Server listens for clients.
type Server struct {
	o        Options
	listener net.Listener
	log      *slog.Logger

	mu       sync.Mutex
	closed   bool
	open     map[net.Conn]*client
	refusals int
	warned   time.Time
	all      sync.WaitGroup
}

// Address returns the network and the address of a URI: tcp://HOST:PORT, or unix:///PATH. Without a port it is DefaultPort.
func Address(uri string) (network, address string, err error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", "", fmt.Errorf("invalid address %q: %w", uri, err)
	}
	switch {
	case u.Scheme == "unix" && u.Host+u.Path != "":
		return "unix", u.Host + u.Path, nil
	case u.Scheme == "tcp" && u.Host != "" && (u.Path == "" || u.Path == "/"):
		port := u.Port()
		if port == "" {
			port = DefaultPort
		}
		return "tcp", net.JoinHostPort(u.Hostname(), port), nil
	}
	return "", "", fmt.Errorf("invalid address %q (want tcp://HOST:PORT or unix:///PATH)", uri)
}

// Listen opens the address. Serve serves it; the caller closes the server.
func Listen(o Options) (*Server, error) {
	network, address, err := Address(o.URI)
	if err != nil {
		return nil, err
	}
	if o.Most <= 0 {
		o.Most = DefaultConnections
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if network == "unix" {
		if err := removeDeadSocket(address); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, fmt.Errorf("listening at %s: %w", o.URI, err)
	}
	return &Server{o: o, listener: l, log: o.Logger, open: map[net.Conn]*client{}}, nil
}

// removeDeadSocket removes a socket that nobody listens at: a program that was killed leaves it.
func removeDeadSocket(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return nil // net.Listen says what is wrong
	}
	if c, err := net.Dial("unix", path); err == nil {
		return errors.Join(fmt.Errorf("another program listens at %s", path), c.Close())
	}
	return os.Remove(path)
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve serves clients until ctx ends or Close is called, and then waits for what is being heard to end.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.all.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if s.o.Name != "" {
		s.all.Go(func() {
			if err := announce(ctx, s.o.Name, s.Addr()); err != nil {
				s.log.Warn("the Wyoming server cannot be announced by mDNS: type its address in", "address", s.o.URI, "error", err)
			}
		})
	}
	pause := time.Duration(0)
	for {
		c, err := s.listener.Accept()
		switch {
		case err == nil:
			pause = 0
			s.serve(ctx, c)
		case errors.Is(err, net.ErrClosed):
			return nil
		default: // such as too many open files
			pause = min(max(2*pause, 10*time.Millisecond), time.Second)
			s.log.Warn("no connection can be accepted", "address", s.o.URI, "error", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

// makeRoom ends the connection that has been silent for the longest time, of those on which nothing is being heard, and
// reports whether there was one.
func (s *Server) makeRoom() bool {
	var longest net.Conn
	since := int64(math.MaxInt64)
	for c, one := range s.open {
		if at := one.silent.Load(); at > 0 && at < since {
			longest, since = c, at
		}
	}
	if longest == nil {
		return false
	}
	longest.Close()
	delete(s.open, longest)
	return true
}

// serve serves one client in a goroutine of its own, or refuses it.
func (s *Server) serve(ctx context.Context, c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := len(s.open) >= s.o.Most && !s.makeRoom()
	if s.closed || full && s.refusals >= maxRefusals {
		c.Close()
		return
	}
	if full {
		s.refusals++
		if now := time.Now(); now.Sub(s.warned) > time.Minute {
			s.warned = now
			s.log.Warn("a client is refused: there are as many as may be", "address", s.o.URI, "connections", s.o.Most)
		}
	}
	client := &client{server: s, conn: c, in: newReader(c)}
	client.silent.Store(time.Now().UnixNano())
	if !full {
		s.open[c] = client
	}
	s.all.Go(func() {
		defer func() {
			c.Close()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.open, c)
			if full {
				s.refusals--
			}
		}()
		if full {
			client.fail("busy", fmt.Sprintf("there are already %s", english.Count(s.o.Most, "connection")))
			return
		}
		client.serve(ctx)
	})
}

// Close ends the server. What is being heard ends too. It may be called twice.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	return s.listener.Close()
}

// wanted are the words that names ask for; none: all of them. Of names that are all unknown it is okay_nabu, as Home
// Assistant's own servers do, or the first.
func (s *Server) wanted(names []string) (words []Word, unknown []string) {
	for _, name := range names {
		i := slices.IndexFunc(s.o.Words, func(w Word) bool { return strings.EqualFold(w.Name, name) })
		switch {
		case i < 0:
			unknown = append(unknown, name)
		case !slices.ContainsFunc(words, func(w Word) bool { return w.Name == s.o.Words[i].Name }):
			words = append(words, s.o.Words[i])
		}
	}
	switch {
	case len(names) == 0:
		words = s.o.Words
	case len(words) == 0:
		i := slices.IndexFunc(s.o.Words, func(w Word) bool { return w.Name == usualWord })
		words = []Word{s.o.Words[max(i, 0)]}
	}
	return words, unknown
}

// usualWord is what Home Assistant's own servers listen for when they do not know a name.
const usualWord = "okay_nabu"

// Live is true: sound comes in its own time. The server stands for a source in its pipeline, and gives no chunks itself.
func (s *Server) Live() bool { return true }

// Next waits for the end.
func (s *Server) Next(ctx context.Context) (*audio.Chunk, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Stats say that the source is endless.
func (s *Server) Stats() pipeline.Stats {
	return pipeline.Stats{Name: "wyoming:" + s.o.URI, Endless: true, Buffered: true}
}
