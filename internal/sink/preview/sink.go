package preview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// Defaults of SinkOptions.
const (
	DefaultWidth   = 1280
	DefaultFPS     = 30
	DefaultQuality = 80
)

// SinkOptions configure how a pipeline is shown.
type SinkOptions struct {
	// Width limits the width of the live picture in pixels; wider frames are scaled down. 0: DefaultWidth. A still
	// keeps the frame's own size.
	Width int
	// FPS limits the pictures per second; 0: DefaultFPS.
	FPS float64
	// Quality is the JPEG quality, 1 to 100; 0: DefaultQuality.
	Quality int
	// Draw says how results are drawn. No viewer can bring back what it hides.
	Draw draw.Options
	// Source, when set, returns the state of the source. Like Sound it is called a few times a second at most.
	Source func() SourceState
	// Sound, when set, makes it a pipeline of sound, and returns the sound's level.
	Sound func() SoundState
}

// SourceState is the state of a pipeline's source.
type SourceState struct {
	Name string // "camera:0"; "": what the items say
	// Lost is why the source gives nothing now, in words, while it reconnects: "connection refused". "": it works, as far
	// as is known.
	Lost string

	Reopened  uint64  // how often it came back
	Held      uint64  // items that no model saw because nothing moved in them
	HeldShare float64 // of those that were looked at, 0 to 1
	Still     bool    // nothing moves now: items are held back
}

// SoundState is the state of a source of sound.
type SoundState struct {
	LevelDBFS float32   // root mean square of the loudest chunk of the last half second, in dB of full scale
	Heard     time.Time // when the last chunk came; zero: none did
	Seconds   float64   // of sound so far
}

// Sink shows one pipeline. It is a pipeline.Sink; viewers reach it through its Server. Items that are not draw.Frames
// (sound) get a tile without a picture.
type Sink struct {
	name   string
	o      SinkOptions
	server *Server
	stats  stats

	encoded atomic.Uint64 // pictures made
	viewers atomic.Int64

	progress atomic.Pointer[pipeline.Progress] // nil: nobody told

	mu      sync.Mutex
	newest  snapshot
	lasting []pipeline.Event // of the last report: what belongs to the place, such as the outlines of zones
	changed chan struct{}    // closed when there is a newer snapshot
	ended   chan struct{}    // closed by Close
	closed  bool
	failure string // what ended the pipeline; "": nothing did

	render renderer
}

// snapshot is a frame with what was found in it. Its events are only read.
type snapshot struct {
	n      uint64 // counted from 1; 0: there is none
	frame  draw.Frame
	events []pipeline.Event
}

// errEnded is returned for a stream whose pipeline or server has ended.
var errEnded = errors.New("the pipeline has ended")

// errClosed is returned by Consume after Close.
var errClosed = errors.New("preview: the sink is closed")

// Sink adds a pipeline to the page. The name is the pipeline's; a closed sink of that name is replaced. It fails when the
// name is empty or in use, or an option is invalid. The Stream closes the sink.
func (s *Server) Sink(name string, o SinkOptions) (*Sink, error) {
	o.Width, o.FPS, o.Quality = cmp.Or(o.Width, DefaultWidth), cmp.Or(o.FPS, DefaultFPS), cmp.Or(o.Quality, DefaultQuality)
	if name == "" {
		return nil, errors.New("preview: a pipeline needs a name")
	}
	if err := (&Config{Width: o.Width, FPS: o.FPS, Quality: o.Quality}).Keys().Check(); err != nil {
		return nil, fmt.Errorf("preview of %s: %w", name, err)
	}
	painter, err := draw.New(o.Draw)
	if err != nil {
		return nil, fmt.Errorf("preview of %s: %w", name, err)
	}
	k := &Sink{name: name, o: o, server: s, changed: make(chan struct{}), ended: make(chan struct{}), render: newRenderer(painter, o)}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch i := slices.IndexFunc(s.sinks, func(other *Sink) bool { return other.name == name }); {
	case i < 0:
		s.sinks = append(s.sinks, k)
	case s.sinks[i].isClosed():
		s.sinks[i] = k
	default:
		return nil, fmt.Errorf("preview: pipeline %s is already shown", name)
	}
	return k, nil
}

// Consume keeps the report as the newest one and wakes the viewers. It neither draws nor blocks.
func (s *Sink) Consume(_ context.Context, r pipeline.Report) error {
	f, _ := r.Item.(draw.Frame)
	lasting := lasting(r.Events)
	if !s.put(f, r.Events) {
		return errClosed
	}
	s.mu.Lock()
	s.lasting = lasting
	s.mu.Unlock()
	s.stats.add(s.server.clock.Now(), r)
	return nil
}

// lasting are the parts of events that are true until the next ones: of zones and lines where they are, and their counts.
func lasting(events []pipeline.Event) (all []pipeline.Event) {
	for i := range events {
		var of []pipeline.Finding
		for _, f := range events[i].Other {
			if f.Len() == 0 && f.Kind().Gone {
				of = append(of, f)
			}
		}
		if of != nil {
			ev := events[i]
			ev.Result = pipeline.Result{Other: of}
			all = append(all, ev)
		}
	}
	return all
}

// Show shows a frame that no model looked at, because nothing moves in it, with the zones and lines of the last report. It
// is not counted as a report. After Close it does nothing.
func (s *Sink) Show(f draw.Frame) {
	s.mu.Lock()
	lasting := s.lasting
	s.mu.Unlock()
	if s.put(f, lasting) {
		s.stats.show(s.server.clock.Now(), f)
	}
}

// put makes a frame, nil where the item has no picture, and what was found in it the newest snapshot. It is false after
// Close.
func (s *Sink) put(f draw.Frame, events []pipeline.Event) bool {
	if f != nil {
		f.Retain()
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		if f != nil {
			f.Release()
		}
		return false
	}
	before := s.newest
	if f == nil && before.frame != nil { // a word that was heard beside the pictures, which stay
		s.mu.Unlock()
		return true
	}
	s.newest = snapshot{n: before.n + 1, frame: f, events: events}
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	if before.frame != nil {
		before.frame.Release()
	}
	return true
}

// Lossless is false: the page shows the newest report and never holds the stream back.
func (s *Sink) Lossless() bool { return false }

// Progress passes on what only the Stream counts: dropped items and errors. It fits Stream.Progress.
func (s *Sink) Progress(p pipeline.Progress) { s.progress.Store(&p) }

// Failed shows a failure that the stream survived among the events. It fits Stream.OnError.
func (s *Sink) Failed(f pipeline.Failure) {
	text := f.Err.Error()
	if f.Stage == pipeline.StageSink {
		text = "sink " + f.Name + ": " + text
	}
	model := ""
	if f.Stage == pipeline.StageModel {
		model = f.Name
	}
	s.stats.warn(s.server.clock.Now(), model, text)
}

// Ended says what Stream.Run returned, for the page to show why a pipeline has ended; nil: its source had no more.
func (s *Sink) Ended(err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err.Error()
}

// Close gives the newest frame back and ends the viewers' streams, when they have got the last picture, which stays for
// who comes later. Twice is safe.
func (s *Sink) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	frame := s.newest.frame
	s.mu.Unlock()
	if frame != nil {
		if _, err := s.picture(0); err != nil {
			s.failed(err)
		}
	}
	s.mu.Lock()
	s.newest.frame, s.newest.events = nil, nil
	close(s.ended)
	s.mu.Unlock()
	if frame != nil {
		frame.Release()
	}
	return s.render.close()
}

func (s *Sink) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// take is the newest snapshot with a reference of its own to the frame.
func (s *Sink) take() snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newest.frame != nil {
		s.newest.frame.Retain()
	}
	return s.newest
}

// wait returns the number of the newest snapshot when that is above after and it is time to show it; or an error, when ctx
// or the pipeline has ended.
func (s *Sink) wait(ctx context.Context, look draw.Parts, after uint64) (uint64, error) {
	for {
		s.mu.Lock()
		n, changed, closed := s.newest.n, s.changed, s.closed
		s.mu.Unlock()
		if closed {
			return 0, errEnded
		}
		var pause <-chan time.Time
		stop := func() bool { return true }
		if n > after {
			early := s.render.early(look, n, s.server.clock.Now())
			if early <= 0 {
				return n, nil
			}
			pause, stop = s.server.clock.After(early)
			changed = nil
		}
		select {
		case <-pause:
		case <-changed:
		case <-s.ended: // also while a picture is held back
		case <-ctx.Done():
			stop()
			return 0, ctx.Err()
		}
		stop()
	}
}

// picture is the newest snapshot as a JPEG with those parts hidden, made if nobody has seen it yet.
func (s *Sink) picture(look draw.Parts) (*picture, error) {
	return s.render.picture(s, look)
}

// still is the newest snapshot in its full size.
func (s *Sink) still(look draw.Parts) (*picture, error) {
	return s.render.still(s, look)
}

// failed tells once why pictures cannot be made.
func (s *Sink) failed(err error) {
	if s.stats.failed(s.server.clock.Now(), err) {
		s.server.log.Warn("no picture for the preview", "pipeline", s.name, "error", err)
	}
}
