package mqtt

import (
	"encoding/json"
	"slices"
	"time"

	"corallite/internal/draw"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
)

// count counts the things of an event by label and zone.
func (s *Sink) count(ev *pipeline.Event, counted, zoned map[string]int) {
	life.Each(&ev.Result, func(f pipeline.Finding, _ int, t *pipeline.Thing) {
		if f.Kind().Timed {
			return
		}
		counted[t.Label]++
		for _, z := range t.Zones {
			zoned[z+"\x00"+t.Label]++
		}
	})
}

// word publishes a word. It is of no use later, so it does not wait for a connection.
func (s *Sink) word(ev *pipeline.Event, w pipeline.Keyword) {
	s.sound(w.Label, s.link.clock.Now())
	if !s.link.connected() {
		return
	}
	data, err := json.Marshal(map[string]any{
		"event_type": w.Label, "score": round(float64(w.Score), 4), "model": ev.Model, "time": ev.Time.UTC().Format(time.RFC3339Nano),
	})
	if err == nil {
		s.link.send(s.base+"/words", data, s.reporter.Lost)
	}
}

// follow follows the objects of an event, and publishes the best picture of the last one of each label.
func (s *Sink) follow(frame draw.Frame, all []pipeline.Event, ev *pipeline.Event, now time.Time) {
	for i := range ev.Detections {
		d := &ev.Detections[i]
		if !s.has(d.Label) || d.Track == 0 && s.tracks(ev.Model) { // it may be nothing yet
			continue
		}
		o := s.see(ev.Model, d, ev.Time, now)
		if o == nil {
			continue
		}
		width, height := 0, 0
		if frame != nil {
			width, height = draw.Size(frame)
		}
		q, fresh := quality(d, width, height), false
		last := s.current[d.Label]
		if q > o.best*better && (last == "" || last <= o.id || s.objectIsGone(last)) && now.Sub(o.shown) >= pictureEvery {
			s.current[d.Label] = o.id
			o.best, o.bestTime, o.bestScore, o.bestBox, o.shown, fresh = q, ev.Time, d.Score, d.Box, now, true
			if frame != nil && s.pictures != nil && !s.snapshotsOff {
				id := s.slugs.get(d.Label)
				topics := []string{s.base + "/" + id + "/picture"}
				if s.link.c.Style == StyleFrigate {
					topics = append(topics, s.base+"/"+id+"/snapshot")
				}
				s.pictures.put(drawing{frame: frame, events: all, topics: topics, retain: true})
			}
		}
		s.frigateEvent(o, fresh, false)
	}
}

// tracks reports whether the objects of a model are tracked.
func (s *Sink) tracks(model string) bool {
	return slices.ContainsFunc(s.env.Models, func(m part.Model) bool { return m.Name == model && m.Tracked })
}

// objectIsGone reports whether no object has that id.
func (s *Sink) objectIsGone(id string) bool {
	for _, o := range s.objects {
		if o.id == id {
			return false
		}
	}
	return true
}

func (s *Sink) objectEnded(o *object) { s.frigateEvent(o, false, true) }

// first keeps what the first model's event says.
func (s *Sink) first(ev *pipeline.Event, now time.Time) {
	before := s.state
	s.state.Device, s.state.Degraded, s.state.Fallback, s.state.Reason = ev.Device, ev.Degraded, ev.Degraded && ev.Wanted, ev.Reason
	s.state.InferenceMS = round(ev.Latency.Invoke.Seconds()*1000, 2)
	if before.Device != s.state.Device || before.Fallback != s.state.Fallback {
		s.showStats(now)
	}
}
