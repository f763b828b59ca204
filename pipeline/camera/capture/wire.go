package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Slice is how long a child waits for a picture before it says that there is none yet.
const Slice = 100 * time.Millisecond

// MaxPixels is the size of the largest picture that is taken: 8192 × 8192. The three slots then have 576 MiB.
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

// picture is what a reply says of a picture.
type picture struct {
	slot          int // -1: in the spare memory, in the child
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

// parsePicture reads a picture's reply and checks that it lies in a slot of so many bytes.
func parsePicture(reply []byte, slotBytes int) (picture, error) {
	if len(reply) != pictureSize {
		return picture{}, errFalse
	}
	order := binary.LittleEndian
	p := picture{
		slot: int(reply[1]), number: order.Uint64(reply[8:]), captured: int64(order.Uint64(reply[16:])),
		width: int(order.Uint32(reply[4:])), height: int(order.Uint32(reply[24:])), fps: float64(order.Uint32(reply[28:])) / 1000,
	}
	if p.slot >= slots || possible(p.width, p.height) != nil || p.bytes() > slotBytes {
		return picture{}, fmt.Errorf("%w: a picture of %dx%d in slot %d of %d bytes", errFalse, p.width, p.height, p.slot, slotBytes)
	}
	return p, nil
}

// errFalse is a reply that the child cannot have meant.
var errFalse = errors.New("the child process sent a reply that cannot be")

// possible says why there is no picture of this size.
func possible(width, height int) error {
	if width < 1 || height < 1 || width > MaxPixels/height {
		return fmt.Errorf("a picture of %dx%d pixels is not possible: between 1 and %d are", width, height, MaxPixels)
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
		return 0, errFalse
	}
	n := binary.LittleEndian.Uint64(reply[8:])
	if n < 1 || n > MaxPixels*3 {
		return 0, fmt.Errorf("%w: room for %d bytes", errFalse, n)
	}
	return int(n), nil
}

// textKept is how much of a text goes with a reply, in bytes.
const textKept = 4 << 10

func putText(reply []byte, text string) int {
	return copy(reply, text[:min(len(text), textKept)])
}

// monotonic is the time of CLOCK_MONOTONIC, which is the same in all processes.
func monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // cannot be: every Linux has this clock
	}
	return t.Nano()
}

// wall is the time at which CLOCK_MONOTONIC was ns. What cannot be (before a minute ago, or to come) is now.
func wall(ns int64) time.Time {
	now, age := time.Now(), time.Duration(monotonic()-ns)
	if age < 0 || age > time.Minute {
		return now
	}
	return now.Add(-age)
}
