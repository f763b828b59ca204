package webhook

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	h := newHook(t)
	pipetest.TestSink(t, pipetest.SinkCase{
		Open: func() (pipeline.Sink, error) {
			h.mu.Lock()
			h.got = nil
			h.mu.Unlock()
			return New(Options{URL: h.URL, Flush: time.Minute})
		},
		Wait: 2 * time.Minute,
		Written: func(reports int) error {
			// Of six reports one has nothing, and one has two events, of which one has nothing.
			got, want := h.requests(), map[int]int{0: 0, 3: 2, 12: 10}[reports]
			if len(got) != want {
				return fmt.Errorf("%d requests, not %d", len(got), want)
			}
			for _, r := range got {
				if !json.Valid([]byte(r.body)) {
					return fmt.Errorf("no JSON: %s", r.body)
				}
			}
			return nil
		},
	})
}

func TestRequest(t *testing.T) {
	h := newHook(t)
	t.Setenv("HOOK_PATH", "a/b?c=d")
	t.Setenv("HOOK_KEY", "k$1")
	s, to := open(t, Options{
		URL: h.URL + "/${HOOK_PATH}", Token: "geheim", Headers: map[string][]string{"x-api-key": {"is ${HOOK_KEY}"}, "user-agent": {"door"}},
	})
	r := seen(7, "cat <&>")
	consume(t, s, r, seen(8))
	closeSink(t, s)
	to.Want(t, 0)
	line, err := r.Events[0].AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	got := h.requests()
	if len(got) != 1 || got[0].method != "POST" || got[0].path != "/a/b?c=d" || got[0].body != string(line) {
		t.Fatalf("got %+v, not a POST of %s", got, line)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer geheim", "Content-Type": "application/json", "X-Api-Key": "is k$1", "User-Agent": "door",
	} {
		if got := got[0].header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}

func TestEmptyEvents(t *testing.T) {
	h := newHook(t)
	s, _ := open(t, Options{URL: h.URL, Empty: true})
	consume(t, s, seen(1), seen(2, "cat"))
	closeSink(t, s)
	if got := h.requests(); len(got) != 2 || !strings.Contains(got[0].body, `"detections":[]`) {
		t.Errorf("got %+v", got)
	}
}

func TestTriesAgain(t *testing.T) {
	date := time.Date(2026, 1, 2, 3, 5, 35, 0, time.UTC).Format(http.TimeFormat) // 90 s from where the clock stands
	h := newHook(t, answer{status: 500}, answer{status: 503, header: map[string]string{"Retry-After": "30"}},
		answer{status: 429, header: map[string]string{"Retry-After": date}}, answer{status: 502, header: map[string]string{"Retry-After": "soon"}},
		answer{status: 503, header: map[string]string{"Retry-After": "4000000"}}, answer{status: 599})
	c := eager()
	s, to := open(t, Options{URL: h.URL, Retries: 10, Clock: c})
	consume(t, s, seen(1, "cat"), seen(2, "dog"))
	closeSink(t, s)
	to.Want(t, 0)
	got := h.requests()
	if len(got) != 8 {
		t.Fatalf("%d requests, not 8", len(got))
	}
	for i, r := range got {
		if isCat := strings.Contains(r.body, `"cat"`); isCat != (i < 7) {
			t.Errorf("request %d is %s", i, r.body)
		}
	}
	waits := slices.DeleteFunc(c.Waits(), func(d time.Duration) bool { return d == flush })
	want := []time.Duration{time.Second, 30 * time.Second, 90 * time.Second, 8 * time.Second, 10 * time.Minute, 32 * time.Second}
	if !slices.Equal(waits, want) {
		t.Errorf("waits %v, not %v", waits, want)
	}
}

func TestPause(t *testing.T) {
	random := 0.0
	s, _ := open(t, Options{URL: "http://localhost", Random: func() float64 { return random }})
	for before, want := range []float64{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		random = 0
		if got := s.pause(before+1, 0).Seconds(); got != want {
			t.Errorf("after %d tries %v s, not %v", before+1, got, want)
		}
		random = 0.999999
		if got := s.pause(before+1, 0).Seconds(); math.Abs(got-want/2) > 0.001 {
			t.Errorf("after %d tries at least %v s, not %v", before+1, got, want/2)
		}
	}
	if got := s.pause(1000, time.Minute+1); got != time.Minute+1 {
		t.Errorf("%v", got)
	}
}

func TestGivesUp(t *testing.T) {
	for _, c := range []struct {
		answers []answer
		tries   int
		want    string
	}{
		{[]answer{{status: 500}, {status: 500}, {status: 503}}, 3, ": the server responded 503 Service Unavailable"},
		{[]answer{{status: 404}}, 1, ": the server responded 404 Not Found"},
		{[]answer{{status: 401}}, 1, ": the server responded 401 Unauthorized"},
		{[]answer{{status: 500}, {status: 410}}, 2, ": the server responded 410 Gone"},
		{[]answer{{status: 304}}, 1, ": the server responded 304 Not Modified; redirects"},
	} {
		h := newHook(t, c.answers...)
		s, to := open(t, Options{URL: h.URL + "/secret?key=hidden", Retries: 2, Clock: eager()})
		consume(t, s, seen(3, "cat"), seen(4, "dog"))
		closeSink(t, s)
		to.Want(t, 0, "door.jpg item 3: webhook "+h.URL+c.want) // the address without its path
		if got := h.requests(); len(got) != c.tries+1 || !strings.Contains(got[c.tries].body, `"dog"`) {
			t.Errorf("%s: %d requests, not %d", c.want, len(got), c.tries+1)
		}
	}
}

// TestNothingSecret checks that errors about unreachable servers do not show the secret parts of the address.
func TestNothingSecret(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s, to := open(t, Options{URL: "http://me:geheim@" + address + "/geheim?x=geheim", Token: "geheim", Retries: 1, Clock: eager()})
	consume(t, s, seen(3, "cat"))
	closeSink(t, s)
	to.Want(t, 0, "door.jpg item 3: webhook http://"+address+": dial tcp "+address+": ")
	if err := s.Consume(t.Context(), seen(3, "cat")); err == nil || strings.Contains(to.Failures()[0]+err.Error(), "geheim") {
		t.Errorf("%q, %v", to.Failures(), err)
	}
}

// TestSilentServer sends to a server that never answers.
func TestSilentServer(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer server.Close()
	defer close(over)
	s, to := open(t, Options{URL: server.URL, Timeout: 10 * time.Millisecond, Retries: 2, Clock: eager()})
	consume(t, s, seen(3, "cat"))
	closeSink(t, s)
	to.Want(t, 0, ": no response within 10ms")
}

func TestTooMany(t *testing.T) {
	arrived, goOn := make(chan struct{}, 10), make(chan struct{})
	h := &hook{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-goOn
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	s, to := open(t, Options{URL: server.URL, Queue: 2})
	consume(t, s, seen(1, "cat"))
	<-arrived
	consume(t, s, seen(2, "cat"), seen(3, "cat"), seen(4, "cat"), seen(5, "cat"))
	close(goOn)
	closeSink(t, s)
	to.Want(t, 2)
	got := h.requests()
	if len(got) != 3 || !strings.Contains(got[1].body, `"seq":4`) || !strings.Contains(got[2].body, `"seq":5`) {
		t.Errorf("got %+v", got)
	}
}

// TestEndOfRun closes a sink whose server never answers.
func TestEndOfRun(t *testing.T) {
	arrived, over := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-over
	}))
	defer server.Close()
	defer close(over)
	c := eager()
	s, to := open(t, Options{URL: server.URL, Clock: c})
	consume(t, s, seen(1, "cat"))
	<-arrived
	consume(t, s, seen(2, "cat"), seen(3, "cat"))
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	c.Pass(flush)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	to.Want(t, 2, "not sent before the end of the run")
	if len(arrived) > 0 {
		t.Error("more was sent after the end")
	}
}

// TestEndOfRunInAWait closes a sink that is waiting to retry.
func TestEndOfRunInAWait(t *testing.T) {
	h := newHook(t, answer{status: 500})
	c := eager()
	c.Skip = nil
	s, to := open(t, Options{URL: h.URL, Retries: 3, Clock: c})
	consume(t, s, seen(1, "cat"))
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for len(c.Waits()) < 2 { // the one for the next try, and Close's
		time.Sleep(time.Millisecond)
	}
	c.Pass(flush)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	to.Want(t, 0, "not sent before the end of the run: the server responded 500")
}

func TestRedirects(t *testing.T) {
	elsewhere := newHook(t)
	for _, c := range []struct {
		status int
		to     string
		path   string // where the event arrives; "": nowhere
	}{
		{307, "/new", "/new"}, {308, "/new", "/new"}, {301, "/new", ""}, {302, "/new", ""}, {303, "/new", ""}, {307, elsewhere.URL, ""}, {308, elsewhere.URL + "/x", ""},
	} {
		h := newHook(t, answer{c.status, map[string]string{"Location": c.to}})
		s, to := open(t, Options{URL: h.URL, Token: "geheim", Clock: eager()})
		consume(t, s, seen(1, "cat"))
		closeSink(t, s)
		got := h.requests()
		if c.path == "" {
			to.Want(t, 0, fmt.Sprintf("the server responded %d %s; redirects are not followed", c.status, http.StatusText(c.status)))
			if len(got) != 1 {
				t.Errorf("%+v: %d requests", c, len(got))
			}
			continue
		}
		to.Want(t, 0)
		if len(got) != 2 || got[1].path != c.path || got[1].method != "POST" || got[1].body != got[0].body || got[1].header.Get("Authorization") == "" {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
	if got := elsewhere.requests(); len(got) > 0 {
		t.Errorf("another host got %+v", got)
	}
	round := newHook(t, slices.Repeat([]answer{{307, map[string]string{"Location": "/"}}}, 50)...)
	s, to := open(t, Options{URL: round.URL, Clock: eager()})
	consume(t, s, seen(1, "cat"))
	closeSink(t, s)
	to.Want(t, 0, "redirects are not followed")
	if got := len(round.requests()); got != 1+mostRedirects {
		t.Errorf("%d requests round and round", got)
	}
}

func TestBadOptions(t *testing.T) {
	t.Setenv("BROKEN", "a\nb")
	const url = "https://example.org/geheim"
	for want, o := range map[string]Options{
		"url: invalid address: expected":                               {URL: "ftp://example.org/geheim"},
		"url: invalid address: expected https":                         {URL: "https:///geheim"},
		"url: invalid address":                                         {URL: "https://ex ample.org/geheim"},
		"url: environment variable CORALLITE_NOT_THERE is not set":     {URL: "https://${CORALLITE_NOT_THERE}/geheim"},
		`headers: "a b" is not a valid header name`:                    {URL: url, Headers: map[string][]string{"a b": {"geheim"}}},
		"headers: X: environment variable CORALLITE_NOT is not set":    {URL: url, Headers: map[string][]string{"X": {"geheim ${CORALLITE_NOT}"}}},
		"headers: X: the value contains a line break":                  {URL: url, Headers: map[string][]string{"X": {"geheim ${BROKEN}"}}},
		"headers: Content-Length is set by the request itself":         {URL: url, Headers: map[string][]string{"content-length": {"3"}}},
		"headers: Authorization and a token exclude each other":        {URL: url, Token: "geheim", Headers: map[string][]string{"authorization": {"geheim"}}},
		"the token contains a line break or another control character": {URL: url, Token: "geheim\n"},
	} {
		_, err := New(o)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

func TestToken(t *testing.T) {
	dir := t.TempDir()
	full, blank := filepath.Join(dir, "full"), filepath.Join(dir, "blank")
	for file, text := range map[string]string{full: "of the file\r\n", blank: "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOOK_TOKEN", "of the environment")
	for _, c := range []struct{ env, file, want, err string }{
		{"", "", "", ""}, {"HOOK_TOKEN", "", "of the environment", ""}, {"", full, "of the file", ""},
		{"HOOK_TOKEM", "", "", "variable HOOK_TOKEM is not set"}, {"", blank, "", "is empty"}, {"", filepath.Join(dir, "x"), "", "token file: open"},
	} {
		got, err := Token(c.env, c.file)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q %q: %q, %v", c.env, c.file, got, err)
		}
	}
}
