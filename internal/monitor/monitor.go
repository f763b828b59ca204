package monitor

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"corallite/internal/clock"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Options of New.
type Options struct {
	Version string               // of the program
	Runtime string               // the version of TensorFlow Lite
	Devices func() []part.Device // nil: none
	Clock   clock.Clock          // nil: the machine's
}

// Monitor follows pipelines. Its methods may be called by several goroutines at once.
type Monitor struct {
	o        Options
	began    time.Time
	registry *prometheus.Registry
	invoke   *prometheus.HistogramVec
	latency  *prometheus.HistogramVec
	found    *prometheus.CounterVec

	mu        sync.Mutex
	pipelines []*sink
}

// New makes a Monitor without pipelines.
func New(o Options) *Monitor {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	m := &Monitor{o: o, began: o.Clock.Now()}
	m.register()
	return m
}

// Tap makes the sink of a pipeline.
func (m *Monitor) Tap(env part.SinkEnv) (pipeline.NamedSink, error) {
	s := &sink{m: m, name: env.Pipeline, source: env.Source, sound: env.Sound, live: env.Live, began: m.o.Clock.Now()}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pipelines = append(m.pipelines, s)
	return pipeline.NamedSink{Name: "http", Sink: s, Queue: 64}, nil
}

// all are the sinks in the order in which they were made.
func (m *Monitor) all() []*sink {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.pipelines)
}

// sink follows one pipeline. It takes events only, and makes nobody wait for long.
type sink struct {
	m      *Monitor
	name   string
	source any
	sound  func() (levelDBFS float32, heard time.Time)
	live   bool
	began  time.Time

	mu       sync.Mutex
	progress pipeline.Progress
	last     time.Time // when an item was reported
	models   []modelState
	failures map[string]uint64 // by stage
	labels   map[string]int    // how many labels of a model were counted
	ended    bool
	err      error // what ended the pipeline; nil: nothing did
}

// modelState is what is known of a model by its last event.
type modelState struct {
	name, device, reason string
	degraded, wanted     bool
}

// EventsOnly says that pictures need not be decoded for this sink.
func (s *sink) EventsOnly() {}

// Lossless is true: of files no event is missing from the counts.
func (s *sink) Lossless() bool { return true }

// Close does nothing: what was counted stays.
func (s *sink) Close() error { return nil }

// Consume counts the events of a report.
func (s *sink) Consume(_ context.Context, r pipeline.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, heard := r.Item.(*audio.Chunk); !heard || s.sound != nil { // a word beside pictures says nothing of these
		s.last = s.m.o.Clock.Now()
	}
	for i := range r.Events {
		ev := &r.Events[i]
		s.model(ev)
		s.m.invoke.WithLabelValues(s.name, ev.Model, ev.Device).Observe(ev.Latency.Invoke.Seconds())
		s.m.latency.WithLabelValues(s.name, ev.Model).Observe(ev.Latency.Total.Seconds())
		s.count(ev)
	}
	return nil
}

// model remembers what ran a model last.
func (s *sink) model(ev *pipeline.Event) {
	now := modelState{ev.Model, ev.Device, ev.Reason, ev.Degraded, ev.Wanted}
	if i := slices.IndexFunc(s.models, func(m modelState) bool { return m.name == ev.Model }); i >= 0 {
		s.models[i] = now
		return
	}
	s.models = append(s.models, now)
}

// maxLabels bounds the labels of a model that are counted by name: each is a time series. The rest is "other".
const maxLabels = 1000

// count counts what was found.
func (s *sink) count(ev *pipeline.Event) {
	life.Each(&ev.Result, func(_ pipeline.Finding, _ int, t *pipeline.Thing) {
		s.m.found.WithLabelValues(s.name, ev.Model, s.label(ev.Model, t.Label)).Inc()
	})
}

// label is a label as it is counted.
func (s *sink) label(model, label string) string {
	if s.labels == nil {
		s.labels = map[string]int{}
	}
	at := model + "\x00" + label
	if _, known := s.labels[at]; known {
		return label
	}
	if s.labels[model] >= maxLabels {
		return "other"
	}
	s.labels[model]++
	s.labels[at] = 0
	return label
}

// Progress keeps what the stream counts.
func (s *sink) Progress(p pipeline.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Sinks = slices.DeleteFunc(p.Sinks, func(k pipeline.SinkProgress) bool { return k.Name == "http" })
	s.progress = p
}

// Failed counts a failure that the stream survived.
func (s *sink) Failed(f pipeline.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == nil {
		s.failures = map[string]uint64{}
	}
	s.failures[f.Stage]++
}

// Ended keeps how the pipeline ended.
func (s *sink) Ended(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.err = true, err
}

// newest is when the last item came from the source: for sound when something was heard, as items without a word give
// no event. Called with the lock.
func (s *sink) newest() time.Time {
	last := s.last
	if s.sound != nil {
		if _, heard := s.sound(); heard.After(last) {
			last = heard
		}
	}
	return last
}
