package cameratest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// HTTP is an HTTP camera that misbehaves on request: "/stream" is MJPEG, "/snapshot" single pictures.
type HTTP struct {
	Frozen  atomic.Bool  // accepts connections and sends nothing
	Garbage atomic.Bool  // sends data that is no picture
	Page    atomic.Bool  // answers with an empty page
	Refuse  atomic.Int64 // number of requests to answer with 503
	Sent    atomic.Int64 // pictures
	Served  atomic.Int64 // requests answered with pictures

	tb      testing.TB
	address string
	user    string
	secret  string
	rate    time.Duration
	shown   atomic.Pointer[[][]byte]

	mu     sync.Mutex
	server *http.Server
	over   chan struct{} // closed with the server
}

// NewHTTP starts a server, which is closed at the end of the test.
func NewHTTP(tb testing.TB, width, height int) *HTTP {
	tb.Helper()
	w := &HTTP{tb: tb, address: "127.0.0.1:0", rate: 20 * time.Millisecond}
	w.Show(width, height)
	w.Start()
	tb.Cleanup(w.Kill)
	return w
}

// Show sends pictures of this size from the next one on.
func (w *HTTP) Show(width, height int) {
	pictures := Scene(w.tb, width, height)
	w.shown.Store(&pictures)
}

// Start restarts the server after Kill, at the same address.
func (w *HTTP) Start() {
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		w.tb.Error(err)
		return
	}
	w.address = listener.Addr().String()
	handler := http.NewServeMux()
	handler.HandleFunc("/stream", w.stream)
	handler.HandleFunc("/snapshot", w.snapshot)
	handler.HandleFunc("/page", func(r http.ResponseWriter, _ *http.Request) { fmt.Fprint(r, "<html>a page</html>") })
	w.mu.Lock()
	w.server, w.over = &http.Server{Handler: handler}, make(chan struct{})
	server := w.server
	w.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

// Kill closes the server and all its connections.
func (w *HTTP) Kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.server != nil {
		close(w.over)
		_ = w.server.Close()
		w.server = nil
	}
}

// Protect requires these credentials.
func (w *HTTP) Protect(user, secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.user, w.secret = user, secret
}

// URL is an address of the server: "/stream", "/snapshot" or "/page", which is not that of a camera.
func (w *HTTP) URL(path string) string { return "http://" + w.address + path }

func (w *HTTP) ending() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// next is the next picture to send; nil: the request is over.
func (w *HTTP) next(r *http.Request, over <-chan struct{}) []byte {
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-over:
			return nil
		case <-time.After(w.rate):
		}
		if w.Frozen.Load() {
			continue
		}
		pictures := *w.shown.Load()
		return pictures[int(w.Sent.Add(1)-1)%len(pictures)]
	}
}

func (w *HTTP) stream(out http.ResponseWriter, r *http.Request) {
	if !w.willing(out) || !w.allowed(out, r) {
		return
	}
	w.Served.Add(1)
	over := w.ending()
	out.Header().Set("Content-Type", `multipart/x-mixed-replace; boundary="--frontier"`)
	for {
		picture := w.next(r, over)
		if picture == nil {
			return
		}
		if w.Garbage.Load() {
			picture = bytes.Repeat([]byte("no picture\x00\xff\n"), 500)
		}
		if _, err := fmt.Fprintf(out, "--frontier\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture); err != nil {
			return
		}
		out.(http.Flusher).Flush()
	}
}

func (w *HTTP) snapshot(out http.ResponseWriter, r *http.Request) {
	if !w.willing(out) || !w.allowed(out, r) {
		return
	}
	w.Served.Add(1)
	if picture := w.next(r, w.ending()); picture != nil {
		out.Header().Set("Content-Type", "image/jpeg")
		_, _ = out.Write(picture)
	}
}

// willing reports whether to answer the request with pictures; otherwise it has answered it.
func (w *HTTP) willing(out http.ResponseWriter) bool {
	if w.Page.Load() {
		out.Header().Set("Content-Type", "text/html")
		return false
	}
	for n := w.Refuse.Load(); n > 0; n = w.Refuse.Load() {
		if w.Refuse.CompareAndSwap(n, n-1) {
			out.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
	}
	return true
}

// allowed checks Digest authentication with MD5, as most cameras use it, calculated here by RFC 7616's formula.
func (w *HTTP) allowed(out http.ResponseWriter, r *http.Request) bool {
	w.mu.Lock()
	user, secret := w.user, w.secret
	w.mu.Unlock()
	if user == "" {
		return true
	}
	sum := func(s string) string {
		h := md5.Sum([]byte(s))
		return hex.EncodeToString(h[:])
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ", ") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = strings.Trim(value, `"`)
	}
	want := sum(strings.Join([]string{
		sum(user + ":cameras:" + secret), "a nonce", fields["nc"], fields["cnonce"], "auth", sum("GET:" + r.URL.RequestURI()),
	}, ":"))
	if fields["response"] == want && fields["username"] == user {
		return true
	}
	out.Header().Set("WWW-Authenticate", `Digest realm="cameras", qop="auth", nonce="a nonce"`)
	out.WriteHeader(http.StatusUnauthorized)
	return false
}
