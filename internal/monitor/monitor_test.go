package monitor

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"corallite/internal/part"
	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is one whose state the test decides.
type source struct{ stats pipeline.Stats }

func (s *source) Stats() pipeline.Stats { return s.stats }

// event is one with two people and a pipe.
func event(degraded bool) pipeline.Event {
	return pipeline.Event{
		Pipeline: "door", Model: "coco", Device: "cpu:xnnpack", Degraded: degraded, Wanted: degraded, Reason: "gone",
		Latency: pipeline.Latency{Invoke: 7 * time.Millisecond, Total: 30 * time.Millisecond},
		Result: pipeline.Result{
			Detections: pipeline.Detections{{Label: "person"}, {Label: "person"}, {Label: "a \"pipe\"\n\\"}},
			Ended:      pipeline.Tracks{{Label: "cat"}}, Embedding: pipeline.Vector{1},
		},
	}
}

func newTest(t *testing.T, devices ...part.Device) (*Monitor, *source, *sink, func(...pipeline.Event)) {
	t.Helper()
	m := New(Options{Version: "1.2.3", Runtime: "2.17.1", Devices: func() []part.Device { return devices }})
	src := &source{pipeline.Stats{Name: "camera:0", Reopened: 2}}
	named, err := m.Tap(part.SinkEnv{Pipeline: "door", Source: src, Live: true})
	if err != nil {
		t.Fatal(err)
	}
	s := named.Sink.(*sink)
	var items pipetest.Items
	return m, src, s, func(events ...pipeline.Event) {
		t.Helper()
		it := items.New(0, pipeline.Meta{})
		if err := s.Consume(t.Context(), pipeline.Report{Item: it, Events: events}); err != nil {
			t.Fatal(err)
		}
		it.Release()
		if err := items.Err(); err != nil {
			t.Error(err)
		}
	}
}

func metrics(t *testing.T, m *Monitor) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatal(w.Code, err, string(text))
	}
	return string(text)
}

func fill(t *testing.T) *Monitor {
	hot := 61.5
	m, _, s, consume := newTest(t, part.Device{Name: "edgetpu:pci:0", Temperature: &hot, Fallbacks: 3}, part.Device{Name: "edgetpu:pci:0"})
	consume(event(false))
	consume(event(true))
	s.Failed(pipeline.Failure{Stage: pipeline.StageSink, Name: "jsonl", Err: errors.New("full")})
	s.Progress(pipeline.Progress{Frames: 12, Dropped: 5, Reopened: 1, Sinks: []pipeline.SinkProgress{{Name: "jsonl", Taken: 11, Dropped: 1, Queued: 2}, {Name: "http"}}})
	return m
}

func TestMetrics(t *testing.T) {
	text := metrics(t, fill(t))
	for _, line := range []string{
		`corallite_build_info{goversion="go`,
		`corallite_frames_total{pipeline="door"} 12`,
		`corallite_frames_dropped_total{pipeline="door",reason="too_slow"} 5`,
		`corallite_detections_total{label="person",model="coco",pipeline="door"} 4`,
		`corallite_detections_total{label="a \"pipe\"\n\\",model="coco",pipeline="door"} 2`,
		`corallite_inference_duration_seconds_bucket{device="cpu:xnnpack",model="coco",pipeline="door",le="0.005"} 0`,
		`corallite_inference_duration_seconds_bucket{device="cpu:xnnpack",model="coco",pipeline="door",le="0.01"} 2`,
		`corallite_event_latency_seconds_count{model="coco",pipeline="door"} 2`,
		`corallite_device_up{device="edgetpu:pci:0"} 1`,
		`corallite_device_temperature_celsius{device="edgetpu:pci:0"} 61.5`,
		`corallite_device_fallbacks_total{device="edgetpu:pci:0"} 3`,
		`corallite_source_up{pipeline="door"} 1`,
		`corallite_source_restarts_total{pipeline="door"} 3`,
		`corallite_model_degraded{model="coco",pipeline="door"} 1`,
		`corallite_failures_total{pipeline="door",stage="sink"} 1`,
		`corallite_sink_events_total{pipeline="door",result="dropped",sink="jsonl"} 1`,
		`corallite_sink_queue_length{pipeline="door",sink="jsonl"} 2`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	for _, wrong := range []string{`sink="http"`, `label="cat"`, `label="1 numbers"`} {
		if strings.Contains(text, wrong) {
			t.Errorf("%s is in it", wrong)
		}
	}
}

func TestLabelsAreBounded(t *testing.T) {
	m, _, _, consume := newTest(t)
	for i := range 3 * maxLabels {
		consume(pipeline.Event{Model: "m", Result: pipeline.Result{Detections: pipeline.Detections{{Label: strings.Repeat("x", 1+i%(2*maxLabels))}}}})
	}
	text := metrics(t, m)
	if n := strings.Count(text, "corallite_detections_total{"); n != maxLabels+1 {
		t.Errorf("%d labels", n)
	}
	if !strings.Contains(text, `corallite_detections_total{label="other",model="m",pipeline="door"} 1000`) {
		t.Error("what has no label of its own is not counted")
	}
}

func TestHealth(t *testing.T) {
	m, src, s, consume := newTest(t)
	ask := func(code int, status, state string) PipelineHealth {
		t.Helper()
		w := httptest.NewRecorder()
		m.serveHealth(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		var h Health
		if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		if w.Code != code || h.Status != status || h.Pipelines[0].State != state {
			t.Errorf("%d %s, want %d %s %s", w.Code, w.Body, code, status, state)
		}
		return h.Pipelines[0]
	}
	ask(503, "failing", "waiting")
	consume(event(false))
	if p := ask(200, "ok", "running"); p.SilentS == nil || p.Models[0].Device != "cpu:xnnpack" {
		t.Errorf("%+v", p)
	}
	consume(event(true))
	if p := ask(200, "degraded", "running"); !p.Models[0].Degraded || p.Models[0].Reason != "gone" {
		t.Errorf("%+v", p)
	}
	src.stats.Lost = "connection refused"
	if p := ask(503, "failing", "lost"); p.Why != "connection refused" {
		t.Errorf("%+v", p)
	}
	src.stats.Lost = ""
	s.Ended(nil)
	consume(event(false))
	ask(200, "ok", "ended")
	s.Ended(errors.New("the disk is full"))
	if p := ask(503, "failing", "failed"); p.Why != "the disk is full" {
		t.Errorf("%+v", p)
	}
}

// TestDashboard holds the dashboard that ships against the metrics that there are.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "grafana-dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID, Title    string
		SchemaVersion int
		Templating    struct {
			List []struct{ Name, Type, Query, Definition string }
		}
		Panels []struct {
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	if board.UID == "" || board.SchemaVersion < 30 || len(board.Panels) < 8 {
		t.Errorf("%+v", board)
	}
	text := metrics(t, fill(t))
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+)[ {]`).FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	var exprs []string
	for _, v := range board.Templating.List {
		if v.Type == "query" {
			exprs = append(exprs, v.Definition)
		}
	}
	taken := map[[2]int]string{}
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is || x >= 24 {
					t.Fatalf("panels %q and %q overlap, or leave the page", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	used := 0
	for _, e := range exprs {
		for _, name := range regexp.MustCompile(`\b(?:corallite|process|go)_[a-z_]+\b`).FindAllString(e, -1) {
			used++
			if !names[name] {
				t.Errorf("there is no metric %s: %s", name, e)
			}
		}
	}
	if used < 10 {
		t.Errorf("only %d metrics are used", used)
	}
}

// TestLint checks the metrics with the linter of Prometheus, which `promtool check metrics` runs.
func TestLint(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(metrics(t, fill(t)))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", err, problems)
	}
}
