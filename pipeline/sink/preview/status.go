package preview

import (
	"encoding/json"
	"math"
	"slices"
	"sync"
	"time"
)

// statusAge is how old an answer may be that is given again, so that many viewers cost as much as one.
const statusAge = 200 * time.Millisecond

// Status is what /api/status and /events give.
type Status struct {
	Time      time.Time        `json:"time"`
	Viewers   int              `json:"viewers"` // open streams of pictures
	Devices   []Device         `json:"devices"`
	Pipelines []PipelineStatus `json:"pipelines"`
}

// PipelineStatus is what the page shows of one pipeline. Device, Degraded, Reason and Inference are its first model's.
type PipelineStatus struct {
	Name      string        `json:"name"`
	Source    string        `json:"source"` // of the newest item
	State     string        `json:"state"`  // waiting: nothing came yet; running; ended
	Picture   bool          `json:"picture"`
	Width     int           `json:"width"` // of the source's picture in pixels
	Height    int           `json:"height"`
	Frames    uint64        `json:"frames"` // that were reported
	FPS       float64       `json:"fps"`    // over the last three seconds
	SilentS   float64       `json:"silent_s"`
	Inference Times         `json:"inference_ms"`
	Age       Times         `json:"age_ms"` // from the capture to the finished report
	Device    string        `json:"device"`
	Degraded  bool          `json:"degraded"`
	Reason    string        `json:"reason"`
	Models    []ModelStatus `json:"models"`
	Counts
	Encoded uint64  `json:"encoded"` // pictures that were drawn for viewers
	Viewers int     `json:"viewers"`
	Events  []Entry `json:"events"` // the newest first
}

// ModelStatus is one model's part of a PipelineStatus.
type ModelStatus struct {
	Name      string `json:"name"`
	Task      string `json:"task"`
	Device    string `json:"device"`
	Degraded  bool   `json:"degraded"`
	Reason    string `json:"reason"`
	Inference Times  `json:"inference_ms"`
}

// Status is how the pipelines are now.
func (s *Server) Status() Status {
	now := s.clock.Now()
	st := Status{Time: now.UTC(), Viewers: len(s.pictures), Devices: []Device{}, Pipelines: []PipelineStatus{}}
	if s.o.Devices != nil {
		st.Devices = append(st.Devices, s.o.Devices()...)
	}
	for i := range st.Devices {
		if t := st.Devices[i].Temperature; t != nil && (math.IsNaN(*t) || math.IsInf(*t, 0)) {
			st.Devices[i].Temperature = nil // which JSON has no word for
		}
	}
	for _, k := range s.all() {
		st.Pipelines = append(st.Pipelines, k.status(now))
	}
	return st
}

func (k *Sink) status(now time.Time) PipelineStatus {
	st := k.stats.status(now)
	st.Name, st.Encoded, st.Viewers = k.name, k.encoded.Load(), int(k.viewers.Load())
	if k.isClosed() {
		st.State, st.FPS = "ended", 0
	}
	if k.o.Counts != nil {
		st.Counts = k.o.Counts()
	}
	return st
}

func (s *stats) status(now time.Time) PipelineStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := PipelineStatus{
		Source: s.last.Source, State: "waiting", Picture: s.width > 0, Width: s.width, Height: s.height, Frames: s.frames,
		FPS: round(rate(s.arrivals.values, now)), Age: timesOf(&s.age), Models: []ModelStatus{},
		Events: slices.Clone(s.journal.entries),
	}
	slices.Reverse(st.Events)
	if st.Events == nil {
		st.Events = []Entry{}
	}
	if at, any := s.newest(); any {
		st.State, st.SilentS = "running", round(now.Sub(at).Seconds())
	}
	for i := range s.models {
		m := &s.models[i]
		st.Models = append(st.Models, ModelStatus{
			Name: m.last.Model, Task: m.last.Task, Device: m.last.Device, Degraded: m.last.Degraded, Reason: m.last.Reason,
			Inference: timesOf(&m.invoke),
		})
	}
	if len(st.Models) > 0 {
		first := st.Models[0]
		st.Device, st.Degraded, st.Reason, st.Inference = first.Device, first.Degraded, first.Reason, first.Inference
	}
	return st
}

// round keeps one decimal.
func round(x float64) float64 { return float64(int64(x*10+0.5)) / 10 }

// statusCache keeps the last Status as JSON.
type statusCache struct {
	mu   sync.Mutex
	at   time.Time
	json []byte
}

// statusJSON is a Status in one line, at most statusAge old.
func (s *Server) statusJSON() ([]byte, error) {
	c := &s.cached
	c.mu.Lock()
	defer c.mu.Unlock()
	now := s.clock.Now()
	if c.json != nil && now.Sub(c.at) < statusAge && !now.Before(c.at) {
		return c.json, nil
	}
	data, err := json.Marshal(s.Status())
	if err != nil {
		return nil, err
	}
	c.at, c.json = now, data
	return data, nil
}
