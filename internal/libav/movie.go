// Package libav reads and writes video with the system's ffmpeg libraries (libavcodec, libavformat), the ones that OpenCV
// uses as well. They are loaded when the first movie or reader is opened, so that a program without video does not pay for them.
package libav

/*
#include <stdlib.h>
#include "movie.h"
*/
import "C"

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// ErrNoEncoder is an encoder that this ffmpeg does not have.
var ErrNoEncoder = errors.New("this ffmpeg does not have the encoder")

// Error is an error of the ffmpeg libraries.
type Error struct {
	Op   string // "encoding", "ending a fragment"
	Code int    // AVERROR
	Log  string // what the libraries said about it; may be empty
}

func (e *Error) Error() string {
	var words [128]C.char
	C.libav_words(C.int(e.Code), &words[0], C.int(len(words)))
	text := fmt.Sprintf("%s: %s", e.Op, C.GoString(&words[0]))
	if e.Log != "" {
		text += " (" + e.Log + ")"
	}
	return text
}

// failed is the error of a call: the system's own where a write failed. EINVAL is what ffmpeg says of what it cannot
// encode, and nothing that a write to a file meets.
func failed(op string, code C.int) error {
	if code >= 0 {
		return nil
	}
	if number := syscall.Errno(C.libav_errno(code)); number != 0 && number != syscall.EINVAL {
		return number
	}
	return &Error{Op: op, Code: int(code)}
}

// Encoders of Options.
const (
	X264     = "libx264"
	OpenH264 = "libopenh264"
	MPEG4    = "mpeg4"
)

// Options of Open.
type Options struct {
	Encoder       string // ffmpeg's name
	Width, Height int    // even
	// About Rate/Base frames are shown in a second: 2997 and 100 are 29.97. Rate is at most 65535, which is what MPEG-4 can
	// say.
	Rate, Base int
	// Timed is a movie whose frames have times of their own (WriteAt); in others each frame is shown for Base/Rate seconds.
	Timed bool
	// Sound is that of another container, whose packets WriteSound copies; nil: there is none. MP4 must take its codec
	// (Holds).
	Sound *Parameters
}

// Movie is a fragmented MP4 (ISO/IEC 14496-12, section 8.8): what was flushed can be played whatever happens after. One
// goroutine at a time uses it.
type Movie struct {
	muxer
	encoder *C.libav_movie // nil: closed
	size    int            // bytes of a picture

	timed bool
	step  int64 // ticks that a frame is shown for when the movie is not timed
	next  int64 // the first tick at which a frame may be shown
}

// Open begins a movie in f, from where f stands; f stays the caller's and must stay open until Close. It is ErrNoEncoder
// when ffmpeg lacks the encoder.
func Open(f *os.File, o Options) (*Movie, error) {
	if err := Load(); err != nil {
		return nil, err
	}
	if o.Width <= 0 || o.Height <= 0 || o.Width%2 != 0 || o.Height%2 != 0 || o.Rate <= 0 || o.Base <= 0 {
		return nil, fmt.Errorf("a video of %d×%d pixels, %d/%d frames a second, is not possible", o.Width, o.Height, o.Rate, o.Base)
	}
	name := C.CString(o.Encoder)
	defer C.free(unsafe.Pointer(name))
	m := &Movie{size: o.Width * o.Height * 3 / 2, timed: o.Timed, step: int64(o.Base)}
	ticks := o.Rate
	if o.Timed {
		ticks = Ticks
	}
	var sound *C.struct_libav_params
	if o.Sound != nil {
		var pin runtime.Pinner
		defer pin.Unpin()
		c := o.Sound.c(&pin)
		sound = &c
	}
	var err error
	if m.muxer, err = openMuxer(f, MP4); err != nil {
		return nil, err
	}
	code := C.libav_movie_open(&m.encoder, m.c, name, C.int(o.Width), C.int(o.Height), C.int(o.Rate), C.int(o.Base), C.int(ticks), sound)
	if err := failed("opening "+o.Encoder, code); err != nil {
		m.Close()
		if errors.Is(err, syscall.ENOSYS) {
			return nil, ErrNoEncoder
		}
		return nil, err
	}
	return m, nil
}

// Ticks are the parts of a second in which the times of a timed movie are counted: a frame of 24, 25, 30, 50 or 60 frames a
// second, also of 30/1.001, lasts a whole number of them, and MPEG-4 cannot count more than 65535.
const Ticks = 60000

// Write adds a picture in I420, behind the last one: Width×Height bytes of Y, then a quarter of that of U and of V. The movie
// must not be timed.
func (m *Movie) Write(i420 []byte) error {
	if m.timed {
		return errors.New("a timed movie wants the times of its frames")
	}
	return m.write(i420, m.next, m.step)
}

// WriteAt adds a picture as Write does to a timed movie, to be shown from a tick on, for so many ticks. A picture whose time
// has passed comes right behind the last one's time.
func (m *Movie) WriteAt(i420 []byte, at, ticks int64) error {
	if !m.timed {
		return errors.New("the frames of the movie have no times of their own")
	}
	return m.write(i420, max(at, m.next), max(ticks, 1))
}

func (m *Movie) write(i420 []byte, at, ticks int64) error {
	if m.c == nil {
		return errClosed
	}
	if len(i420) != m.size {
		return fmt.Errorf("a picture of %d bytes; want %d", len(i420), m.size)
	}
	m.next = at + 1
	if !m.timed {
		m.next = at + ticks
	}
	return failed("encoding", C.libav_movie_write(m.encoder, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(i420))), C.int64_t(at), C.int64_t(ticks)))
}

// WriteSound adds a packet of the sound, as it came, shown at its time less the time at.
func (m *Movie) WriteSound(p Packet, at time.Duration) error {
	if m.c == nil {
		return errClosed
	}
	if len(p.Data) == 0 {
		return nil
	}
	p.Key = true
	return m.put("copying sound", C.libav_movie_sound, p, at)
}

// Finish writes the rest and the end of the file. Nothing can be written afterwards.
func (m *Movie) Finish() error {
	if m.c == nil {
		return errClosed
	}
	rest := failed("ending the file", C.libav_movie_end(m.encoder))
	return cmp.Or(rest, m.muxer.Finish())
}

// Close frees the movie, finished or not. Twice is safe.
func (m *Movie) Close() {
	C.libav_movie_free(m.encoder)
	m.encoder = nil
	m.muxer.Close()
}
