package cameratest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Raw is a server whose responses are any bytes that a test writes, well-formed or not.
type Raw struct {
	listener net.Listener
	respond  func(to *Response)
	over     chan struct{}
	serving  sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

// Response is the response to one request. Its connection is closed after it.
type Response struct {
	io.Writer
	Request *http.Request
	over    <-chan struct{}
}

// NewRaw starts a server, which is closed at the end of the test.
func NewRaw(tb testing.TB, respond func(to *Response)) *Raw {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r := &Raw{listener: listener, respond: respond, over: make(chan struct{}), open: map[net.Conn]bool{}}
	r.serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // closed
			}
			r.serving.Go(func() { r.serve(c) })
		}
	})
	tb.Cleanup(r.close)
	return r
}

// URL is an address of the server.
func (r *Raw) URL(path string) string { return "http://" + r.listener.Addr().String() + path }

func (r *Raw) serve(c net.Conn) {
	defer c.Close()
	r.mu.Lock()
	r.open[c] = true
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.open, c)
		r.mu.Unlock()
	}()
	if request, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
		r.respond(&Response{c, request, r.over})
	}
}

func (r *Raw) close() {
	close(r.over)
	_ = r.listener.Close()
	r.mu.Lock()
	for c := range r.open {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.serving.Wait()
}

var errOver = errors.New("the server is closed")

// Pictures writes pictures in a loop, 50 a second, each after the text from before, which may contain its length;
// nothing follows a picture. It ends with the client or the test.
func (r *Response) Pictures(pictures [][]byte, before func(length int) string) {
	for n := 0; r.wait(20*time.Millisecond) == nil; n++ {
		picture := pictures[n%len(pictures)]
		if _, err := fmt.Fprintf(r, "%s%s", before(len(picture)), picture); err != nil {
			return
		}
	}
}

// wait waits; an error means that the server is closed.
func (r *Response) wait(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-r.over:
		return errOver
	}
}

// Slowly writes data in pieces, over about this time.
func (r *Response) Slowly(data []byte, takes time.Duration) error {
	const step = 20 * time.Millisecond
	piece := max(1, len(data)*int(step/time.Millisecond)/int(takes/time.Millisecond))
	for len(data) > 0 {
		n := min(piece, len(data))
		if _, err := r.Write(data[:n]); err != nil {
			return err
		}
		if err := r.wait(step); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
