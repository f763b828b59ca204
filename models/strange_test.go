package models

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestStrangeServers(t *testing.T) {
	data := modelOf(50_000)
	plain := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { _, _ = w.Write(data) })
	for name, c := range map[string]struct {
		answer   func(n int, w http.ResponseWriter, r *http.Request)
		want     []string
		requests int
	}{
		"a page of words": {
			func(_ int, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Please log in</html>") },
			[]string{"not a TensorFlow Lite model", "net.tflite"}, 1,
		},
		"nothing": {func(int, http.ResponseWriter, *http.Request) {}, []string{"empty"}, 1},
		"not there": {
			func(_ int, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
			[]string{"/net.tflite", "not found", "404"}, 1,
		},
		"too large": {
			func(_ int, w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100000001") },
			[]string{"100.0 MB"}, 1,
		},
		"always cut off": {
			func(_ int, w http.ResponseWriter, _ *http.Request) { cutOff(w, data, 1000) },
			[]string{"ended after 1000 of 50000 bytes", "kept"}, 4,
		},
		"sent on to http": {
			func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) },
			[]string{"/net.tflite", plain.URL, "not https", "refused the redirect"}, 1,
		},
		"sent on for ever": {
			func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
			[]string{"too many redirects"}, 5,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, srv := strangeStore(t, c.answer)
			_, err := s.Pull(context.Background(), "net", nil)
			wantError(t, err, append(c.want, "pull net", srv.URL)...)
			if got := tree(t, s.cache); strings.Contains(got, "net.tflite ") || strings.Contains(got, "record") {
				t.Errorf("left in the cache: %s", got)
			}
			if len(srv.requests) != c.requests {
				t.Errorf("%d requests, want %d", len(srv.requests), c.requests)
			}
		})
	}
	if len(plain.requests) != 0 {
		t.Error("a server without https was asked")
	}
}

// TestEndlessServer sends for ever and does not say how much.
func TestEndlessServer(t *testing.T) {
	chunk := modelOf(1 << 20)
	s, _ := strangeStore(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	totals := map[int64]bool{}
	_, err := s.Pull(context.Background(), "net", func(p Progress) { totals[p.Total] = true })
	wantError(t, err, "the limit of 100.0 MB")
	if len(totals) != 1 || !totals[-1] {
		t.Errorf("totals %v", totals)
	}
	if got := tree(t, s.cache); got != "" {
		t.Errorf("left in the cache: %s", got)
	}
}

// TestStrangeResume breaks off, and goes on only where the server's tag vouches that it is still the same file.
func TestStrangeResume(t *testing.T) {
	old, data := modelOf(50_001)[:50_000], modelOf(50_000)
	for name, c := range map[string]struct {
		first  []byte
		tags   [2]string
		change func(n int, r *http.Request)
		ranges string // of the further requests
	}{
		"the same":               {data, [2]string{`"v1"`, `"v1"`}, nil, "bytes=20000-"},
		"another":                {old, [2]string{`"v1"`, `"v2"`}, nil, "bytes=20000-"},
		"another, no If-Range":   {old, [2]string{`"v1"`, `"v2"`}, func(_ int, r *http.Request) { r.Header.Del("If-Range") }, "bytes=20000- "},
		"no tag":                 {old, [2]string{"", ""}, nil, ""},
		"weak tag":               {old, [2]string{`W/"v1"`, `W/"v1"`}, nil, ""},
		"a shorter part is sent": {data, [2]string{`"v1"`, `"v1"`}, shorten, "bytes=20000- "},
	} {
		t.Run(name, func(t *testing.T) {
			s, srv := strangeStore(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					w.Header().Set("Content-Length", fmt.Sprint(len(c.first)))
					if c.tags[0] != "" {
						w.Header().Set("ETag", c.tags[0])
					}
					_, _ = w.Write(c.first[:20_000])
					return
				}
				if c.change != nil {
					c.change(n, r)
				}
				if c.tags[1] == "" {
					_, _ = w.Write(data)
					return
				}
				whole(w, r, data, c.tags[1])
			})
			found, err := s.Pull(context.Background(), "net", nil)
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, found.Model, data)
			var ranges []string
			for _, r := range srv.requests[1:] {
				ranges = append(ranges, r.Header.Get("Range"))
			}
			if got := strings.Join(ranges, " "); got != c.ranges {
				t.Errorf("ranges %q, want %q", got, c.ranges)
			}
		})
	}
}

// shorten makes a server answer the second request with less than was asked for, as it may.
func shorten(n int, r *http.Request) {
	if n == 2 {
		r.Header.Set("Range", "bytes=20000-29999")
	}
}

// TestNeverTheSame breaks every answer off and calls every one another version: there is no way forward.
func TestNeverTheSame(t *testing.T) {
	data := modelOf(50_000)
	s, srv := strangeStore(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			w.Header().Set("Content-Range", "bytes 0-9/50000")
			w.WriteHeader(http.StatusPartialContent)
			return
		}
		cutOff(w, data, 1000)
	})
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, srv.URL, "after 4 attempts")
	if len(srv.requests) != 4 {
		t.Errorf("%d requests", len(srv.requests))
	}
}

func TestUnknownAuthority(t *testing.T) {
	s, srv := strangeStore(t, func(int, http.ResponseWriter, *http.Request) { t.Error("asked") })
	s.client = newClient(nil)
	t.Cleanup(s.client.CloseIdleConnections)
	_, err := s.Pull(context.Background(), "net", nil)
	wantError(t, err, srv.URL, "certificate is not trusted", "SSL_CERT_FILE")
}

// TestRedirect follows a server to another https address.
func TestRedirect(t *testing.T) {
	data := modelOf(1000)
	s, _ := strangeStore(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/net.tflite" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		_, _ = w.Write(data)
	})
	found, err := s.Pull(context.Background(), "net", nil)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, found.Model, data)
}
