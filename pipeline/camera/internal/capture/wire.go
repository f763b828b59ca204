package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Slice is how long a child waits for a picture before it answers that there is none yet.
const Slice = 100 * time.Millisecond

// MaxPixels is the maximum size of a picture: 8192 × 8192. Three slots of it take 576 MiB.
const MaxPixels = 1 << 26

const (
	slots       = 3
	requestSize = 8
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

// picture is the description of a picture in a reply.
type picture struct {
	slot          int // -1: in the child's spare memory
	number        uint64
	captured      int64 // CLOCK_MONOTONIC, ns
	width, height int
	fps           float64
}

func (p picture) bytes() int { return p.width * p.height * 3 }

func (p picture) put(reply []byte) int {
	reply[0], reply[1] = replyPicture, byte(p.slot)
	order := binary.LittleEndian
	order.PutUint32(reply[4:], uint32(p.width))
	order.PutUint64(reply[8:], p.number)
	order.PutUint64(reply[16:], uint64(p.captured))
	order.PutUint32(reply[24:], uint32(p.height))
	order.PutUint32(reply[28:], uint32(float64(p.fps*1000)+0.5))
	return pictureSize
}

// parsePicture parses the description of a picture and checks that the picture fits into a slot of that many bytes.
func parsePicture(reply []byte, slotBytes int) (picture, error) {
	if len(reply) != pictureSize {
		return picture{}, errInvalidReply
	}
	order := binary.LittleEndian
	p := picture{
		slot: int(reply[1]), number: order.Uint64(reply[8:]), captured: int64(order.Uint64(reply[16:])),
		width: int(order.Uint32(reply[4:])), height: int(order.Uint32(reply[24:])), fps: float64(order.Uint32(reply[28:])) / 1000,
	}
	if p.slot >= slots || checkSize(p.width, p.height) != nil || p.bytes() > slotBytes {
		return picture{}, fmt.Errorf("%w: a picture of %dx%d in slot %d of %d bytes", errInvalidReply, p.width, p.height, p.slot, slotBytes)
	}
	return p, nil
}

// errInvalidReply is a reply that a working child never sends.
var errInvalidReply = errors.New("invalid reply of the capture process")

// checkSize validates the size of a picture.
func checkSize(width, height int) error {
	if width < 1 || height < 1 || width > MaxPixels/height {
		return fmt.Errorf("invalid picture size %dx%d (want 1 to %d pixels)", width, height, MaxPixels)
	}
	return nil
}

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
		return 0, fmt.Errorf("%w: slots of %d bytes", errInvalidReply, n)
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

// wall converts a time of CLOCK_MONOTONIC. An implausible one (more than a minute ago, or in the future) becomes now.
func wall(ns int64) time.Time {
	now, age := time.Now(), time.Duration(monotonic()-ns)
	if age < 0 || age > time.Minute {
		return now
	}
	return now.Add(-age)
}
