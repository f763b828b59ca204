package camera

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"corallite/internal/reconnect"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/camera/internal/capture"
	"corallite/pipeline/mic"
)

// liveSound is the sound of a live source.
type liveSound struct {
	samples []float32
	heard   bool // since the last call of listen
	said    bool // that there is none
	gap     bool // the next sound begins anew: it is that of another session

	mu    sync.Mutex
	feed  *mic.Feed // nil: nobody takes it
	ended bool
}

// begin notes that a session begins, whose sound does not follow that of another.
func (s *liveSound) begin() { s.gap = true }

// end ends the sound.
func (s *liveSound) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.feed != nil {
		s.feed.End()
	}
}

// Sound opens the sound of the stream, as chunks of that length with rate samples a second; LiveOptions.Sound must be set.
// It comes while somebody calls Next of the LiveSource, which reads both, and its capture times are on the same clock.
// What is not taken within two seconds is lost and counted; after a loss of the source it goes on with a chunk that is
// First. It ends with the LiveSource. That the stream has no sound is logged, once. The caller closes it.
func (l *LiveSource) Sound(rate int, chunk time.Duration) (audio.Source, error) {
	if !l.input.Sound {
		return nil, errors.New(l.name + ": it was opened without sound")
	}
	f, err := mic.NewFeed(mic.FeedOptions{Name: l.name, Rate: rate, Chunk: chunk})
	if err != nil {
		return nil, err
	}
	l.sound.mu.Lock()
	defer l.sound.mu.Unlock()
	if l.sound.ended {
		f.End()
	}
	l.sound.feed = f
	return f, nil
}

// take takes what the capture process gives beside pictures.
func (l *LiveSource) take(r capture.Record) {
	switch r.Kind {
	case capture.RecordSound:
		l.hear(r)
	case capture.RecordNoSound:
		if !l.sound.said {
			l.sound.said = true
			l.log.Warn("there is no sound; models on sound wait for it", "why", l.clean.text(string(r.Data)))
		}
	default:
		l.hand(r)
	}
}

func (l *LiveSource) hear(r capture.Record) {
	s := &l.sound
	s.heard = true
	if s.said {
		s.said = false
		l.log.Info("there is sound now")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feed == nil {
		return // it is opened soon, or nobody wants it
	}
	s.samples = r.Samples(s.samples[:0])
	if err := s.feed.Put(s.samples, r.Number, capture.Wall(r.Captured), r.Gap || s.gap, time.Duration(r.Lost)); err != nil {
		l.log.Debug("sound that cannot be used", "error", err)
	}
	s.gap = false
}

// listen waits briefly for sound.
func (s *liveSession) listen(ctx context.Context) error {
	sound := &s.source.sound
	sound.heard = false
	_, err := s.capture.Next(ctx, time.Time{}, func(capture.Form) ([][]byte, error) { return nil, errUnwanted })
	if errors.Is(err, reconnect.ErrNothing) && sound.heard {
		return nil
	}
	if err == nil { // what takes pictures refuses them
		err = errUnwanted
	}
	return s.source.clean.error(err)
}

var errUnwanted = errors.New("the capture process gives pictures that nobody wants")

// LiveSound is the sound of a stream that has no pictures, or whose pictures nobody wants.
type LiveSound struct {
	audio.Source
	stream *LiveSource
	stop   context.CancelFunc
	done   chan struct{}
	closed atomic.Bool
}

var _ audio.Source = (*LiveSound)(nil)

// NewLiveSound opens the sound of a URL alone; else it is like NewLive. Chunks of that length (0: 10 ms) have rate samples a
// second.
func NewLiveSound(ctx context.Context, o LiveOptions, rate int, chunk time.Duration) (*LiveSound, error) {
	o.Sound = true
	l, err := newLive(o)
	if err != nil {
		return nil, err
	}
	l.input.NoPictures = true
	sound, err := l.Sound(rate, chunk)
	if err == nil {
		err = l.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	reading, stop := context.WithCancel(context.Background())
	s := &LiveSound{Source: sound, stream: l, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for {
			if _, err := l.Next(reading); err != nil { // there are no frames, only errors of the end
				return
			}
		}
	}()
	return s, nil
}

// Stats say how much sound there was and how much was lost, whether the stream is lost, and how often it came back.
func (s *LiveSound) Stats() pipeline.Stats {
	stats, stream := s.Source.Stats(), s.stream.Stats()
	stats.Reopened, stats.Lost = stream.Reopened, stream.Lost
	return stats
}

// Connection returns the state of the connection and its history.
func (s *LiveSound) Connection() reconnect.Stats { return s.stream.Connection() }

// Close ends the source, its child process and any waiting Next. It may be called twice.
func (s *LiveSound) Close() error {
	if s.closed.Swap(true) {
		<-s.done
		return nil
	}
	err := s.Source.Close()
	s.stop()
	<-s.done
	return errors.Join(err, s.stream.Close())
}
