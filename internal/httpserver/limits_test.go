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
)

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
