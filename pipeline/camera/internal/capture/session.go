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

// defaultLimit is the Options.Limit of 0. The child answers within Slice unless the machine is overloaded or the process
// hangs.
const defaultLimit = 10 * time.Second

// Picture describes a picture without its pixels.
type Picture struct {
	Width, Height int
	Captured      time.Time
	FPS           float64 // frames per second; 0: unknown
}

// Session is a capture process. It must be used by one goroutine at a time.
type Session struct {
	limit   time.Duration
	process *isolate.Process
	memory  *isolate.Memory // nil: none is needed yet
	slot    int             // bytes in a slot
	unsent  bool            // memory was not sent yet
	last    uint64          // number of the last picture
	note    string
	request [requestSize]byte
	reply   []byte
}

// Start starts a child, which begins to open its input. logger receives the log of the child; nil: it is discarded.
func Start(ctx context.Context, o Options, logger *slog.Logger) (*Session, error) {
	p, err := isolate.Start(ctx, isolate.Options{
		Kind: Kind, Name: "capture " + o.Shown, Setup: o, Sandbox: o.sandbox(), Logger: logger, Env: environment(o),
	})
	if err != nil {
		return nil, err
	}
	if o.Limit <= 0 {
		o.Limit = defaultLimit
	}
	return &Session{limit: o.Limit, process: p, reply: make([]byte, isolate.MaxMessage)}, nil
}

// environment returns the environment of the child.
func environment(o Options) []string {
	more := o.Env
	if o.Input != Device {
		more = append(slices.Clone(more), environ.Proxies...)
	}
	env := environ.Pick(more...)
	switch {
	case o.Input == GStreamer:
		// GStreamer cannot start its plug-in scanner in the sandbox and does the work itself then.
		env = append(env, "GST_REGISTRY_FORK=no")
	case givenOptions == "":
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, ffmpegOptions+"=") })
		env = append(env, ffmpegOptions+"="+ourOptions)
	}
	return env
}

// OpenCV passes this variable to ffmpeg when it opens a stream. RTSP uses TCP, which loses no packets. ffmpeg would read
// twenty pictures to find the frame rate, which read measures anyway.
const (
	ffmpegOptions = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
	ourOptions    = "rtsp_transport;tcp|fpsprobesize;0"
)

// givenOptions are those of the user, kept because opening a video in this process changes the variable.
var givenOptions = os.Getenv(ffmpegOptions)

// Next waits for a new picture for about Slice; then it returns reconnect.ErrNothing. fill allocates its pixels: BGR, 8 bits
// per channel, rows without padding. What retrying cannot mend, such as a rejected password, is a
// reconnect.PermanentError. After any error but ErrNothing the Session must be closed.
func (s *Session) Next(ctx context.Context, fill func(width, height int) ([]byte, error)) (Picture, error) {
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
			s.note = string(reply[1:])
			return Picture{}, reconnect.ErrNothing
		case replyLost:
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
	binary.LittleEndian.PutUint64(s.request[:], s.last)
	o := isolate.CallOptions{Deadline: s.limit}
	if s.unsent {
		o.Send = []*isolate.Memory{s.memory}
	}
	// Without ctx: the answer comes soon, so when ctx ends there is time for an orderly end.
	n, err := s.process.Call(context.Background(), s.request[:], s.reply, o)
	var died *isolate.DeathError
	switch {
	case errors.As(err, &died) && died.Hung > 0:
		return nil, &reconnect.StallError{After: died.Hung, Note: "the capture process does not respond"}
	case err != nil:
		return nil, err
	}
	s.unsent = false
	return s.reply[:n], nil
}

// take copies a picture from its slot.
func (s *Session) take(reply []byte, fill func(width, height int) ([]byte, error)) (Picture, error) {
	p, err := parsePicture(reply, s.slot)
	if err != nil {
		return Picture{}, s.kill(err)
	}
	pixels, err := fill(p.width, p.height)
	if err != nil {
		return Picture{}, err
	}
	copy(pixels, s.memory.Bytes()[p.slot*s.slot:][:p.bytes()])
	s.last, s.note = p.number, ""
	return Picture{Width: p.width, Height: p.height, Captured: wall(p.captured), FPS: p.fps}, nil
}

// makeRoom allocates the memory that the child asked for; the next request sends it.
func (s *Session) makeRoom(reply []byte) error {
	bytes, err := parseRoom(reply)
	if err != nil {
		return err
	}
	if bytes <= s.slot {
		return fmt.Errorf("%w: it asks for slots of %d bytes, but they have %d", errInvalidReply, bytes, s.slot)
	}
	const page = 4 << 10 // slots are page-aligned
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
	s.memory, s.slot, s.unsent = memory, bytes, true
	return nil
}

func lost(reply []byte) error {
	if len(reply) < 2 {
		return errInvalidReply
	}
	err := errors.New(string(reply[2:]))
	if reply[1] != 0 {
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
	return err
}
