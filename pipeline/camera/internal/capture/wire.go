package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/yuv"
)

// Slice is how long a child waits for a picture before it answers that there is none yet.
const Slice = 100 * time.Millisecond

// MaxPixels is the maximum size of a picture: 8192 × 8192, which takes 192 MiB.
const MaxPixels = 1 << 26

const (
	requestSize = 16
	pictureSize = 32
	roomSize    = 16
)

// The kinds of reply.
const (
	replyPicture = 'p'
	replyRoom    = 'r'
	replyNothing = 'n'
	replyLost    = 'l'
)

// What a reply says of a loss beyond its text.
const (
	lostPermanently = 1
	lostInSilence   = 2
)

// Form is how the bytes of a picture are to be read.
type Form struct {
	Width, Height int
	Planes        bool       // planes one after the other, without gaps; else BGR, 8 bits per channel, rows without padding
	Layout        yuv.Layout // of Planes, as the others
	Matrix        yuv.Matrix
	Full          bool
}

// Bytes is the size of the picture.
func (f Form) Bytes() int {
	if f.Planes {
		return yuv.Bytes(f.Layout, f.Width, f.Height)
	}
	return f.Width * f.Height * 3
}

// check validates a form, which may come from a process that was taken over.
func (f Form) check() error {
	if f.Width < 1 || f.Height < 1 || f.Width > MaxPixels/f.Height {
		return fmt.Errorf("invalid picture size %dx%d (want 1 to %d pixels)", f.Width, f.Height, MaxPixels)
	}
	if f.Planes && (f.Layout.Planes() == 0 || f.Matrix > yuv.BT2020) {
		return fmt.Errorf("invalid planes: %v, %v", f.Layout, f.Matrix)
	}
	return nil
}

// picture is the description of a picture in a reply.
type picture struct {
	Form
	number   uint64
	captured int64 // CLOCK_MONOTONIC, ns
	fps      float64
}

func putRequest(request []byte, after uint64, from int64) {
	binary.LittleEndian.PutUint64(request, after)
	binary.LittleEndian.PutUint64(request[8:], uint64(from))
}

func parseRequest(request []byte) (after uint64, from int64) {
	return binary.LittleEndian.Uint64(request), int64(binary.LittleEndian.Uint64(request[8:]))
}

func (p picture) put(reply []byte) int {
	clear(reply[:pictureSize])
	reply[0] = replyPicture
	if p.Planes {
		reply[1], reply[2] = 1+byte(p.Layout), byte(p.Matrix)
		if p.Full {
			reply[3] = 1
		}
	}
	order := binary.LittleEndian
	order.PutUint32(reply[4:], uint32(p.Width))
	order.PutUint64(reply[8:], p.number)
	order.PutUint64(reply[16:], uint64(p.captured))
	order.PutUint32(reply[24:], uint32(p.Height))
	order.PutUint32(reply[28:], uint32(float64(p.fps*1000)+0.5))
	return pictureSize
}

// parsePicture parses the description of a picture and checks that the picture fits into the memory.
func parsePicture(reply []byte, memory int) (picture, error) {
	if len(reply) != pictureSize {
		return picture{}, errInvalidReply
	}
	order := binary.LittleEndian
	p := picture{
		Form:   Form{Width: int(order.Uint32(reply[4:])), Height: int(order.Uint32(reply[24:]))},
		number: order.Uint64(reply[8:]), captured: int64(order.Uint64(reply[16:])), fps: float64(order.Uint32(reply[28:])) / 1000,
	}
	if reply[1] > 0 {
		p.Planes, p.Layout, p.Matrix, p.Full = true, yuv.Layout(reply[1]-1), yuv.Matrix(reply[2]), reply[3] != 0
	}
	if err := p.check(); err != nil {
		return picture{}, fmt.Errorf("%w: %w", errInvalidReply, err)
	}
	if p.Bytes() > memory {
		return picture{}, fmt.Errorf("%w: a picture of %dx%d in %d bytes", errInvalidReply, p.Width, p.Height, memory)
	}
	return p, nil
}

// errInvalidReply is a reply that a working child never sends.
var errInvalidReply = errors.New("invalid reply of the capture process")

func putRoom(reply []byte, bytes int) int {
	clear(reply[:roomSize])
	reply[0] = replyRoom
	binary.LittleEndian.PutUint64(reply[8:], uint64(bytes))
	return roomSize
}

func parseRoom(reply []byte) (int, error) {
	if len(reply) != roomSize {
		return 0, errInvalidReply
	}
	n := binary.LittleEndian.Uint64(reply[8:])
	if n < 1 || n > MaxPixels*3 {
		return 0, fmt.Errorf("%w: room for %d bytes", errInvalidReply, n)
	}
	return int(n), nil
}

// textKept is the maximum length of a text in a reply, in bytes.
const textKept = 4 << 10

func putText(reply []byte, text string) int {
	return copy(reply, text[:min(len(text), textKept)])
}

// monotonic returns the time of CLOCK_MONOTONIC, which is the same in all processes, in nanoseconds.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // unreachable: every Linux has this clock
	}
	return t.Nano()
}

// Wall converts a time of a record; 0 becomes now.
func Wall(ns int64) time.Time { return wall(ns) }

// wall converts a time of CLOCK_MONOTONIC. An implausible one (more than a minute ago, or in the future) becomes now.
func wall(ns int64) time.Time {
	now, age := time.Now(), time.Duration(monotonic()-ns)
	if age < 0 || age > time.Minute {
		return now
	}
	return now.Add(-age)
}

// onMonotonic converts a time to CLOCK_MONOTONIC; 0 for the zero time.
func onMonotonic(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return monotonic() + int64(time.Until(t))
}
