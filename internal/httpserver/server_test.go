package httpserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for range 2 {
			if err := s.Close(); err != nil {
				tb.Error(err)
			}
		}
	})
	s.Start()
	return s
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

// TestConnectionsThatWaitKeepNobodyOut opens many more connections than the server takes, of each kind that an attacker
// has, and leaves them alone. The limits of time are too long to be what helps.
func TestConnectionsThatWaitKeepNobodyOut(t *testing.T) {
	for name, text := range map[string]string{
		"nothing is asked":         "",
		"half a header":            "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"an announced body":        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
		"a large announced body":   "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\n",
		"a body in chunks":         "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
		"a body after a 100":       "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
		"idle after an answer":     "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a body behind the answer": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			const hour = time.Hour
			s := newServer(t, Options{Limits: Limits{Connections: 16, Header: hour, Body: hour, Idle: hour, Write: hour}})
			for range 80 {
				send(t, s, text)
			}
			for range 3 {
				if status, body := get(t, s, "/"); status != 200 || body != "here" {
					t.Fatalf("got %d %q", status, body)
				}
			}
			if st := s.Stats(); st.Open > 16 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestTimeLimits has clients that stop in each phase of a request; the server ends the connection.
func TestTimeLimits(t *testing.T) {
	const short = 100 * time.Millisecond
	read := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	})
	for name, c := range map[string]struct {
		limits Limits
		text   string
		body   bool
	}{
		"no header":      {Limits{Header: short}, "", false},
		"half a header":  {Limits{Header: short}, "GET / HTTP/1.1\r\nHost: ", false},
		"half a body":    {Limits{Body: short, BodyBytes: 100}, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345", true},
		"half a chunk":   {Limits{Body: short, BodyBytes: 100}, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345", true},
		"no 2nd request": {Limits{Idle: short}, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, Options{Limits: c.limits, Handler: handler})
			isCut(t, send(t, s, c.text))
			if !c.body {
				return
			}
			select {
			case err := <-read:
				if (err == nil) != (c.limits.Body == 0) {
					t.Errorf("reading the body: %v", err)
				}
			default: // on a busy machine the limit may pass while the header is read
			}
		})
	}
}

// TestSlowReaderIsCutOff has one client that takes nothing of a large answer, and others that are served meanwhile.
func TestSlowReaderIsCutOff(t *testing.T) {
	cut := make(chan error, 1)
	s := newServer(t, Options{
		SendBuffer: 4096, Limits: Limits{Write: 3 * time.Second},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/large" {
				return
			}
			block, err := make([]byte, 1<<20), error(nil)
			for i := 0; i < 1000 && err == nil; i++ {
				_, err = w.Write(block)
			}
			cut <- err
		}),
	})
	send(t, s, "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for {
		select {
		case err := <-cut:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the large answer ended with %v", err)
			}
			return
		default:
			if status, _ := get(t, s, "/"); status != 200 {
				t.Fatalf("another client got %d", status)
			}
		}
	}
}

// endless answers with a Stream that counts; send tells it when.
func endless(s **Server, next <-chan time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st := (*s).Stream(w, r)
		defer st.Close()
		for i := 0; ; i++ {
			if st.Send(func(w io.Writer) error { _, err := fmt.Fprintln(w, i); return err }) != nil {
				return
			}
			select {
			case <-next:
			case <-st.Context().Done():
				return
			}
		}
	})
}

// TestStreamsOutliveTheLimits has a stream that is silent for longer than any limit.
func TestStreamsOutliveTheLimits(t *testing.T) {
	cert, key, pool := servertest.Certificate(t)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			const limit = 2 * time.Second
			next := make(chan time.Time)
			var s *Server
			s = newServer(t, Options{CertFile: cert, KeyFile: key, Handler: endless(&s, next),
				Limits: Limits{Header: limit, Body: limit, Write: limit, Idle: limit}})
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: version == "HTTP/2.0"}
			t.Cleanup(transport.CloseIdleConnections)
			r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+s.Addr().String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.Proto != version {
				t.Fatalf("the protocol is %s", resp.Proto)
			}
			in := bufio.NewScanner(resp.Body)
			for i := range 2 {
				if !in.Scan() || in.Text() != fmt.Sprint(i) {
					t.Fatalf("got %q (%v); want %d", in.Text(), in.Err(), i)
				}
				time.Sleep(limit * 3 / 2)
				next <- time.Time{}
			}
		})
	}
}

// TestAllAtWork fills the server with answers that go on: a further client is told so, and let in when one has ended.
func TestAllAtWork(t *testing.T) {
	var s *Server
	s = newServer(t, Options{Handler: endless(&s, nil), Limits: Limits{Connections: 4}})
	var open []net.Conn
	stream := func() net.Conn {
		c := send(t, s, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("got %q (%v)", line, err)
		}
		return c
	}
	for range 4 {
		open = append(open, stream())
	}
	for range 3 * maxRefusals { // some are never answered, because they ask for nothing
		send(t, s, "")
	}
	if status, body := get(t, s, "/"); status != 503 || !strings.Contains(body, "4 connections") {
		t.Errorf("got %d %q", status, body)
	}
	open[0].Close()
	for deadline := time.Now().Add(patience); s.Stats().Open == 4; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a client has gone and its connection still counts")
		}
	}
	stream()
	if st := s.Stats(); st.Open != 4 || st.Refused != 3*maxRefusals+1 || st.Closed != 0 {
		t.Errorf("%+v", st)
	}
}

// TestOneAddressLeavesRoomForOthers has one address fill its share with answers that go on.
func TestOneAddressLeavesRoomForOthers(t *testing.T) {
	var s *Server
	s = newServer(t, Options{Handler: endless(&s, nil), Limits: Limits{Connections: 8, PerAddress: 3}})
	from := func(address string) string {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: patience}
		c, err := d.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Skipf("this machine has no %s: %v", address, err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	for i, want := range []string{"200", "200", "200", "503", "503"} {
		if line := from("127.0.0.1"); !strings.Contains(line, want) {
			t.Errorf("connection %d of one address: %q; want %s", i, line, want)
		}
	}
	if line := from("127.0.0.2"); !strings.Contains(line, "200") {
		t.Errorf("another address: %q", line)
	}
}

func TestBodies(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		w.Write(data)
	})
	none, some := newServer(t, Options{Handler: handler}), newServer(t, Options{Handler: handler, Limits: Limits{BodyBytes: 8}})
	for name, c := range map[string]struct {
		s      *Server
		text   string
		status int
		want   string
	}{
		"none is taken": {none, "Content-Length: 3\r\n\r\nabc", 413, "not accept request bodies"},
		"an empty one":  {none, "Content-Length: 0\r\n\r\n", 200, ""},
		"a small one":   {some, "Content-Length: 3\r\n\r\nabc", 200, "abc"},
		"too large":     {some, "Content-Length: 9\r\n\r\nabcdefghi", 413, "maximum is 8 bytes"},
		"in chunks":     {some, "Transfer-Encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n0\r\n\r\n", 413, "abcdefgh"},
	} {
		status, body := answer(t, send(t, c.s, "POST / HTTP/1.1\r\nHost: localhost\r\n"+c.text))
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %q; want %d %q", name, status, body, c.status, c.want)
		}
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

// TestStreamEndsWithItsClient has a client that goes while a stream is silent.
func TestStreamEndsWithItsClient(t *testing.T) {
	over := make(chan error, 1)
	var s *Server
	s = newServer(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st := s.Stream(w, r)
		defer st.Close()
		if err := st.Send(func(io.Writer) error { return nil }); err != nil {
			t.Error(err)
		}
		<-st.Context().Done()
		over <- context.Cause(st.Context())
	})})
	c := send(t, s, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c.Close()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatal("the stream goes on without its client")
	}
}
