package libav

/*
#include <stdlib.h>
#include "params.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// Containers of OpenRecording.
const (
	MP4      = "mp4"      // fragmented, like a Movie
	Matroska = "matroska" // also takes G.711 and MJPEG, which many cameras send
)

// ErrNotTaken is a codec that a container does not take.
var ErrNotTaken = errors.New("the container does not take the codec")

// Recording is a file of packets that are written as they came, without encoding. One goroutine at a time uses it.
type Recording struct {
	c       *C.libav_mux
	streams map[int]C.int // by the index in their container
}

// OpenRecording begins a recording of these streams in f, which stays the caller's and must stay open until Close.
func OpenRecording(f *os.File, container string, streams []Parameters) (*Recording, error) {
	if err := Load(); err != nil {
		return nil, err
	}
	name := C.CString(container)
	defer C.free(unsafe.Pointer(name))
	r := &Recording{streams: map[int]C.int{}}
	if err := failed("opening "+container, C.libav_mux_open(&r.c, name, C.int(f.Fd()))); err != nil {
		if errors.Is(err, syscall.ENOSYS) {
			return nil, fmt.Errorf("this ffmpeg cannot write %s", container)
		}
		return nil, err
	}
	if err := r.begin(container, streams); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Recording) begin(container string, streams []Parameters) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, s := range streams {
		c := s.c(&pin)
		index := C.libav_mux_add(r.c, &c)
		err := failed("adding "+s.Codec, index)
		if errors.Is(err, syscall.ENOSYS) {
			err = fmt.Errorf("%s in %s: %w", s.Codec, container, ErrNotTaken)
		}
		if err != nil {
			return err
		}
		r.streams[s.Stream] = index
	}
	flags := ""
	if container == MP4 {
		flags = "frag_keyframe+empty_moov+default_base_moof+delay_moov"
	}
	cflags := C.CString(flags)
	defer C.free(unsafe.Pointer(cflags))
	return failed("beginning "+container, C.libav_mux_begin(r.c, cflags))
}

// Write writes a packet of one of the streams, in the order of their DTS within a stream. at is the time of the packets'
// clock that is 0 in the recording.
func (r *Recording) Write(p Packet, at time.Duration) error {
	if r.c == nil {
		return errClosed
	}
	index, ok := r.streams[p.Stream]
	if !ok || len(p.Data) == 0 {
		return fmt.Errorf("a packet of %d bytes of stream %d, which the recording does not have", len(p.Data), p.Stream)
	}
	return failed("writing a packet", C.libav_mux_write(r.c, index, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(p.Data))), C.int(len(p.Data)),
		since(p.PTS, at), since(p.DTS, at), C.int64_t(p.Duration), flag(p.Key)))
}

// since is a time from another on.
func since(t, at time.Duration) C.int64_t {
	if t == NoTime {
		return C.int64_t(NoTime)
	}
	return C.int64_t(t - at)
}

// Flush hands what was written to the system.
func (r *Recording) Flush() error {
	if r.c == nil {
		return errClosed
	}
	return failed("ending a fragment", C.libav_mux_flush(r.c))
}

// Finish writes the end of the file. Nothing can be written afterwards.
func (r *Recording) Finish() error {
	if r.c == nil {
		return errClosed
	}
	return failed("ending the file", C.libav_mux_finish(r.c))
}

// Close frees the recording, finished or not. Twice is safe.
func (r *Recording) Close() {
	C.libav_mux_free(r.c)
	r.c = nil
}
