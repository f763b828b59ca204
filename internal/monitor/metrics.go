package monitor

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"corallite/internal/part"
	"corallite/pipeline"
)

// buckets are the upper limits of the histograms' buckets, in seconds: from an Edge TPU's millisecond to a large model on
// a small CPU.
var buckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5}

// gauge is a metric whose value is known when somebody asks.
type gauge struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func newGauge(kind prometheus.ValueType, name, help string, labels ...string) gauge {
	return gauge{prometheus.NewDesc("corallite_"+name, help, labels, nil), kind}
}

// The metrics that are read from the streams and the devices. Names follow prometheus.io/docs/practices/naming.
var (
	frames    = newGauge(prometheus.CounterValue, "frames_total", "Items (pictures, chunks of sound) that all models have answered.", "pipeline")
	dropped   = newGauge(prometheus.CounterValue, "frames_dropped_total", "Items that no model saw: too_slow, a newer one came first; no_motion, nothing moved.", "pipeline", "reason")
	lastFrame = newGauge(prometheus.GaugeValue, "last_frame_timestamp_seconds", "When the last item came, in seconds since 1970.", "pipeline")
	sourceUp  = newGauge(prometheus.GaugeValue, "source_up", "1 while the source gives items, 0 while it is lost and tried again, or has ended.", "pipeline")
	restarts  = newGauge(prometheus.CounterValue, "source_restarts_total", "How often a lost source came back.", "pipeline")
	failures  = newGauge(prometheus.CounterValue, "failures_total", "Failures that the pipeline survived, by where: source, model, sink.", "pipeline", "stage")
	degraded  = newGauge(prometheus.GaugeValue, "model_degraded", "1 while the model runs on a fallback because its device is missing.", "pipeline", "model")

	sinkEvents = newGauge(prometheus.CounterValue, "sink_events_total", "Reports for a sink: taken, or dropped because it was too slow or failed.", "pipeline", "sink", "result")
	sinkQueue  = newGauge(prometheus.GaugeValue, "sink_queue_length", "Reports that wait for a sink.", "pipeline", "sink")

	deviceUp    = newGauge(prometheus.GaugeValue, "device_up", "1 while the accelerator answers.", "device")
	temperature = newGauge(prometheus.GaugeValue, "device_temperature_celsius", "The accelerator's temperature.", "device")
	fallbacks   = newGauge(prometheus.CounterValue, "device_fallbacks_total", "How often a model had to go on without the accelerator.", "device")

	buildInfo = newGauge(prometheus.GaugeValue, "build_info", "1, with the versions as labels.", "version", "goversion", "tflite")
	startTime = newGauge(prometheus.GaugeValue, "start_time_seconds", "When the run began, in seconds since 1970.")
)

// register makes the registry.
func (m *Monitor) register() {
	m.registry = prometheus.NewRegistry()
	m.invoke = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "corallite_inference_duration_seconds", Help: "How long a model ran for one item.", Buckets: buckets,
	}, []string{"pipeline", "model", "device"})
	m.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "corallite_event_latency_seconds", Help: "From the source's delivery of an item to its finished event, with all waiting.", Buckets: buckets,
	}, []string{"pipeline", "model"})
	m.found = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "corallite_detections_total", Help: "What was found, once for each item that it was found in; of ranked classes the first.",
	}, []string{"pipeline", "model", "label"})
	m.registry.MustRegister(m.invoke, m.latency, m.found, collector{m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// Metrics serves the metrics.
func (m *Monitor) Metrics() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// collector reads the metrics that are known elsewhere.
type collector struct{ m *Monitor }

// Describe gives no descriptions: which labels there are is known when somebody asks.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect gives the metrics as they are now.
func (c collector) Collect(to chan<- prometheus.Metric) {
	put := func(g gauge, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(g.desc, g.kind, value, labels...)
	}
	put(buildInfo, 1, c.m.o.Version, runtime.Version(), c.m.o.Runtime)
	put(startTime, float64(c.m.began.UnixNano())/1e9)
	for _, s := range c.m.all() {
		s.collect(put)
	}
	if c.m.o.Devices == nil {
		return
	}
	for _, d := range unique(c.m.o.Devices()) {
		put(deviceUp, number(!d.Gone), d.Name)
		put(fallbacks, float64(d.Fallbacks), d.Name)
		if d.Temperature != nil {
			put(temperature, *d.Temperature, d.Name)
		}
	}
}

// unique leaves out devices of a name that is there already, which would make the whole answer invalid.
func unique(devices []part.Device) []part.Device {
	seen := map[string]bool{}
	var out []part.Device
	for _, d := range devices {
		if !seen[d.Name] {
			seen[d.Name] = true
			out = append(out, d)
		}
	}
	return out
}

func (s *sink) collect(put func(g gauge, value float64, labels ...string)) {
	stats := pipeline.StatsOf(s.source)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.progress
	put(frames, float64(p.Frames), s.name)
	put(dropped, float64(p.Dropped), s.name, "too_slow")
	if m := stats.Motion; m != nil {
		put(dropped, float64(m.HeldBack), s.name, "no_motion")
	}
	if at := s.newest(); !at.IsZero() {
		put(lastFrame, float64(at.UnixNano())/1e9, s.name)
	}
	put(sourceUp, number(s.state(stats) == running), s.name)
	put(restarts, float64(stats.Reopened+p.Reopened), s.name)
	for _, stage := range []string{pipeline.StageSource, pipeline.StageModel, pipeline.StageSink} {
		put(failures, float64(s.failures[stage]), s.name, stage)
	}
	for _, m := range s.models {
		put(degraded, number(m.degraded && m.wanted), s.name, m.name)
	}
	for _, k := range p.Sinks {
		put(sinkEvents, float64(k.Taken), s.name, k.Name, "taken")
		put(sinkEvents, float64(k.Dropped), s.name, k.Name, "dropped")
		put(sinkQueue, float64(k.Queued), s.name, k.Name)
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
