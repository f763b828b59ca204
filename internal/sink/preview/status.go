package preview

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"sync"
	"time"

	"corallite/internal/draw"
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
	Lost      string        `json:"lost"`   // why the source gives nothing now; it is tried again; "": it does, as far as is known
	Error     string        `json:"error"`  // what ended the pipeline; "": nothing did, or its source had no more
	Picture   bool          `json:"picture"`
	Parts     []string      `json:"parts"` // what there is to draw: boxes, labels, masks, skeletons
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
	Sound     *SoundStatus  `json:"sound,omitempty"` // of a pipeline of sound

	Dropped   uint64  `json:"dropped"`    // items of a live source that no model saw
	Errors    uint64  `json:"errors"`     // failures that the stream survived
	Reopened  uint64  `json:"reopened"`   // how often a lost source came back
	Held      uint64  `json:"held"`       // items that no model saw because nothing moved in them
	HeldShare float64 `json:"held_share"` // of those that were looked at, 0 to 1
	Still     bool    `json:"still"`      // nothing moves now: items are held back

	Encoded uint64  `json:"encoded"` // pictures that were drawn for viewers
	Viewers int     `json:"viewers"`
	Events  []Entry `json:"events"` // the newest first
}

// SoundStatus is what is heard.
type SoundStatus struct {
	LevelDBFS float32 `json:"level_dbfs"` // of the loudest chunk of the last half second
	Seconds   float64 `json:"seconds"`    // of sound so far
	Word      *Word   `json:"word,omitempty"`
}

// Word is a word that was heard.
type Word struct {
	Text  string    `json:"text"`
	Score float32   `json:"score"` // 0 to 1
	Model string    `json:"model"`
	Time  time.Time `json:"time"`
}

// ModelStatus is one model's part of a PipelineStatus.
type ModelStatus struct {
	Name      string `json:"name"`
	Task      string `json:"task"`
	Device    string `json:"device"`
	Degraded  bool   `json:"degraded"`
	Reason    string `json:"reason"`
	Wanted    bool   `json:"wanted"` // degraded, and somebody counts on the Edge TPU: it was asked for, or it is there
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

func (s *Sink) status(now time.Time) PipelineStatus {
	st, seen, word := s.stats.status(now)
	st.Name, st.Encoded, st.Viewers = s.name, s.encoded.Load(), int(s.viewers.Load())
	st.Parts = partNames(seen &^ s.o.Draw.Hide)
	if p := s.progress.Load(); p != nil {
		st.Dropped, st.Errors = p.Dropped, p.Errors
	}
	if s.o.Source != nil {
		c := s.o.Source()
		st.Source, st.Lost = cmp.Or(st.Source, c.Name), c.Lost
		st.Reopened, st.Held, st.HeldShare, st.Still = c.Reopened, c.Held, c.HeldShare, c.Still
	}
	if s.o.Sound != nil {
		s.soundStatus(&st, now, word)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		st.State, st.FPS, st.Lost, st.Error = "ended", 0, "", s.failure
	}
	return st
}

// soundStatus is what a pipeline has that listens: a source that gives sound is running, though no word was heard yet.
func (s *Sink) soundStatus(st *PipelineStatus, now time.Time, word *Word) {
	c := s.o.Sound()
	st.Sound = &SoundStatus{LevelDBFS: c.LevelDBFS, Seconds: c.Seconds, Word: word}
	if !c.Heard.IsZero() {
		st.State, st.SilentS = "running", round(max(0, now.Sub(c.Heard).Seconds()))
	}
}

// status is what is known from the reports, the parts that something came for, and the last word.
func (s *stats) status(now time.Time) (PipelineStatus, draw.Parts, *Word) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := PipelineStatus{
		Source: s.last.Source, State: "waiting", Picture: s.width > 0, Width: s.width, Height: s.height, Frames: s.frames,
		FPS: round(rate(s.arrivals.values, now)), Age: timesOf(&s.age), Models: []ModelStatus{},
		Events: slices.Clone(s.eventLog.entries),
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
			Wanted:    m.last.Wanted,
			Inference: timesOf(&m.invoke),
		})
	}
	if len(st.Models) > 0 {
		first := st.Models[0]
		st.Device, st.Degraded, st.Reason, st.Inference = first.Device, first.Degraded, first.Reason, first.Inference
	}
	return st, s.parts, s.word
}

// round keeps one decimal.
func round(x float64) float64 { return float64(int64(float64(x*10)+0.5)) / 10 }

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
