package capture

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"corallite/internal/environ"
	"corallite/internal/isolate"
	"corallite/internal/reconnect"
)

// defaultLimit is the Options.Limit of 0. The child answers within Slice unless the machine is overloaded or the process
// hangs.
const defaultLimit = 10 * time.Second

// Picture describes a picture without its pixels.
type Picture struct {
	Form
	Captured time.Time
	FPS      float64 // frames per second; 0: unknown
	Passed   int     // pictures of the input before it that were passed over
}

// Session is a capture process. It must be used by one goroutine at a time.
type Session struct {
	limit   time.Duration
	process *isolate.Process
	memory  *isolate.Memory // nil: none is needed yet
	unsent  bool            // memory was not sent yet
	last    uint64          // number of the last picture
	at      int64           // when it was captured, by CLOCK_MONOTONIC
	when    time.Time       // the same, by the wall clock
	note    string
	silent  bool // the input was lost because it sent nothing
	request [feedHead + requestSize]byte
	reply   []byte
	feed    *feedReader // nil: there is none
}

// Start starts a child, which begins to open its input. logger receives the log of the child; nil: it is discarded. With
// Options.Sound or Options.Packets, take gets their records during Next, and must not keep the data.
func Start(ctx context.Context, o Options, logger *slog.Logger, take func(Record)) (*Session, error) {
	feed, err := newFeedReader(o, take)
	if err != nil {
		return nil, err
	}
	p, err := isolate.Start(ctx, isolate.Options{
		Kind: Kind, Name: "capture " + o.Shown, Setup: o, Sandbox: o.sandbox(), Logger: logger, Env: environment(o),
	})
	if err != nil {
		return nil, errors.Join(err, feed.close())
	}
	if o.Limit <= 0 {
		o.Limit = defaultLimit
	}
	return &Session{limit: o.Limit, process: p, reply: make([]byte, isolate.MaxMessage), feed: feed}, nil
}

// environment returns the environment of the child.
func environment(o Options) []string {
	more := o.Env
	if o.Input != Device {
		more = append(slices.Clone(more), environ.Proxies...)
	}
	env := environ.Pick(more...)
	if o.Input == GStreamer {
		// GStreamer cannot start its plug-in scanner in the sandbox and does the work itself then.
		env = append(env, "GST_REGISTRY_FORK=no")
	}
	return env
}

// Next waits for a new picture that was captured at from or later for about Slice; then it returns reconnect.ErrNothing, or
// reconnect.ErrEarly. fill returns the memory for its bytes: one piece, or one for each plane. What retrying cannot mend, such as a rejected password, is a
// reconnect.PermanentError. After any other error but these two the Session must be closed.
func (s *Session) Next(ctx context.Context, from time.Time, fill func(f Form) ([][]byte, error)) (Picture, error) {
	putRequest(s.request[feedHead:], s.last, onMonotonic(from))
	for {
		reply, err := s.call(ctx)
		if err != nil {
			return Picture{}, err
		}
		if len(reply) == 0 {
			return Picture{}, s.kill(errInvalidReply)
		}
		switch reply[0] {
		case replyPicture:
			return s.take(reply, fill)
		case replyNothing:
			return Picture{}, s.nothing(reply)
		case replyLost:
			s.silent = len(reply) > 1 && reply[1] == lostInSilence
			return Picture{}, lost(reply)
		case replyRoom:
			if err := s.makeRoom(reply); err != nil {
				return Picture{}, s.kill(err)
			}
		default:
			return Picture{}, s.kill(errInvalidReply)
		}
	}
}

func (s *Session) call(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, request := isolate.CallOptions{Deadline: s.limit}, s.request[feedHead:]
	if s.feed != nil {
		request, o.Send = s.request[:], s.feed.head(s.request[:])
	}
	if s.unsent {
		o.Send = append(o.Send, s.memory)
	}
	// Without ctx: the answer comes soon, so when ctx ends there is time for an orderly end.
	n, err := s.process.Call(context.Background(), request, s.reply, o)
	var died *isolate.DeathError
	switch {
	case errors.As(err, &died) && died.Hung > 0:
		return nil, &reconnect.StallError{After: died.Hung, Note: "the capture process does not respond"}
	case err != nil:
		return nil, err
	}
	s.unsent = false
	if s.feed == nil {
		return s.reply[:n], nil
	}
	reply, err := s.feed.read(s.reply[:n])
	if err != nil {
		return nil, s.kill(err)
	}
	return reply, nil
}

// nothing returns the error of a reply without a picture.
func (s *Session) nothing(reply []byte) error {
	if len(reply) < 2 {
		return s.kill(errInvalidReply)
	}
	s.note = string(reply[2:])
	if reply[1] != 0 {
		return reconnect.ErrEarly
	}
	return reconnect.ErrNothing
}

// take copies a picture from the memory.
func (s *Session) take(reply []byte, fill func(f Form) ([][]byte, error)) (Picture, error) {
	p, err := parsePicture(reply, s.room())
	if err != nil || p.number <= s.last {
		return Picture{}, s.kill(errors.Join(errInvalidReply, err))
	}
	pieces, err := fill(p.Form)
	if err != nil {
		return Picture{}, err
	}
	from := s.memory.Bytes()[:p.Bytes()]
	for _, piece := range pieces {
		from = from[copy(piece, from):]
	}
	passed := p.number - s.last - 1
	when := wall(p.captured)
	if p.captured >= s.at && when.Before(s.when) {
		when = s.when // reading two clocks takes a moment, and not always the same
	}
	s.last, s.at, s.when, s.note = p.number, p.captured, when, ""
	return Picture{Form: p.Form, Captured: when, FPS: p.fps, Passed: int(min(passed, 1<<30))}, nil
}

// room is the size of the memory.
func (s *Session) room() int {
	if s.memory == nil {
		return 0
	}
	return len(s.memory.Bytes())
}

// makeRoom allocates the memory that the child asked for; the next request sends it.
func (s *Session) makeRoom(reply []byte) error {
	bytes, err := parseRoom(reply)
	if err != nil {
		return err
	}
	if bytes <= s.room() {
		return fmt.Errorf("%w: it asks for %d bytes, but has %d", errInvalidReply, bytes, s.room())
	}
	memory, err := isolate.NewMemory(bytes)
	if err != nil {
		return err
	}
	if s.memory != nil {
		if err := s.memory.Close(); err != nil {
			return errors.Join(err, memory.Close())
		}
	}
	s.memory, s.unsent = memory, true
	return nil
}

func lost(reply []byte) error {
	if len(reply) < 2 {
		return errInvalidReply
	}
	err := errors.New(string(reply[2:]))
	if reply[1] == lostPermanently {
		return reconnect.Permanent(err)
	}
	return err
}

// kill ends a child that sent an invalid reply.
func (s *Session) kill(err error) error {
	s.process.Kill()
	return err
}

// Note explains why there was no picture.
func (s *Session) Note() string { return s.note }

// Silent reports whether the input was lost because it sent nothing for Options.Timeout.
func (s *Session) Silent() bool { return s.silent }

// PID returns the process ID of the child.
func (s *Session) PID() int { return s.process.PID() }

// Confinement returns the sandbox that is in effect.
func (s *Session) Confinement() isolate.Confinement { return s.process.Confinement() }

// Close ends the child and releases all resources. hung: the child is killed, because it would not answer.
func (s *Session) Close(hung bool) error {
	if hung {
		s.process.Kill()
	}
	err := s.process.Close()
	if hung {
		err = nil // it was killed on purpose
	}
	if s.memory != nil {
		err = errors.Join(err, s.memory.Close())
	}
	return errors.Join(err, s.feed.close())
}
