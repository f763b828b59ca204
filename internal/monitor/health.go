package monitor

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"corallite/pipeline"
)

// The states of a pipeline.
const (
	waiting = "waiting" // its source has given nothing yet, and should
	running = "running"
	lost    = "lost"  // its source gives nothing, and is tried again
	ended   = "ended" // its source had no more
	failed  = "failed"
)

// The states of a program.
const (
	healthy  = "ok"       // all sources give items, or have ended
	impaired = "degraded" // a model runs on a fallback although its device is expected, or a device is gone
	unwell   = "failing"  // a source is lost or waited for, or a pipeline has failed
)

// Health is the answer of /healthz.
type Health struct {
	Status    string           `json:"status"` // ok, degraded, failing
	Version   string           `json:"version"`
	UptimeS   float64          `json:"uptime_s"`
	Pipelines []PipelineHealth `json:"pipelines"`
	Devices   []DeviceHealth   `json:"devices"`
}

// PipelineHealth is how a pipeline does.
type PipelineHealth struct {
	Name   string  `json:"name"`
	State  string  `json:"state"` // waiting, running, lost, ended, failed
	Source string  `json:"source,omitempty"`
	Why    string  `json:"why,omitempty"` // of lost and failed
	Frames uint64  `json:"frames"`
	FPS    float64 `json:"fps"`
	// SilentS is how long ago the last item came, in seconds; nil: none did.
	SilentS *float64      `json:"silent_s"`
	Dropped uint64        `json:"dropped"`
	Errors  uint64        `json:"errors"`
	Models  []ModelHealth `json:"models"`
}

// ModelHealth is what runs a model.
type ModelHealth struct {
	Name     string `json:"name"`
	Device   string `json:"device"`
	Degraded bool   `json:"degraded"` // it runs on a fallback although its device is expected
	Reason   string `json:"reason,omitempty"`
}

// DeviceHealth is how an accelerator does.
type DeviceHealth struct {
	Name        string   `json:"name"`
	Up          bool     `json:"up"`
	State       string   `json:"state,omitempty"`
	Fallbacks   uint64   `json:"fallbacks"`
	Temperature *float64 `json:"temperature_c,omitempty"`
}

// Health is how all pipelines and devices do.
func (m *Monitor) Health() Health {
	now := m.o.Clock.Now()
	h := Health{
		Status: healthy, Version: m.o.Version, UptimeS: round(now.Sub(m.began).Seconds()), Pipelines: []PipelineHealth{}, Devices: []DeviceHealth{},
	}
	for _, s := range m.all() {
		p := s.health(now)
		h.Pipelines = append(h.Pipelines, p)
		for _, model := range p.Models {
			if model.Degraded && h.Status == healthy {
				h.Status = impaired
			}
		}
		if p.State == lost || p.State == failed || p.State == waiting {
			h.Status = unwell
		}
	}
	if m.o.Devices == nil {
		return h
	}
	for _, d := range unique(m.o.Devices()) {
		t := d.Temperature
		if t != nil && (math.IsNaN(*t) || math.IsInf(*t, 0)) {
			t = nil // which JSON has no word for
		}
		h.Devices = append(h.Devices, DeviceHealth{Name: d.Name, Up: !d.Gone, State: d.State, Fallbacks: d.Fallbacks, Temperature: t})
		if d.Gone && h.Status == healthy {
			h.Status = impaired
		}
	}
	return h
}

// state is that of the pipeline. Called with the lock.
func (s *sink) state(stats pipeline.Stats) string {
	switch {
	case s.ended && s.err != nil:
		return failed
	case s.ended:
		return ended
	case stats.Lost != "":
		return lost
	case !stats.Endless && s.newest().IsZero() && s.progress.Frames == 0 && (stats.Motion == nil || stats.Motion.Looked == 0):
		return waiting
	}
	return running
}

func (s *sink) health(now time.Time) PipelineHealth {
	stats := pipeline.StatsOf(s.source)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := PipelineHealth{
		Name: s.name, State: s.state(stats), Source: stats.Name, Frames: s.progress.Frames, FPS: round(s.progress.FPS),
		Dropped: s.progress.Dropped, Errors: s.progress.Errors, Models: []ModelHealth{},
	}
	switch p.State {
	case failed:
		p.Why = s.err.Error()
	case lost:
		p.Why = stats.Lost
	}
	if p.State != running {
		p.FPS = 0
	}
	if at := s.newest(); !at.IsZero() {
		silent := round(max(0, now.Sub(at).Seconds()))
		p.SilentS = &silent
	}
	for _, m := range s.models {
		p.Models = append(p.Models, ModelHealth{Name: m.name, Device: m.device, Degraded: m.degraded && m.wanted, Reason: m.reason})
	}
	return p
}

// round rounds to tenths.
func round(x float64) float64 { return math.Round(x*10) / 10 }

func (m *Monitor) serveHealth(w http.ResponseWriter, _ *http.Request) {
	h := m.Health()
	data, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if h.Status == unwell {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	w.Write(append(data, '\n'))
}
