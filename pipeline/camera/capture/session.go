package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"corallite/internal/environ"
	"corallite/internal/isolate"
	"corallite/internal/reconnect"
)

// callLimit is how long the child may take to answer when Options.Limit is 0. It does within Slice unless the machine is
// overloaded or the process stopped.
const callLimit = 10 * time.Second

// Picture is what is known of a picture beside its pixels.
type Picture struct {
	Width, Height int
	Captured      time.Time
	FPS           float64 // pictures a second; 0: not known
}

// Session is a child that captures. One goroutine at a time uses it; Kill, Done and PID by any.
type Session struct {
	limit   time.Duration
	process *isolate.Process
	memory  *isolate.Memory // nil: none is needed yet
	slot    int             // bytes of one
	fresh   bool            // memory is still to be sent
	last    uint64          // number of the last picture
	note    string
	request [requestSize]byte
	reply   []byte
}

// Start starts a child, which begins to open its input. logger gets what the child says; nil: nobody does.
func Start(ctx context.Context, o Options, logger *slog.Logger) (*Session, error) {
	p, err := isolate.Start(ctx, isolate.Options{
		Kind: Kind, Name: "capture " + o.Shown, Setup: o, Sandbox: o.sandbox(), Logger: logger, Env: environment(o),
	})
	if err != nil {
		return nil, err
	}
	if o.Limit <= 0 {
		o.Limit = callLimit
	}
	return &Session{limit: o.Limit, process: p, reply: make([]byte, isolate.MaxMessage)}, nil
}

// environment is the child's.
func environment(o Options) []string {
	more := o.Env
	if o.Input != Device {
		more = append(slices.Clone(more), environ.Proxies...)
	}
	env := environ.Pick(more...)
	switch {
	case o.Input == GStreamer:
		// The programs by which GStreamer looks at its plug-ins cannot be started; it does that itself then.
		env = append(env, "GST_REGISTRY_FORK=no")
	case givenOptions == "":
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, ffmpegOptions+"=") })
		env = append(env, ffmpegOptions+"="+ourOptions)
	}
	return env
}

// OpenCV gives what is in this variable to ffmpeg when it opens a stream. RTSP goes through TCP, where no packet is
// lost. The rate is not worth waiting for: ffmpeg would look at twenty pictures for it, and read counts them anyway.
const (
	ffmpegOptions = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
	ourOptions    = "rtsp_transport;tcp|fpsprobesize;0"
)

// givenOptions are those of the user: whatever opens a video in this process changes the variable.
var givenOptions = os.Getenv(ffmpegOptions)

// Next waits for a picture that was not given yet, for about Slice: then it returns reconnect.ErrNothing. fill gives
// the memory for its pixels: BGR, 8 bits a channel, rows without gaps. An input that is lost for good, such as one that
// refuses the password, is a reconnect.PermanentError; after any error but ErrNothing the Session is to be closed.
func (s *Session) Next(ctx context.Context, fill func(width, height int) ([]byte, error)) (Picture, error) {
	for {
		reply, err := s.call(ctx)
		if err != nil {
			return Picture{}, err
		}
		if len(reply) == 0 {
			return Picture{}, s.cut(errFalse)
		}
		switch reply[0] {
		case replyPicture:
			return s.take(reply, fill)
		case replyNothing:
			s.note = string(reply[1:])
			return Picture{}, reconnect.ErrNothing
		case replyLost:
			return Picture{}, lost(reply)
		case replyRoom:
			if err := s.makeRoom(reply); err != nil {
				return Picture{}, s.cut(err)
			}
		default:
			return Picture{}, s.cut(errFalse)
		}
	}
}

func (s *Session) call(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint64(s.request[:], s.last)
	o := isolate.CallOptions{Deadline: s.limit}
	if s.fresh {
		o.Send = []*isolate.Memory{s.memory}
	}
	// Not with ctx: when that ends there is time for an orderly end, because the answer comes soon.
	n, err := s.process.Call(context.Background(), s.request[:], s.reply, o)
	var died *isolate.DeathError
	switch {
	case errors.As(err, &died) && died.Hung > 0:
		return nil, &reconnect.StallError{After: died.Hung, Note: "the process that captures does not answer"}
	case err != nil:
		return nil, err
	}
	s.fresh = false
	return s.reply[:n], nil
}

// take copies a picture out of its slot.
func (s *Session) take(reply []byte, fill func(width, height int) ([]byte, error)) (Picture, error) {
	p, err := parsePicture(reply, s.slot)
	if err != nil {
		return Picture{}, s.cut(err)
	}
	pixels, err := fill(p.width, p.height)
	if err != nil {
		return Picture{}, err
	}
	copy(pixels, s.memory.Bytes()[p.slot*s.slot:][:p.bytes()])
	s.last, s.note = p.number, ""
	return Picture{Width: p.width, Height: p.height, Captured: wall(p.captured), FPS: p.fps}, nil
}

// makeRoom makes the memory that the child asks for; the next request takes it along.
func (s *Session) makeRoom(reply []byte) error {
	bytes, err := parseRoom(reply)
	if err != nil {
		return err
	}
	if bytes <= s.slot {
		return fmt.Errorf("%w: room for %d bytes where there is room for %d", errFalse, bytes, s.slot)
	}
	const page = 4 << 10 // slots begin at pages
	bytes = (bytes + page - 1) &^ (page - 1)
	memory, err := isolate.NewMemory(bytes * slots)
	if err != nil {
		return err
	}
	if s.memory != nil {
		if err := s.memory.Close(); err != nil {
			return errors.Join(err, memory.Close())
		}
	}
	s.memory, s.slot, s.fresh = memory, bytes, true
	return nil
}

func lost(reply []byte) error {
	if len(reply) < 2 {
		return errFalse
	}
	err := errors.New(string(reply[2:]))
	if reply[1] != 0 {
		return reconnect.Permanent(err)
	}
	return err
}

// cut ends a child that cannot be trusted.
func (s *Session) cut(err error) error {
	s.process.Kill()
	return err
}

// Note is what the child said when it had no picture.
func (s *Session) Note() string { return s.note }

// PID is the child's process id.
func (s *Session) PID() int { return s.process.PID() }

// Confinement is what really holds the child.
func (s *Session) Confinement() isolate.Confinement { return s.process.Confinement() }

// Close ends the child and gives back what the Session holds. hung: it is killed, because asking it would be in vain.
func (s *Session) Close(hung bool) error {
	if hung {
		s.process.Kill()
	}
	err := s.process.Close()
	if hung {
		err = nil // that it was killed is no news
	}
	if s.memory != nil {
		err = errors.Join(err, s.memory.Close())
	}
	return err
}
