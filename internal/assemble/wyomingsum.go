package assemble

import (
	"fmt"
	"sync"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// sounds adds up what the streams of many clients count.
type sounds struct {
	name  string
	tell  func(pipeline.Progress)
	fails func(pipeline.Failure)

	mu    sync.Mutex
	began time.Time
	sum   pipeline.Summary
	past  pipeline.Progress               // of the streams that have ended
	now   map[*sounding]pipeline.Progress // of those that run
}

// sounding is one of the streams.
type sounding struct{ _ byte }

func newSounds(name string, tell func(pipeline.Progress), fails func(pipeline.Failure)) *sounds {
	return &sounds{name: name, tell: tell, fails: fails, began: time.Now(), now: map[*sounding]pipeline.Progress{}, sum: pipeline.Summary{
		Models: map[string]pipeline.ModelSummary{}, Drops: pipeline.DropSummary{Sinks: map[string]uint64{}},
		Errors: pipeline.ErrorSummary{First: []pipeline.ErrorEntry{}},
		Sound:  &pipeline.SoundSummary{LevelDBFS: audio.SilentDBFS, PeakDBFS: audio.SilentDBFS},
	}}
}

// follow is the Progress of a new stream.
func (s *sounds) follow() func(pipeline.Progress) {
	one := new(sounding)
	return func(p pipeline.Progress) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.now[one] = p
		if p.Final {
			delete(s.now, one)
			p.FPS = 0
			s.past = added(s.past, p)
		}
		s.tell(s.all(false))
	}
}

// all is the progress of all streams. Called with the lock.
func (s *sounds) all(final bool) pipeline.Progress {
	all := s.past
	all.Sinks = append([]pipeline.SinkProgress(nil), all.Sinks...)
	for _, p := range s.now {
		all = added(all, p)
	}
	all.Pipeline, all.Final, all.Elapsed, all.Total = s.name, final, time.Since(s.began), 0
	return all
}

// added is the sum of two streams' progress. The sink that only tells a client what was heard is nobody else's concern.
func added(to, p pipeline.Progress) pipeline.Progress {
	to.Done += p.Done
	to.Frames += p.Frames
	to.Dropped += p.Dropped
	to.Errors += p.Errors
	to.FPS += p.FPS
	for _, k := range p.Sinks {
		if k.Name == clientName {
			continue
		}
		at := 0
		for at < len(to.Sinks) && to.Sinks[at].Name != k.Name {
			at++
		}
		if at == len(to.Sinks) {
			to.Sinks = append(to.Sinks, pipeline.SinkProgress{Name: k.Name})
		}
		to.Sinks[at].Taken += k.Taken
		to.Sinks[at].Dropped += k.Dropped
		to.Sinks[at].Queued += k.Queued
	}
	return to
}

// add adds the summary of a stream that has ended.
func (s *sounds) add(one pipeline.Summary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := &s.sum
	all.Frames += one.Frames
	all.Failed += one.Failed
	all.Dropped += one.Dropped
	all.Errors.Total += one.Errors.Total
	all.Errors.Recovered += one.Errors.Recovered
	if room := pipeline.DefaultMaxErrors - len(all.Errors.First); room > 0 {
		all.Errors.First = append(all.Errors.First, one.Errors.First[:min(room, len(one.Errors.First))]...)
	}
	if one.Sound != nil {
		all.Sound.Seconds += one.Sound.Seconds
		all.Sound.LostS += one.Sound.LostS
		all.Sound.LevelDBFS = max(all.Sound.LevelDBFS, one.Sound.LevelDBFS)
		all.Sound.PeakDBFS = max(all.Sound.PeakDBFS, one.Sound.PeakDBFS)
	}
	for name, m := range one.Models {
		before, known := all.Models[name]
		m.Events += before.Events
		if known {
			for device, n := range before.Devices {
				m.Devices[device] += n
			}
		}
		all.Models[name] = m
	}
	for name, n := range one.Drops.Sinks {
		if name != clientName {
			all.Drops.Sinks[name] += n
		}
	}
	all.Device, all.Degraded, all.Reason, all.Latency = one.Device, one.Degraded, one.Reason, one.Latency
}

// end is the summary of all.
func (s *sounds) end(interrupted bool, err error) pipeline.Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Seconds, s.sum.Interrupted = time.Since(s.began).Seconds(), interrupted
	if err != nil {
		s.sum.Error = err.Error()
	}
	s.tell(s.all(true))
	return s.sum
}

// late counts what a sink reports when it has taken a sound's results: the stream may have ended by then.
type late struct {
	*sounds
	sink string
	lost sync.Once
}

func (l *late) Failed(item string, err error) {
	l.failed(pipeline.Failure{Stage: pipeline.StageSink, Name: l.sink, Item: item, Err: &pipeline.ItemError{Source: item, Err: err}})
}

func (l *late) Lost(n int) {
	if n <= 0 {
		return
	}
	l.mu.Lock()
	l.sum.Drops.Sinks[l.sink] += uint64(n)
	l.mu.Unlock()
	l.lost.Do(func() {
		l.failed(pipeline.Failure{Stage: pipeline.StageSink, Name: l.sink, Err: fmt.Errorf("sink %s: %w", l.sink, pipeline.ErrOverrun)})
	})
}

func (l *late) failed(f pipeline.Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.past.Errors++
	e := &l.sum.Errors
	e.Total++
	if len(e.First) < pipeline.DefaultMaxErrors {
		e.First = append(e.First, f.Entry())
	}
	l.fails(f)
}
