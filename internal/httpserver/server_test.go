package httpserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/httpserver/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience only guards against hanging.
const patience = time.Minute

// newServer is a started server on a free port of the loopback interface.
func newServer(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Handler == nil {
		o.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") })
	}
	s, err := New(o)
	return servertest.Start(tb, s, err)
}

// send opens a connection and writes a text on it.
func send(tb testing.TB, s *Server, text string) net.Conn {
	tb.Helper()
	c, err := net.DialTimeout("tcp", s.Addr().String(), patience)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, text); err != nil {
		tb.Fatal(err)
	}
	return c
}

// answer reads one answer from a connection.
func answer(tb testing.TB, c net.Conn) (status int, body string) {
	tb.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// get asks once, on a connection of its own.
func get(tb testing.TB, s *Server, path string) (status int, body string) {
	tb.Helper()
	return answer(tb, send(tb, s, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
}

// isCut reads until the server closes a connection.
func isCut(tb testing.TB, c net.Conn) {
	tb.Helper()
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		tb.Error("the server does not close the connection")
	}
}

func TestClose(t *testing.T) {
	var s *Server
	s = newServer(t, Options{Handler: endless(&s, nil), Limits: Limits{Drain: time.Millisecond}})
	var open []net.Conn
	for _, text := range []string{"", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"} {
		open = append(open, send(t, s, text))
	}
	line, err := bufio.NewReader(open[2]).ReadString('\n')
	if err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
	done := make(chan error)
	for range 2 { // side by side
		go func() { done <- s.Close() }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, c := range open {
		isCut(t, c)
	}
	if st := s.Stats(); st.Open != 0 {
		t.Errorf("%+v", st)
	}
	s.Start() // does nothing
	again, err := New(Options{Listen: s.Addr().String(), Handler: http.NotFoundHandler()})
	if err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	again.Close()
}

// TestCloseLetsAnswersFinish has an answer under way that takes its time.
func TestCloseLetsAnswersFinish(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	s := newServer(t, Options{Limits: Limits{Drain: patience}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-finish
		if err := r.Context().Err(); err != nil {
			t.Error(err)
		}
		io.WriteString(w, "whole")
	})})
	c := send(t, s, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-begun
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-s.ending.Done()
	close(finish)
	if status, body := answer(t, c); status != 200 || body != "whole" {
		t.Errorf("got %d %q", status, body)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	cert, key, _ := servertest.Certificate(t)
	taken := newServer(t, Options{})
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no handler":       {Options{}, "Handler"},
		"no port":          {Options{Listen: "localhost"}, "HOST:PORT"},
		"a word as port":   {Options{Listen: "localhost:http"}, "number"},
		"too high a port":  {Options{Listen: "localhost:65536"}, "65535"},
		"taken":            {Options{Listen: taken.Addr().String()}, "in use"},
		"foreign address":  {Options{Listen: "192.0.2.1:0"}, "192.0.2.1"},
		"key alone":        {Options{KeyFile: key}, "both"},
		"certificate only": {Options{CertFile: cert}, "both"},
		"no such file":     {Options{CertFile: "/no/such.pem", KeyFile: key}, "/no/such.pem"},
		"turned round":     {Options{CertFile: key, KeyFile: cert}, key},
		"negative":         {Options{Limits: Limits{PerAddress: -1}}, "negative"},
	} {
		if c.o.Listen == "" {
			c.o.Listen = "127.0.0.1:0"
		}
		if name != "no handler" {
			c.o.Handler = http.NotFoundHandler()
		}
		s, err := New(c.o)
		if err == nil {
			s.Close()
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q in it", name, err, c.want)
		}
	}
}
