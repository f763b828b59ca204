package preview

import (
	"slices"
	"sync"
	"time"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// What numbers are taken over.
const (
	rateSpan  = 3 * time.Second // of the rate
	rateLeast = 5               // reports, where so many came
	rateItems = 512             // at most
	timeItems = 256             // of the quantiles
)

// stats are a pipeline's numbers, in bounded memory.
type stats struct {
	mu       sync.Mutex
	frames   uint64
	arrivals ring[time.Time]
	age      ring[float64] // ms
	last     pipeline.Meta
	shown    time.Time // when the last frame came that no model looked at
	width    int
	height   int
	models   []modelStats
	eventLog eventLog
	trouble  string     // the last reason why a picture could not be made
	parts    draw.Parts // that something came for
	word     *Word      // that was heard last
}

// modelStats are the numbers of one model.
type modelStats struct {
	last   pipeline.Event // without its results
	invoke ring[float64]  // ms
}

// ring keeps the last values.
type ring[T any] struct {
	values []T
	next   int
}

func (r *ring[T]) add(v T, most int) {
	if len(r.values) < most {
		r.values = append(r.values, v)
		return
	}
	r.values[r.next] = v
	r.next = (r.next + 1) % most
}

// newest is the value that was added last.
func (r *ring[T]) newest() (v T) {
	if n := len(r.values); n > 0 {
		return r.values[(r.next+n-1)%n]
	}
	return v
}

// add counts a report received at a moment.
func (s *stats) add(now time.Time, r pipeline.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, picture := r.Item.(draw.Frame)
	if picture {
		s.size(f)
	}
	if picture || s.width == 0 { // else it is sound beside the pictures, which are what is counted
		s.frames++
		s.last = *r.Item.Meta()
		s.arrivals.add(now, rateItems)
		s.age.add(pipeline.Milliseconds(max(0, now.Sub(s.last.Time))), timeItems)
	}
	for i := range r.Events {
		ev := &r.Events[i]
		m := s.model(ev.Model)
		if m.last.Model != "" && (m.last.Device != ev.Device || m.last.Degraded != ev.Degraded) {
			s.eventLog.add(now, ev.Model, deviceText(ev), true)
		}
		m.last = *ev
		m.last.Result = pipeline.Result{}
		m.invoke.add(pipeline.Milliseconds(ev.Latency.Invoke), timeItems)
		s.parts |= draw.PartsOf(ev)
		for f := range ev.Findings() {
			if n := f.Len(); n > 0 && f.Kind().Timed {
				t := f.Thing(n - 1)
				s.word = &Word{Text: t.Label, Score: t.Score, Model: ev.Model, Time: now.UTC()}
			}
		}
		s.eventLog.found(now, ev)
	}
}

// show counts a frame that no model looked at.
func (s *stats) show(now time.Time, f draw.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.shown = *f.Meta(), now
	s.size(f)
}

func (s *stats) size(f draw.Frame) {
	s.width, s.height = draw.Size(f)
}

// newest is when the last frame came; false: none did.
func (s *stats) newest() (time.Time, bool) {
	at := s.arrivals.newest()
	if s.shown.After(at) {
		at = s.shown
	}
	return at, !at.IsZero()
}

// failed records why a picture could not be made; it returns whether that is news.
func (s *stats) failed(now time.Time, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble == err.Error() {
		return false
	}
	s.trouble = err.Error()
	s.eventLog.add(now, "", s.trouble, true)
	return true
}

// warn adds a failure to the event log.
func (s *stats) warn(now time.Time, model, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eventLog.failure(now, model, text)
}

// model is the entry of a model, a new one when it is not known.
func (s *stats) model(name string) *modelStats {
	i := slices.IndexFunc(s.models, func(m modelStats) bool { return m.last.Model == name })
	if i < 0 {
		i = len(s.models)
		s.models = append(s.models, modelStats{})
	}
	return &s.models[i]
}

// rate is the reports per second over the last three seconds, or over the last five reports where those go further
// back. It falls when no more come.
func rate(arrivals []time.Time, now time.Time) float64 {
	sorted := slices.SortedFunc(slices.Values(arrivals), time.Time.Compare)
	from := 0
	for from < len(sorted)-rateLeast && now.Sub(sorted[from]) > rateSpan {
		from++
	}
	sorted = sorted[from:]
	n := len(sorted)
	if n < 2 {
		return 0
	}
	span := sorted[n-1].Sub(sorted[0])
	if now.Sub(sorted[n-1]) > 2*span/time.Duration(n-1) { // more than one is overdue
		span = now.Sub(sorted[0])
	}
	if span <= 0 {
		return 0
	}
	return float64(n-1) / span.Seconds()
}

// Times are in milliseconds: the newest, and quantiles of the last 256.
type Times struct {
	Now float64 `json:"now"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

func timesOf(r *ring[float64]) Times {
	if len(r.values) == 0 {
		return Times{}
	}
	sorted := slices.Sorted(slices.Values(r.values))
	at := func(percent int) float64 { return sorted[(len(sorted)-1)*percent/100] }
	return Times{Now: r.newest(), P50: at(50), P95: at(95)}
}
