package web

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"

	"corallite/internal/httpserver"
	"corallite/internal/part"
)

// MinToken is the minimum length of a given token: a guessable one is worse than a generated one.
const MinToken = 16

// Options configure where is served and who may see it.
type Options struct {
	Listen            string // host and port; port 0: any free one
	Token             string // what clients must present; "": nothing on a loopback address, otherwise one is made
	CertFile, KeyFile string // PEM; both or none
	Limits            httpserver.Limits
	SendBuffer        int          // of a connection, in bytes; 0: the system's
	Logger            *slog.Logger // nil: nothing is logged
}

// Server is an HTTP server that parts of the program share. Its methods may be called by several goroutines at once,
// Handle only before Start.
type Server struct {
	o       Options
	token   string
	http    *httpserver.Server
	mux     *http.ServeMux
	methods map[string][]string // by pattern; none: GET and HEAD
	own     map[string]bool     // by pattern: see HandleOwn
}

// New binds the address, so that errors show up at once; Start begins to serve. It fails when the address is in use or
// not this machine's, the token is shorter than MinToken, or the certificate cannot be used.
func New(o Options) (*Server, error) {
	if o.Token != "" && len(o.Token) < MinToken {
		return nil, fmt.Errorf("a token of %d characters is too short: use at least %d, or none to have one generated", len(o.Token), MinToken)
	}
	s := &Server{o: o, token: o.Token, mux: http.NewServeMux(), methods: map[string][]string{}, own: map[string]bool{}}
	var err error
	s.http, err = httpserver.New(httpserver.Options{
		Listen: o.Listen, CertFile: o.CertFile, KeyFile: o.KeyFile, Handler: s.guard(s.mux), Limits: o.Limits,
		SendBuffer: o.SendBuffer, Logger: o.Logger, MaxBody: s.maxBody,
	})
	if err != nil {
		return nil, err
	}
	if !s.http.Loopback() && s.token == "" {
		s.token = rand.Text() // at least 128 bits
	}
	return s, nil
}

// Shared is the server of a run at an address: the first part of the configuration that asks makes it. It fails where
// the parts say different things of it.
func Shared(get func(name string, make func() (part.Server, error)) (part.Server, error), o Options) (*Server, error) {
	shared, err := get("web "+o.Listen, func() (part.Server, error) { return New(o) })
	if err != nil {
		return nil, err
	}
	s := shared.(*Server)
	for _, differs := range []struct {
		key       string
		mine, its string
	}{{"token_env", o.Token, s.o.Token}, {"cert", o.CertFile, s.o.CertFile}, {"key", o.KeyFile, s.o.KeyFile}} {
		if differs.mine != "" && differs.mine != differs.its {
			return nil, fmt.Errorf("another part of the configuration on %s has another %s: a server has one of each", o.Listen, differs.key)
		}
	}
	return s, nil
}

// Handle has a handler answer what fits a pattern of http.ServeMux, which must not name a method. Without methods they
// are GET and HEAD. A pattern that is taken is a mistake in the program, and panics.
func (s *Server) Handle(pattern string, h http.Handler, methods ...string) {
	s.mux.Handle(pattern, h)
	if len(methods) > 0 {
		s.methods[pattern] = methods
	}
}

// allows are the methods that the route of a request takes.
func (s *Server) allows(r *http.Request) []string {
	_, pattern := s.mux.Handler(r)
	if m := s.methods[pattern]; m != nil {
		return m
	}
	return []string{http.MethodGet, http.MethodHead}
}

func (s *Server) refuses(r *http.Request) bool { return !slices.Contains(s.allows(r), r.Method) }

// Start begins to serve. Further calls do nothing.
func (s *Server) Start() { s.http.Start() }

// Close ends all streams and returns when all of the server's goroutines have ended. Twice is safe.
func (s *Server) Close() error { return s.http.Close() }

// Addr is the address that the server listens on, with the port that the system chose.
func (s *Server) Addr() net.Addr { return s.http.Addr() }

// Token is what clients must present; empty: nothing.
func (s *Server) Token() string { return s.token }

// Loopback reports whether only this machine reaches the server.
func (s *Server) Loopback() bool { return s.http.Loopback() }

// Stream begins an endless response.
func (s *Server) Stream(w http.ResponseWriter, r *http.Request) *httpserver.Stream {
	return s.http.Stream(w, r)
}

// URL is Page with the token, when there is one: whoever has it may look.
func (s *Server) URL() string {
	page := s.Page()
	if s.token != "" {
		page += "?" + url.Values{"token": {s.token}}.Encode()
	}
	return page
}

// Page is the address of "/". For a server on all addresses it names one under which others in the network reach this
// machine.
func (s *Server) Page() string {
	addr := s.http.Addr()
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = reachable()
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(addr.Port)), Path: "/"}
	if s.http.Secure() {
		u.Scheme = "https"
		if name, _, err := net.SplitHostPort(s.o.Listen); err == nil && name != "" && net.ParseIP(name) == nil {
			u.Host = net.JoinHostPort(name, strconv.Itoa(addr.Port)) // certificates are for names
		}
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
