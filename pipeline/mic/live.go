package mic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gen2brain/malgo"

	"corallite/internal/backoff"
	"corallite/internal/clock"
	"corallite/internal/reconnect"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// MicrophoneOptions say what NewMicrophone listens to, and how.
type MicrophoneOptions struct {
	// Name is the microphone: an id, a name or a part of one as Microphones lists them; "" or "default": the one that the
	// system takes. It is found again by this name after it was lost.
	Name string

	Rate  int           // of the chunks, samples a second
	Chunk time.Duration // the length of a chunk; 0: 10 ms
	Pool  *audio.Pool   // of the chunks; nil: one of its own

	Source   string         // Meta.Source; "": "microphone:" and the name
	Deadline time.Duration  // nothing for so long: it is lost; 0: 5 s
	Silence  time.Duration  // digital silence for so long is said; 0: 10 s
	Backoff  backoff.Policy // between tries, which ask the sound system on this machine; the zero one: 1 s, doubled up to 5 s
	Required bool           // a microphone that is not there is an error of NewMicrophone; otherwise it is waited for
	Logger   *slog.Logger   // gets what is lost, what is back, and silence; nil: nothing is logged
	Clock    clock.Clock    // of Deadline and Backoff; nil: the machine's
}

const (
	microphoneDeadline = 5 * time.Second
	usualSilence       = 10 * time.Second
	momentOfNothing    = 100 * time.Millisecond
)

// Live is a source of what a microphone hears. When it is lost it is looked for with back-off, as long as it takes; what
// comes then has nothing to do with what was before (Chunk.First). What is not taken within two seconds is lost, the
// oldest first, and counted.
type LiveSource struct {
	name    string
	wanted  string
	must    bool // be there at the start
	log     *slog.Logger
	calls   calls
	backend *malgo.Backend // of the first session; nil: there was none yet
	intake  intake
	silence silence
	source  *reconnect.Source[*audio.Chunk]
}

var _ audio.Source = (*LiveSource)(nil)

func described(devices []device) []Microphone {
	var all []Microphone
	for _, d := range devices {
		all = append(all, d.Microphone)
	}
	return all
}

// NewMicrophone opens a microphone and waits for its first sound, for about MicrophoneOptions.Deadline at most. ctx limits
// only this wait: when it ends, NewMicrophone returns the source, and Next goes on waiting. A name that several
// microphones have is an error that lists them. A microphone that is absent or silent is logged, and Next waits for it.
// The caller closes the source.
func NewMicrophone(ctx context.Context, o MicrophoneOptions) (audio.Source, error) {
	l, err := newLive(o)
	if err != nil {
		return nil, err
	}
	if err := l.source.Start(ctx); err != nil && ctx.Err() == nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func newLive(o MicrophoneOptions) (*LiveSource, error) {
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
		o.Deadline = microphoneDeadline
	}
	if o.Silence <= 0 {
		o.Silence = usualSilence
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	l := &LiveSource{name: o.Source, wanted: o.Name, must: o.Required, log: o.Logger.With("source", o.Source), calls: calls{clock: o.Clock}}
	l.intake.shaper = shaper{pool: poolOr(o.Pool), name: o.Source, rate: o.Rate, size: samplesIn(o.Chunk, liveChunk, o.Rate)}
	l.silence = silence{after: o.Silence, log: l.log}
	l.intake.hear = func(samples []float32) { l.silence.hear(samples, l.intake.ring.rate) }
	if o.Backoff.Max <= 0 {
		o.Backoff.Max = reconnect.MaxWait
	}
	l.source = reconnect.New(reconnect.Options[*audio.Chunk]{
		Open: l.open, Discard: (*audio.Chunk).Release, Deadline: o.Deadline, Backoff: o.Backoff, Clock: o.Clock, Logger: l.log,
	})
	return l, nil
}

// open begins a session: a connection to the sound system and a device in it.
func (l *LiveSource) open(ctx context.Context) (reconnect.Session[*audio.Chunk], error) {
	var c *capturing
	var m Microphone
	// The variables are read only when the call ended in time.
	err := l.calls.do(ctx, "opening the microphone", func() (undo func() error, err error) {
		capturing, microphone, err := l.capture()
		if err != nil {
			return nil, err
		}
		c, m = capturing, microphone
		return capturing.close, nil
	})
	if err != nil {
		return nil, err
	}
	if err := l.intake.use(c.ring); err != nil {
		return nil, errors.Join(err, c.close())
	}
	l.backend = &c.system.backend
	l.log.Debug("listening", "microphone", m.String(), "backend", m.Backend, "rate", c.ring.rate)
	return &session{live: l, capturing: c}, nil
}

// capture finds the microphone and opens it.
func (l *LiveSource) capture() (*capturing, Microphone, error) {
	s, err := openSystem(l.backend)
	if err != nil {
		return nil, Microphone{}, l.absent(err)
	}
	c, m, err := l.captureIn(s)
	if err != nil {
		return nil, m, errors.Join(err, s.close())
	}
	return c, m, nil
}

// absent is the error of a microphone that is not there.
func (l *LiveSource) absent(err error) error {
	if l.must {
		return reconnect.Permanent(err)
	}
	return err
}

func (l *LiveSource) captureIn(s *system) (*capturing, Microphone, error) {
	devices, err := s.devices(false)
	if err != nil {
		return nil, Microphone{}, err
	}
	m, err := choose(described(devices), l.wanted)
	if err != nil {
		return nil, m, l.absent(err)
	}
	for _, d := range devices {
		if d.ID == m.ID {
			c, err := s.capture(d, l.wanted == defaultName, &l.intake.counts)
			if err != nil {
				return nil, m, fmt.Errorf("microphone %s: %w", m, err)
			}
			return c, m, nil
		}
	}
	return nil, m, fmt.Errorf("microphone %s is gone", m)
}

// Next gives the next chunk, however often the microphone must be opened anew for that. Its errors are ctx's and
// ErrClosed.
func (l *LiveSource) Next(ctx context.Context) (*audio.Chunk, error) { return l.source.Next(ctx) }

// Live is true.
func (l *LiveSource) Live() bool { return true }

// Name is Meta.Source of the chunks.
func (l *LiveSource) Name() string { return l.name }

// Connection is the state of the connection and its history.
func (l *LiveSource) Connection() reconnect.Stats { return l.source.Stats() }

// Stats say how much sound there was so far and how much was lost, whether the microphone is lost, and how often it
// came back.
func (l *LiveSource) Stats() pipeline.Stats {
	c := l.Connection()
	return pipeline.Stats{
		Name: l.name, Buffered: true, Reopened: c.Reopened, Lost: c.Lost(), Sound: l.intake.counts.summary(l.intake.rate),
	}
}

// Close ends the source and a Next that waits. A sound system that hangs is left behind when it does not answer within
// a moment. Chunks that are out stay valid. Twice is safe.
func (l *LiveSource) Close() error { return l.source.Close() }

// session is a microphone from its opening to its loss.
type session struct {
	live      *LiveSource
	capturing *capturing
}

var (
	errStopped = errors.New("the sound system stopped the microphone")
	errGone    = errors.New("the PulseAudio server has gone")
)

func (s *session) Next(ctx context.Context) (*audio.Chunk, error) {
	in := &s.live.intake
	passed, stop := s.live.calls.clock.After(momentOfNothing)
	defer stop()
	for over := false; ; {
		if err := in.pull(); err != nil {
			return nil, err
		}
		switch {
		case in.full():
			return in.next(), nil
		case over && s.capturing.system.gone():
			return nil, errGone
		case over:
			return nil, reconnect.ErrNothing
		}
		select {
		case <-in.ring.wake:
		case <-s.capturing.stopped:
			return nil, errStopped
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-passed:
			over = true // what came in this moment is looked at before it is said that nothing came
		}
	}
}

func (s *session) Note() string { return "" }

func (s *session) Close(hung bool) error { return s.live.calls.end(hung, s.capturing.close) }
