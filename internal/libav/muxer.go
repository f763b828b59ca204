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
	"syscall"
	"time"
	"unsafe"
)

// muxer writes a container into a file: what movies and recordings share.
type muxer struct{ c *C.libav_mux }

var errClosed = errors.New("the file is closed")

// openMuxer makes a writer of f, which stays the caller's.
func openMuxer(f *os.File, container string) (muxer, error) {
	var m muxer
	name := C.CString(container)
	defer C.free(unsafe.Pointer(name))
	err := failed("opening "+container, C.libav_mux_open(&m.c, name, C.int(f.Fd())))
	if errors.Is(err, syscall.ENOSYS) {
		return m, fmt.Errorf("this ffmpeg cannot write %s", container)
	}
	return m, err
}

// put writes a packet of a stream, shown at its time less the time at.
func (m *muxer) put(op string, stream C.int, p Packet, at time.Duration) error {
	return failed(op, C.libav_mux_write(m.c, stream, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(p.Data))), C.int(len(p.Data)),
		since(p.PTS, at), since(p.DTS, at), C.int64_t(p.Duration), flag(p.Key)))
}

// since is a time from another on.
func since(t, at time.Duration) C.int64_t {
	if t == NoTime {
		return C.int64_t(NoTime)
	}
	return C.int64_t(t - at)
}

// Flush ends a fragment: the system has then all that was written so far.
func (m *muxer) Flush() error {
	if m.c == nil {
		return errClosed
	}
	return failed("ending a fragment", C.libav_mux_flush(m.c))
}

// Finish writes the end of the file. Nothing can be written afterwards.
func (m *muxer) Finish() error {
	if m.c == nil {
		return errClosed
	}
	return failed("ending the file", C.libav_mux_finish(m.c))
}

// Close frees the writer, finished or not. Twice is safe.
func (m *muxer) Close() {
	C.libav_mux_free(m.c)
	m.c = nil
}
