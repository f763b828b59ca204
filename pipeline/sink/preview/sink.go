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

	"corallite/pipeline"
	"corallite/pipeline/draw"
)

// Defaults of SinkOptions.
const (
	DefaultWidth   = 1280
	DefaultFPS     = 30
	DefaultQuality = 80
)

// SinkOptions say how a pipeline is shown.
type SinkOptions struct {
	// Width is the most pixels that the live picture is wide; wider ones are made smaller. 0: DefaultWidth. A still
	// keeps the frame's own size.
	Width int
	// FPS is how many pictures a second are made at most; 0: DefaultFPS.
	FPS float64
	// Quality is the JPEG quality, 1 to 100; 0: DefaultQuality.
	Quality int
	// Draw says how it looks. What it hides no viewer can bring back.
	Draw draw.Options
	// Source, when set, tells how the source is. Like Sound it is called a few times a second at most.
	Source func() SourceState
	// Sound, when set, makes it a pipeline of sound, and tells what is heard.
	Sound func() SoundState
}

// SourceState is how a pipeline's source is.
type SourceState struct {
	Name string // "camera:0"; "": what the items say
	// Lost is why the source gives nothing now, in words: "connection refused". It is tried again. "": it gives something,
	// or nothing is known against it.
	Lost string

	Reopened  uint64  // how often it came back
	Held      uint64  // items that no model saw because nothing moved in them
	HeldShare float64 // of those that were looked at, 0 to 1
	Still     bool    // nothing moves now: items are held back
}

// SoundState is what is heard.
type SoundState struct {
	LevelDBFS float32   // root mean square of the loudest chunk of the last half second, in dB of full scale
	Heard     time.Time // when the last chunk came; zero: none did
	Seconds   float64   // of sound so far
}

// Sink shows one pipeline. It is a pipeline.Sink; viewers reach it through its Server. Items that are no draw.Frame
// (sound) have a place on the page without a picture.
type Sink struct {
	name   string
	o      SinkOptions
	server *Server
	stats  stats

	encoded atomic.Uint64 // pictures made
	viewers atomic.Int64

	progress atomic.Pointer[pipeline.Progress] // nil: nobody told

	mu      sync.Mutex
	newest  shot
	changed chan struct{} // closed when there is a newer shot
	ended   chan struct{} // closed by Close
	closed  bool
	failure string // what ended the pipeline; "": nothing did

	render renderer
}

// shot is a frame with what was found in it. Its events are only read.
type shot struct {
	n      uint64 // counted from 1; 0: there is none
	frame  draw.Frame
	events []pipeline.Event
}

// errEnded is a stream whose pipeline or server has ended.
var errEnded = errors.New("the pipeline has ended")

// errClosed is Consume after Close.
var errClosed = errors.New("preview: the sink is closed")

// Sink makes the place of a pipeline on the page. The name is the pipeline's; one that is there already and closed is
// replaced. It fails when the name is empty or in use, or an option is impossible. The Stream closes the sink.
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
		return nil, fmt.Errorf("preview: the pipeline %s is shown already", name)
	}
	return k, nil
}

// Consume keeps the report as the newest one and wakes the viewers. It neither draws nor waits.
func (k *Sink) Consume(_ context.Context, r pipeline.Report) error {
	f, _ := r.Item.(draw.Frame)
	if !k.put(f, r.Events) {
		return errClosed
	}
	k.stats.add(k.server.clock.Now(), r)
	return nil
}

// Show shows a frame that no model looked at, because nothing moves in it. It is not counted as a report. After Close it
// does nothing.
func (k *Sink) Show(f draw.Frame) {
	if k.put(f, nil) {
		k.stats.show(k.server.clock.Now(), f)
	}
}

// put makes a frame, nil where the item has no picture, and what was found in it the newest shot. It is false after
// Close.
func (k *Sink) put(f draw.Frame, events []pipeline.Event) bool {
	if f != nil {
		f.Retain()
	}
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		if f != nil {
			f.Release()
		}
		return false
	}
	before := k.newest
	k.newest = shot{n: before.n + 1, frame: f, events: events}
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	if before.frame != nil {
		before.frame.Release()
	}
	return true
}

// Lossless is false: the page shows the newest, and waits for nothing.
func (k *Sink) Lossless() bool { return false }

// Progress tells the page what only the Stream counts: dropped items and errors. It fits Stream.Progress.
func (k *Sink) Progress(p pipeline.Progress) { k.progress.Store(&p) }

// Failed shows a failure that the stream survived among the events. It fits Stream.OnError.
func (k *Sink) Failed(f pipeline.Failure) {
	text := f.Err.Error()
	if f.Stage == pipeline.StageSink {
		text = "sink " + f.Name + ": " + text
	}
	model := ""
	if f.Stage == pipeline.StageModel {
		model = f.Name
	}
	k.stats.warn(k.server.clock.Now(), model, text)
}

// Ended says what Stream.Run returned, for the page to show why a pipeline has ended; nil: its source had no more.
func (k *Sink) Ended(err error) {
	if err == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failure = err.Error()
}

// Close gives the newest frame back and ends the viewers' streams, when they have got the last picture, which stays for
// who comes later. Twice is safe.
func (k *Sink) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	frame := k.newest.frame
	k.mu.Unlock()
	if frame != nil {
		if _, err := k.picture(0); err != nil {
			k.failed(err)
		}
	}
	k.mu.Lock()
	k.newest.frame, k.newest.events = nil, nil
	close(k.ended)
	k.mu.Unlock()
	if frame != nil {
		frame.Release()
	}
	return k.render.close()
}

func (k *Sink) isClosed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed
}

// take is the newest shot with a reference of its own to the frame.
func (k *Sink) take() shot {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.newest.frame != nil {
		k.newest.frame.Retain()
	}
	return k.newest
}

// wait returns the number of the newest shot when that is above after and it is time to show it; or an error, when ctx
// or the pipeline has ended.
func (k *Sink) wait(ctx context.Context, look draw.Parts, after uint64) (uint64, error) {
	for {
		k.mu.Lock()
		n, changed, closed := k.newest.n, k.changed, k.closed
		k.mu.Unlock()
		if closed {
			return 0, errEnded
		}
		var pause <-chan time.Time
		stop := func() bool { return true }
		if n > after {
			early := k.render.early(look, n, k.server.clock.Now())
			if early <= 0 {
				return n, nil
			}
			pause, stop = k.server.clock.After(early)
			changed = nil
		}
		select {
		case <-pause:
		case <-changed:
		case <-k.ended: // also while a picture is held back
		case <-ctx.Done():
			stop()
			return 0, ctx.Err()
		}
		stop()
	}
}

// picture is the newest shot as a JPEG with those parts hidden, made if nobody has seen it yet.
func (k *Sink) picture(look draw.Parts) (*picture, error) {
	return k.render.picture(k, look)
}

// still is the newest shot in its full size.
func (k *Sink) still(look draw.Parts) (*picture, error) {
	return k.render.still(k, look)
}

// failed tells once why pictures cannot be made.
func (k *Sink) failed(err error) {
	if k.stats.failed(k.server.clock.Now(), err) {
		k.server.log.Warn("no picture for the preview", "pipeline", k.name, "error", err)
	}
}
