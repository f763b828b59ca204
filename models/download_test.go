package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// server is a web server whose answers the test writes; it counts and keeps the requests.
type server struct {
	*httptest.Server
	handler  http.HandlerFunc
	mu       sync.Mutex
	requests []*http.Request
}

func serve(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *server {
	t.Helper()
	s := newServer(answer)
	s.Server = httptest.NewServer(s.handler)
	t.Cleanup(s.Close)
	return s
}

// newServer is a server that is not started yet. The requests are kept as they came, whatever answer does with them.
func newServer(answer func(n int, w http.ResponseWriter, r *http.Request)) *server {
	s := &server{}
	s.handler = func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Clone(context.Background()))
		n := len(s.requests)
		s.mu.Unlock()
		answer(n, w, r)
	}
	return s
}

// quiet is for what a server says about clients that go away or do not trust it.
var quiet = log.New(io.Discard, "", 0)

func (s *server) client(t *testing.T) *http.Client {
	c := newClient(nil)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// netStore is a Store with the one model "net", at the server's /net.tflite.
func netStore(t *testing.T, srv *server, data []byte) *Store {
	t.Helper()
	return newStore(t, urlCatalog(t, srv.URL+"/net.tflite", data), Options{Client: srv.client(t)})
}

// whole serves data as a good web server does, with ranges and an entity tag.
func whole(w http.ResponseWriter, r *http.Request, data []byte, tag string) {
	w.Header().Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// cutOff promises all of data and sends the first n bytes.
func cutOff(w http.ResponseWriter, data []byte, n int) {
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.Header().Set("ETag", `"v1"`)
	_, _ = w.Write(data[:n])
}

func TestPullFromAddress(t *testing.T) {
	data := noise(200_000)
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, data, `"v1"`) })
	s := netStore(t, srv, data)
	var steps []Progress
	found, err := s.Pull(context.Background(), "net", func(p Progress) { steps = append(steps, p) })
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
	if want := filepath.Join(s.cache, "models", "net", "net.tflite"); found.Model != want {
		t.Errorf("model at %s, want %s", found.Model, want)
	}
	if got := tree(t, s.cache); got != "models/net/net.tflite" {
		t.Errorf("left in the cache: %s", got)
	}
	info, err := os.Stat(found.Model)
	if err != nil {
		t.Fatal(err)
	}
	umask := syscall.Umask(0)
	syscall.Umask(umask)
	if want := 0o666 &^ os.FileMode(umask); info.Mode().Perm() != want {
		t.Errorf("mode %v, want %v: others may want to read it", info.Mode(), want)
	}
	last := steps[len(steps)-1]
	if last.Done != 200_000 || last.Total != 200_000 || last.File != "net.tflite" || last.Model != "net" {
		t.Errorf("last progress %+v", last)
	}
	for i := 1; i < len(steps); i++ {
		if steps[i].Done < steps[i-1].Done {
			t.Errorf("progress went back: %d after %d", steps[i].Done, steps[i-1].Done)
		}
	}
	if _, err := s.Pull(context.Background(), "net", nil); err != nil || len(srv.requests) != 1 {
		t.Errorf("pulled again: %v, %d requests", err, len(srv.requests))
	}
}

// TestDownloadResumes breaks the connection off and expects the rest to be asked for.
func TestDownloadResumes(t *testing.T) {
	data := noise(100_000)
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			cutOff(w, data, 40_000)
			return
		}
		whole(w, r, data, `"v1"`)
	})
	s := netStore(t, srv, data)
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
	second := srv.requests[1].Header
	if second.Get("Range") != "bytes=40000-" || second.Get("If-Range") != `"v1"` {
		t.Errorf("second request: Range %q, If-Range %q", second.Get("Range"), second.Get("If-Range"))
	}
	if got := tree(t, s.cache); got != "models/net/net.tflite" {
		t.Errorf("left in the cache: %s", got)
	}
}

// TestResumeByALaterPull gives up in one Pull, keeps what came, and goes on in the next.
func TestResumeByALaterPull(t *testing.T) {
	data := noise(100_000)
	var broken atomic.Bool
	broken.Store(true)
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case n == 1:
			cutOff(w, data, 30_000)
		case broken.Load():
			http.Error(w, "later", http.StatusServiceUnavailable)
		default:
			whole(w, r, data, `"v1"`)
		}
	})
	s := netStore(t, srv, data)
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, "pull net", srv.URL, "503", "after 4 attempts", "resumes it")
	if got := tree(t, s.cache); got != "models/net/net.tflite.part models/net/net.tflite.part.etag" {
		t.Errorf("left in the cache: %s", got)
	}
	if st := s.List()[0].State; st != Absent {
		t.Errorf("state %s with half a file", st)
	}
	broken.Store(false)
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
	if got := srv.requests[len(srv.requests)-1].Header.Get("Range"); got != "bytes=30000-" {
		t.Errorf("Range %q", got)
	}
}

// TestFileChangedBetween resumes against a server that has a new version under the same address, with and without
// If-Range support.
func TestFileChangedBetween(t *testing.T) {
	old, data := noise(100_001)[:100_000], noise(100_000)
	for name, ignoreIfRange := range map[string]bool{"If-Range": false, "no If-Range": true} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					cutOff(w, old, 50_000)
					return
				}
				if ignoreIfRange {
					r.Header.Del("If-Range")
				}
				whole(w, r, data, `"v2"`)
			})
			s := netStore(t, srv, data)
			found, err := s.Pull(context.Background(), "net", nil)
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, found.Model, data)
		})
	}
}

// TestServerWithoutRanges always starts over.
func TestServerWithoutRanges(t *testing.T) {
	data := noise(80_000)
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n < 3 {
			cutOff(w, data, 10_000*n)
			return
		}
		_, _ = w.Write(data)
	})
	s := netStore(t, srv, data)
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
}

func TestBadServers(t *testing.T) {
	data := noise(50_000)
	other := noise(50_001)[:50_000]
	for name, c := range map[string]struct {
		answer   func(n int, w http.ResponseWriter, r *http.Request)
		want     []string
		left     string
		requests int
	}{
		"wrong content": {
			func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, other, `"x"`) },
			[]string{"net.tflite", "sha256 mismatch: got " + sumOf(other), sumOf(data), "want "}, "", 1,
		},
		"too short": {
			func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, data[:100], `"x"`) },
			[]string{"100 bytes", "want 50000"}, "", 1,
		},
		"too long, length not told": {
			func(_ int, w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				_, _ = w.Write(append(data, 1, 2, 3))
			},
			[]string{"sha256", "want "}, "", 1,
		},
		"always cut off at the same place": {
			func(_ int, w http.ResponseWriter, r *http.Request) { cutOff(w, data, 1000) },
			[]string{"ended after 1000 of 50000 bytes", "kept"},
			"models/net/net.tflite.part models/net/net.tflite.part.etag", 4,
		},
		"not there": {
			func(_ int, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
			[]string{"not found", "404"}, "", 1,
		},
		"forbidden": {
			func(_ int, w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) },
			[]string{"403"}, "", 1,
		},
		"server error": {
			func(_ int, w http.ResponseWriter, r *http.Request) {
				http.Error(w, "no", http.StatusInternalServerError)
			},
			[]string{"500", "after 4 attempts"}, "", 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, c.answer)
			s := netStore(t, srv, data)
			_, err := s.Pull(context.Background(), "net", nil)
			wantError(t, err, append(c.want, "pull net", srv.URL)...)
			if got := tree(t, s.cache); got != c.left {
				t.Errorf("left in the cache: %q, want %q", got, c.left)
			}
			if len(srv.requests) != c.requests {
				t.Errorf("%d requests, want %d", len(srv.requests), c.requests)
			}
		})
	}
}

// TestStall has a server that stops in the middle without closing; nothing else would end the wait.
func TestStall(t *testing.T) {
	data := noise(50_000)
	srv := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			cutOff(w, data, 20_000)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		whole(w, r, data, `"v1"`)
	})
	s := netStore(t, srv, data)
	s.stall = 50 * time.Millisecond
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
	if got := srv.requests[1].Header.Get("Range"); got != "bytes=20000-" {
		t.Errorf("Range %q", got)
	}
}

// TestCancel ends the context in the middle of a download: what came is kept, and the error is the context's.
func TestCancel(t *testing.T) {
	data := noise(50_000)
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		cutOff(w, data, 20_000)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s := netStore(t, srv, data)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err := s.Pull(ctx, "net", func(p Progress) {
		if p.Done > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if got := tree(t, s.cache); !strings.HasPrefix(got, "models/net/net.tflite.part") {
		t.Errorf("left in the cache: %s", got)
	}
	if _, err := s.Pull(ctx, "net", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestServerGone(t *testing.T) {
	data := noise(10)
	srv := serve(t, func(int, http.ResponseWriter, *http.Request) {})
	s := netStore(t, srv, data)
	srv.Close()
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, srv.URL, "refused", "after 4 attempts")
}

// TestPartTooLong meets a .part that is longer than the file, and one that is whole already.
func TestPartTooLong(t *testing.T) {
	data := noise(1000)
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, data, `"v1"`) })
	s := netStore(t, srv, data)
	part := filepath.Join(s.cache, "models", "net", "net.tflite.part")
	write(t, part, noise(2000))
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)

	if err := s.Remove(context.Background(), "net"); err != nil {
		t.Fatal(err)
	}
	write(t, part, data)
	if _, err := s.Pull(context.Background(), "net", nil); err != nil || len(srv.requests) != 1 {
		t.Errorf("a whole .part: %v, %d requests", err, len(srv.requests))
	}
}

// TestDiskFull has its cache on a disk of 16 kB. Only root can have one.
func TestDiskFull(t *testing.T) {
	data := noise(100_000)
	srv := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r, data, `"v1"`) })
	s := netStore(t, srv, data)
	if err := os.MkdirAll(s.cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", s.cache, "tmpfs", 0, "size=16k"); err != nil {
		t.Skip("no small disk can be mounted here: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(s.cache, 0); err != nil {
			t.Error(err)
		}
	})
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, "no space left on device", "CORALLITE_CACHE")
	if err := s.Remove(context.Background(), "net"); err != nil {
		t.Fatal(err)
	}

	s.mirror = t.TempDir()
	write(t, filepath.Join(s.mirror, "net.tflite"), data)
	_, err = s.Pull(context.Background(), "net", nil)
	wantError(t, err, "no space left on device", "CORALLITE_CACHE")
	if got := tree(t, s.cache); got != "" {
		t.Errorf("half-written files are left: %v", got)
	}
}
