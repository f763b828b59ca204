package mic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"corallite/internal/backoff"
	"corallite/internal/channels"
	"corallite/internal/clock"
	"corallite/internal/reconnect"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic/internal/backend"
	"corallite/pipeline/mic/internal/backend/miniaudio"
)

// Backends returns the sound systems that are tried, in this order.
func Backends() []backend.Backend { return []backend.Backend{miniaudio.PulseAudio, miniaudio.ALSA} }

// MicrophoneOptions are the options of NewMicrophone.
type MicrophoneOptions struct {
	// Name is the ID or the name of a microphone, or a part of the name, as Microphones lists them; "" or "default" is the
	// system's default. A microphone that was lost is found again by this name.
	Name string

	Rate  int           // of the chunks, in samples per second, from 1000 to 1,000,000
	Chunk time.Duration // length of a chunk; 0: 10 ms
	Pool  *audio.Pool   // of the chunks; nil: a new one

	// Channel is that of a microphone with several: "left", "right", "1", "2", …; "" or "mix": their mean. One that the
	// microphone does not have is an error.
	Channel string

	Source   string            // Meta.Source of the chunks; "": "microphone:" and the name
	Deadline time.Duration     // a microphone that gives nothing for this long is lost; 0: 5 s
	Silence  time.Duration     // digital silence of this length is logged; 0: 10 s
	Backoff  backoff.Policy    // between attempts, which ask the local sound system; zero: 1 s, doubled up to 5 s
	Required bool              // NewMicrophone fails when the microphone is not there; otherwise it is waited for
	Logger   *slog.Logger      // for losses, returns and silence; nil: nothing is logged
	Clock    clock.Clock       // nil: the system clock
	Backends []backend.Backend // sound systems to try, in order; nil: those of Backends
}

const (
	defaultDeadline = 5 * time.Second
	defaultSilence  = 10 * time.Second
)

// LiveSource is the sound of a microphone. A lost microphone is reopened with back-off, for as long as it takes; the first
// chunk after that is First. Sound that is not taken within two seconds is lost, oldest first, and counted.
type LiveSource struct {
	name     string
	wanted   string
	required bool
	log      *slog.Logger
	calls    guardedCalls
	backends []backend.Backend // after the first session: only the one that it used
	reader   reader
	silence  silenceDetector
	channel  int  // from 1; 0: the mean of all
	warned   bool // of channels that cancel each other out
	source   *reconnect.Source[*audio.Chunk]
}

var _ audio.Source = (*LiveSource)(nil)

// NewMicrophone opens a microphone and waits for its first sound, for about MicrophoneOptions.Deadline at most. ctx limits
// only this wait: when it ends, NewMicrophone returns the source, and Next goes on waiting. A name that several
// microphones have is an error that lists them. A microphone that is absent or silent is logged, and Next waits for it.
// The caller closes the source.
func NewMicrophone(ctx context.Context, o MicrophoneOptions) (audio.Source, error) {
	l, err := newLiveSource(o)
	if err != nil {
		return nil, err
	}
	if err := l.source.Start(ctx); err != nil && ctx.Err() == nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func newLiveSource(o MicrophoneOptions) (*LiveSource, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.Source == "" {
		o.Source = "microphone:" + o.Name
	}
	if o.Deadline <= 0 {
		o.Deadline = defaultDeadline
	}
	if o.Silence <= 0 {
		o.Silence = defaultSilence
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Backoff.Max <= 0 {
		o.Backoff.Max = reconnect.MaxWait
	}
	if o.Backends == nil {
		o.Backends = Backends()
	}
	channel, err := channels.Parse(o.Channel)
	if err != nil {
		return nil, err
	}
	l := &LiveSource{
		channel: channel, name: o.Source, wanted: o.Name, required: o.Required, log: o.Logger.With("source", o.Source),
		calls: guardedCalls{clock: o.Clock}, backends: slices.Clone(o.Backends),
	}
	l.reader.chunker = chunker{pool: poolOr(o.Pool), name: o.Source, rate: o.Rate, size: samplesIn(o.Chunk, liveChunk, o.Rate)}
	l.silence = silenceDetector{after: o.Silence, log: l.log}
	l.reader.inspect = func(samples []float32) { l.silence.add(samples, l.reader.ring.rate) }
	l.source = reconnect.New(reconnect.Options[*audio.Chunk]{
		Open: l.open, Discard: (*audio.Chunk).Release, Deadline: o.Deadline, Backoff: o.Backoff, Clock: o.Clock, Logger: l.log,
	})
	return l, nil
}

// open connects to the sound system and opens the microphone.
func (l *LiveSource) open(ctx context.Context) (reconnect.Session[*audio.Chunk], error) {
	var s *session
	// s is read only when the call ended in time.
	err := l.calls.do(ctx, "opening the microphone", func() (undo func() error, err error) {
		opened, err := l.capture(ctx)
		if err != nil {
			return nil, err
		}
		s = opened
		return opened.close, nil
	})
	if err != nil {
		return nil, err
	}
	if err := l.reader.use(s.ring); err != nil {
		return nil, errors.Join(err, s.close())
	}
	l.backends = []backend.Backend{s.backend}
	l.log.Debug("listening", "microphone", s.microphone.String(), "backend", s.microphone.Backend, "rate", s.ring.rate)
	return s, nil
}

// capture finds the microphone, opens it and starts it.
func (l *LiveSource) capture(ctx context.Context) (*session, error) {
	c, b, err := connect(l.backends)
	if err != nil {
		return nil, l.absent(err)
	}
	s := &session{source: l, backend: b, connection: c}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// absent is the error of a microphone that is not there.
func (l *LiveSource) absent(err error) error {
	if l.required {
		return reconnect.Permanent(err)
	}
	return err
}

// connect connects to the first of the sound systems that can be used.
func connect(all []backend.Backend) (backend.Connection, backend.Backend, error) {
	var errs []error
	for _, b := range all {
		c, err := b.Connect()
		if err == nil {
			return c, b, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", b.Name(), err))
	}
	return nil, nil, fmt.Errorf("no sound system is available: %w", errors.Join(errs...))
}

// Next returns the next chunk, however often the microphone has to be reopened for that. Its errors are ctx's and
// ErrClosed.
func (l *LiveSource) Next(ctx context.Context) (*audio.Chunk, error) { return l.source.Next(ctx) }

// Live is true.
func (l *LiveSource) Live() bool { return true }

// Name is Meta.Source of the chunks.
func (l *LiveSource) Name() string { return l.name }

// Connection returns the state of the connection and its history.
func (l *LiveSource) Connection() reconnect.Stats { return l.source.Stats() }

// Stats say how much sound there was so far and how much was lost, whether the microphone is lost, and how often it
// came back.
func (l *LiveSource) Stats() pipeline.Stats {
	c := l.Connection()
	return pipeline.Stats{
		Name: l.name, Buffered: true, Reopened: c.Reopened, Lost: c.Lost(), Sound: l.reader.counts.summary(l.reader.rate),
	}
}

// Close ends the source and any waiting Next. A sound system that hangs is abandoned after a moment. Chunks that were
// returned stay valid. It may be called twice.
func (l *LiveSource) Close() error { return l.source.Close() }
