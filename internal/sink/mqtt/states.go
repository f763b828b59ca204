package mqtt

import (
	"encoding/json"
	"time"

	"corallite/pipeline"
)

// silencer is a gate that wants to know how time goes on, because only what was found comes here.
type silencer interface {
	Silence(now time.Time, put func(pipeline.Report))
}

// tick does what time brings.
func (s *Sink) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	// While nothing comes nobody knows what is there, after a time that is long for any source.
	if silent := now.Sub(s.reported); silent > max(s.c.OffDelay, 30*time.Second) || silent > s.c.OffDelay && !s.running() {
		for _, p := range s.counts {
			p.update(0, now)
		}
		for _, p := range s.inZones {
			p.update(0, now)
		}
		for _, o := range s.gone(nil, now, s.env.Control != nil && !s.env.Control.On()) {
			s.objectEnded(o)
		}
	}
	if g, ok := s.gate.(pipeline.LossGate); ok && s.env.Live && pipeline.StatsOf(s.env.Source).Lost != "" {
		g.Lost(now.Sub(s.reported), s.publish)
	}
	if g, ok := s.gate.(silencer); ok && s.env.Live {
		g.Silence(now, s.publish)
	}
	s.showCounts(now)
	s.frigateCounts()
	s.showSounds(now, false)
	s.showSource()
	if now.Sub(s.shown) >= statsEvery {
		s.showStats(now)
	}
}

// running reports whether results are to be expected.
func (s *Sink) running() bool {
	return !s.ended && pipeline.StatsOf(s.env.Source).Lost == "" && (s.env.Control == nil || s.env.Control.On())
}

func (s *Sink) showCounts(now time.Time) {
	for _, all := range []map[string]*presence{s.counts, s.inZones} {
		for _, p := range all {
			p.tick(now, s.c.OffDelay)
			s.show(p)
		}
	}
}

// showSource publishes whether the source gives something.
func (s *Sink) showSource() {
	up := !s.ended && !s.closed && pipeline.StatsOf(s.env.Source).Lost == ""
	s.link.set(s.base+"/source", onOff(up), 1, true)
	s.frigateSource(up)
}

func (s *Sink) showStats(now time.Time) {
	source := pipeline.StatsOf(s.env.Source)
	s.shown = now
	s.state.FPS, s.state.Frames, s.state.Dropped, s.state.Errors = round(s.progress.FPS, 2), s.progress.Frames, s.progress.Dropped, s.progress.Errors
	s.state.Source, s.state.Lost = source.Name, source.Lost
	if !s.running() {
		s.state.FPS = 0
	}
	if data, err := json.Marshal(&s.state); err == nil {
		s.link.set(s.base+"/stats", data, 0, true)
	}
}
