package webhook

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/internal/sink/sinktest"
	"corallite/pipeline"
)

// answer is one response of the server.
type answer struct {
	status int
	header map[string]string
}

// hook is a server that gives its answers in order, and status 200 after the last one.
type hook struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answer
	got     []request
}

// request is a request as the server received it.
type request struct {
	method, path, body string
	header             http.Header
}

func newHook(t *testing.T, answers ...answer) *hook {
	h := &hook{answers: answers}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Server.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the request was broken off
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, request{r.Method, r.URL.String(), string(body), r.Header})
	a := answer{status: 200}
	if len(h.answers) > 0 {
		a, h.answers = h.answers[0], h.answers[1:]
	}
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, "an answer that nobody reads")
}

// requests returns the requests received so far.
func (h *hook) requests() []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

// eager is a clock on which every wait ends at once, except the one in Close.
func eager() *clocktest.Clock {
	c := clocktest.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	c.Skip = func(d time.Duration) bool { return d != flush }
	return c
}

const flush = time.Hour

func open(t *testing.T, o Options) (*Sink, *sinktest.Reporter) {
	t.Helper()
	o.Flush = flush
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute // only a guard
	}
	if o.Random == nil {
		o.Random = func() float64 { return 0 }
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	to := &sinktest.Reporter{}
	s.SetReporter(to)
	t.Cleanup(func() { s.Close() })
	return s, to
}

// seen is a report with one detection.
func seen(seq uint64, labels ...string) pipeline.Report {
	ev := pipeline.Event{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Pipeline: "door", Seq: seq, Source: "door.jpg", Model: "coco", Task: "detect"}
	ev.Detections = pipeline.Detections{}
	for _, l := range labels {
		ev.Detections = append(ev.Detections, pipeline.Detection{Label: l, Score: 0.5})
	}
	return pipeline.Report{Events: []pipeline.Event{ev}}
}

func consume(t *testing.T, s *Sink, reports ...pipeline.Report) {
	t.Helper()
	for _, r := range reports {
		if err := s.Consume(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func closeSink(t *testing.T, s *Sink) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
