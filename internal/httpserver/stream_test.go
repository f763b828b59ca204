package httpserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"corallite/internal/httpserver/servertest"
)

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
