package preview

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"corallite/internal/httpserver/servertest"
)

const token = "a token of enough letters"

// everything lists every route of the server once.
var everything = []string{
	"/", "/page.js", "/page.css", "/icon.svg", "/stream/door.mjpg", "/live", "/snapshot.jpg", "/events", "/api/status", "/nothing",
}

func TestWithoutTheTokenThereIsNothing(t *testing.T) {
	s := newServer(t, ServerOptions{Token: token})
	consume(t, newSink(t, s, "door", SinkOptions{}), frame(t, 64, 48, 0))
	bearer := func(v string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", v) }
	}
	cookie := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
	}
	for name, change := range map[string]func(*http.Request){
		"nothing":           func(*http.Request) {},
		"another token":     bearer("Bearer " + token + "x"),
		"a part of it":      bearer("Bearer " + token[:10]),
		"an empty one":      bearer("Bearer "),
		"another scheme":    bearer("Basic " + token),
		"in the address":    func(r *http.Request) { r.URL.RawQuery = "token=wrong" },
		"empty in it":       func(r *http.Request) { r.URL.RawQuery = "token=" },
		"the token cookie":  cookie(s.http.CookieName(), url.QueryEscape(token)),
		"an empty cookie":   cookie(s.http.CookieName(), ""),
		"a foreign cookie":  cookie("corallite", s.http.CookieValue()),
		"after a right one": func(r *http.Request) { r.URL.RawQuery = "token=wrong&token=" + url.QueryEscape(token) },
	} {
		for _, path := range everything {
			resp := client(t, s, path, change)
			data, err := io.ReadAll(resp.Body)
			if resp.StatusCode != http.StatusUnauthorized || err != nil {
				t.Errorf("%s: %s: %s (%v)", name, path, resp.Status, err)
			}
			if said := strings.Contains(string(data), "Wrong token"); path == "/" && said != resp.Request.URL.Query().Has("token") {
				t.Errorf("%s: the page says that the token is wrong: %t", name, said)
			}
			if strings.Contains(string(data), token) || strings.Contains(string(data), "door") {
				t.Errorf("%s: %s tells %q", name, path, data)
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"header":  bearer("Bearer " + token),
		"address": func(r *http.Request) { r.URL.RawQuery = "token=" + url.QueryEscape(token) },
		"cookie":  cookie(s.http.CookieName(), s.http.CookieValue()),
	} {
		if resp := client(t, s, "/api/status", change); resp.StatusCode != http.StatusOK {
			t.Errorf("the token as %s: %s", name, resp.Status)
		}
	}
}

func TestTheTokenMovesIntoACookie(t *testing.T) {
	s := newServer(t, ServerOptions{Token: token})
	resp := client(t, s, strings.TrimPrefix(s.URL(), "http://"+s.Addr().String()))
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" {
		t.Fatalf("%s to %q; want a redirection to /", resp.Status, resp.Header.Get("Location"))
	}
	cookies := resp.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || strings.Contains(cookies[0].Value, token) {
		t.Fatalf("the cookies are %v", cookies)
	}
	if resp := client(t, s, "/", func(r *http.Request) { r.AddCookie(cookies[0]) }); resp.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: %s", resp.Status)
	}
}

func TestTokenIsMadeBeyondLoopback(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		s := newServer(t, ServerOptions{Listen: ":0"})
		if len(s.Token()) < 24 || seen[s.Token()] {
			t.Errorf("the token is %q", s.Token())
		}
		seen[s.Token()] = true
		u, err := url.Parse(s.URL())
		if err != nil || u.Query().Get("token") != s.Token() || u.Hostname() == "::" || u.Hostname() == "0.0.0.0" || u.Hostname() == "" {
			t.Errorf("the address to open is %q (%v)", s.URL(), err)
		}
		_, port, _ := net.SplitHostPort(s.Addr().String())
		for auth, want := range map[string]int{"": 401, "Bearer " + s.Token(): 200} {
			resp := client(t, s, "/api/status", func(r *http.Request) {
				r.URL.Host = "127.0.0.1:" + port
				r.Host = "camera.example:" + port // any name: the token is what counts
				r.Header.Set("Authorization", auth)
			})
			if resp.StatusCode != want {
				t.Errorf("with %q: %s; want %d", auth, resp.Status, want)
			}
		}
	}
	if s := newServer(t, ServerOptions{}); s.Token() != "" || strings.Contains(s.URL(), "token") {
		t.Errorf("on loopback the token is %q, the address %q", s.Token(), s.URL())
	}
}

func TestForeignPagesReadNothing(t *testing.T) {
	s := newServer(t, ServerOptions{})
	newSink(t, s, "door", SinkOptions{})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST.": 200, "127.0.0.1": 200, "127.1.2.3:99": 200, "[::1]:8080": 200, "[::1]": 200,
		"door.localhost:1": 200, "evil.example": 421, "127.0.0.1.evil.example:8080": 421, "localhost.evil.example": 421,
		"192.168.1.5:8080": 421, "0.0.0.0:8080": 421, "evil.example:localhost": 421,
	} {
		resp := client(t, s, "/api/status", func(r *http.Request) { r.Host = host })
		if resp.StatusCode != want && !(want == 421 && resp.StatusCode == 400) { // 400: no host at all
			t.Errorf("host %q: %s; want %d", host, resp.Status, want)
		}
	}
	for mode, want := range map[string]int{"no-cors": 403, "cors": 403, "navigate": 200} {
		resp := client(t, s, "/api/status", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", mode)
		})
		if resp.StatusCode != want {
			t.Errorf("from another site, mode %s: %s; want %d", mode, resp.Status, want)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newServer(t, ServerOptions{})
	newSink(t, s, "door", SinkOptions{})
	for _, path := range everything {
		resp := client(t, s, path, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
		h := resp.Header
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: the headers are %v", path, h)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		resp := client(t, s, "/api/status", func(r *http.Request) { r.Method = method })
		if resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", method, resp.Status)
		}
	}
	for path, want := range map[string]int{"/": 200, "/stream/door.mjpg": 200, "/?" + strings.Repeat("x", 1<<20): 431} {
		resp := client(t, s, path, func(r *http.Request) { r.Method = "HEAD" })
		if resp.StatusCode != want {
			t.Errorf("HEAD %.20s: %s; want %d", path, resp.Status, want)
		}
	}
}

func TestTLS(t *testing.T) {
	cert, key, pool := servertest.Certificate(t)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			s := newServer(t, ServerOptions{CertFile: cert, KeyFile: key, Token: token})
			k := newSink(t, s, "door", SinkOptions{})
			if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") {
				t.Errorf("the address is %q", s.URL())
			}
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: version == "HTTP/2.0"}
			defer transport.CloseIdleConnections()
			r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+s.Addr().String()+"/stream/door.mjpg", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.Proto != version || resp.StatusCode != 200 {
				t.Fatalf("%s %s", resp.Proto, resp.Status)
			}
			w := watcherOf(resp.Body)
			for i := range 3 {
				consume(t, k, frame(t, 320, 240, i))
				if seq, _, err := w.next(); err != nil || seq != i {
					t.Fatalf("got frame %d (%v); want %d", seq, err, i)
				}
			}
			resp2 := client(t, s, "/") // without TLS
			if resp2.StatusCode != http.StatusBadRequest {
				t.Errorf("plain HTTP: %s", resp2.Status)
			}
		})
	}
}

func TestServerOptionsAreChecked(t *testing.T) {
	cert, key, _ := servertest.Certificate(t)
	taken := newServer(t, ServerOptions{})
	for name, c := range map[string]struct {
		o    ServerOptions
		want string
	}{
		"no port":          {ServerOptions{Listen: "localhost"}, "HOST:PORT"},
		"a word as port":   {ServerOptions{Listen: "localhost:http"}, "number"},
		"too high a port":  {ServerOptions{Listen: "localhost:65536"}, "65535"},
		"taken":            {ServerOptions{Listen: taken.Addr().String()}, "in use"},
		"foreign address":  {ServerOptions{Listen: "192.0.2.1:0"}, "192.0.2.1"},
		"short token":      {ServerOptions{Token: "secret"}, "16"},
		"key alone":        {ServerOptions{KeyFile: key}, "both"},
		"certificate only": {ServerOptions{CertFile: cert}, "both"},
		"no such file":     {ServerOptions{CertFile: "/no/such.pem", KeyFile: key}, "/no/such.pem"},
		"turned round":     {ServerOptions{CertFile: key, KeyFile: cert}, key},
		"viewers":          {ServerOptions{MaxViewers: -1}, "viewers"},
	} {
		if c.o.Listen == "" {
			c.o.Listen = "127.0.0.1:0"
		}
		s, err := NewServer(c.o)
		if err == nil {
			s.Close()
			t.Errorf("%s: accepted", name)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want %q in it", name, err, c.want)
		}
	}
	for name, o := range map[string]SinkOptions{
		"width": {Width: 3}, "rate": {FPS: -1}, "quality": {Quality: 101}, "font": {Draw: fontOf("/no/such.ttf")},
	} {
		if _, err := taken.Sink("x", o); err == nil || !strings.Contains(err.Error(), "of x") {
			t.Errorf("%s: %v", name, err)
		}
	}
	newSink(t, taken, "door", SinkOptions{})
	for _, name := range []string{"", "door"} {
		if _, err := taken.Sink(name, SinkOptions{}); err == nil {
			t.Errorf("the name %q is accepted", name)
		}
	}
}

func TestServerThatWasNotStarted(t *testing.T) {
	s, err := NewServer(ServerOptions{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	s.Start() // does nothing
	again, err := NewServer(ServerOptions{Listen: s.Addr().String()})
	if err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	again.Close()
}

// TestSilenceEndsNoStream has a camera that sends nothing for longer than the time limit of a write.
func TestSilenceEndsNoStream(t *testing.T) {
	cert, key, pool := servertest.Certificate(t)
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			const timeout = time.Second
			s := newServer(t, ServerOptions{CertFile: cert, KeyFile: key, writeTimeout: timeout})
			k := newSink(t, s, "door", SinkOptions{})
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: version == "HTTP/2.0"}
			t.Cleanup(transport.CloseIdleConnections)
			r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"stream/door.mjpg", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			w := watcherOf(resp.Body)
			for i := range 2 {
				time.Sleep(timeout * 3 / 2)
				consume(t, k, frame(t, 64, 48, i))
				if seq, _, err := w.next(); err != nil || seq != i {
					t.Fatalf("after a silence came frame %d (%v); want %d", seq, err, i)
				}
			}
		})
	}
}

func TestIPv6(t *testing.T) {
	s, err := NewServer(ServerOptions{Listen: "[::1]:0"})
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	defer s.Close()
	s.Start()
	if s.Token() != "" || !strings.HasPrefix(s.URL(), "http://[::1]:") {
		t.Errorf("the token is %q, the address %q", s.Token(), s.URL())
	}
	body(t, s, "/api/status", http.StatusOK)
}
