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
	"slices"
	"syscall"
	"time"
	"unsafe"
)

// Containers of OpenRecording.
const (
	MP4      = "mp4"      // fragmented, like a Movie
	Matroska = "matroska" // also takes G.711 and MJPEG, which many cameras send; ffmpeg 5.1 writes no display matrix into it
)

// ErrNotTaken is a codec that a container does not take.
var ErrNotTaken = errors.New("the container does not take the codec")

// Recording is a file of packets that are written as they came, without encoding. One goroutine at a time uses it.
type Recording struct {
	c         *C.libav_mux
	container string
	streams   []Parameters
	index     map[int]C.int // in the recording, by the index in their container
	begun     bool

	// Until the header is written: packets that wait, and streams of which one must come first.
	held  []held
	bytes int // of them
	await map[int]bool
	adts  map[int]bool // streams whose packets have headers that the recording does not want
}

// held is a packet before the header is written.
type held struct {
	Packet
	at time.Duration
}

// mostHeld and longestHeld are how much and how long packets wait for the first one of each stream.
const (
	mostHeld    = 16 << 20
	longestHeld = 2 * time.Second
)

// OpenRecording begins a recording of these streams in f, which stays the caller's and must stay open until Close.
func OpenRecording(f *os.File, container string, streams []Parameters) (*Recording, error) {
	if err := Load(); err != nil {
		return nil, err
	}
	name := C.CString(container)
	defer C.free(unsafe.Pointer(name))
	r := &Recording{container: container, streams: slices.Clone(streams), index: map[int]C.int{}, await: map[int]bool{}, adts: map[int]bool{}}
	if err := failed("opening "+container, C.libav_mux_open(&r.c, name, C.int(f.Fd()))); err != nil {
		if errors.Is(err, syscall.ENOSYS) {
			return nil, fmt.Errorf("this ffmpeg cannot write %s", container)
		}
		return nil, err
	}
	for _, s := range streams {
		if !s.Holds(container) {
			r.Close()
			return nil, fmt.Errorf("%s in %s: %w", s.Codec, container, ErrNotTaken)
		}
		if s.MayHaveADTS() {
			r.await[s.Stream] = true
		}
	}
	if len(r.await) > 0 {
		return r, nil
	}
	if err := r.begin(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// begin writes the header, and what has waited for it.
func (r *Recording) begin() error {
	r.begun = true
	for i := range r.streams {
		if r.await[r.streams[i].Stream] {
			r.streams[i] = r.streams[i].Assumed()
			r.adts[r.streams[i].Stream] = true
		}
	}
	if err := r.writeHeader(); err != nil {
		return err
	}
	waiting := r.held
	r.held = nil
	for _, p := range waiting {
		if err := r.Write(p.Packet, p.at); err != nil {
			return err
		}
	}
	return nil
}

func (r *Recording) writeHeader() error {
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, s := range r.streams {
		c := s.c(&pin)
		index := C.libav_mux_add(r.c, &c)
		if err := failed("adding "+s.Codec, index); err != nil {
			return err
		}
		r.index[s.Stream] = index
	}
	flags := ""
	if r.container == MP4 {
		flags = "frag_keyframe+empty_moov+default_base_moof+delay_moov"
	}
	cflags := C.CString(flags)
	defer C.free(unsafe.Pointer(cflags))
	return failed("beginning "+r.container, C.libav_mux_begin(r.c, cflags))
}

// Write writes a packet of one of the streams, in the order of their DTS within a stream. at is the time of the packets'
// clock that is 0 in the recording. AAC that has headers in its packets (ADTS), as in MPEG-TS, is without them in the
// recording, whose own header says the same; until its first packet has come, others wait in memory.
func (r *Recording) Write(p Packet, at time.Duration) error {
	if r.c == nil {
		return errClosed
	}
	i := slices.IndexFunc(r.streams, func(s Parameters) bool { return s.Stream == p.Stream })
	if i < 0 || len(p.Data) == 0 {
		return fmt.Errorf("a packet of %d bytes of stream %d, which the recording does not have", len(p.Data), p.Stream)
	}
	if !r.begun {
		return r.hold(i, p, at)
	}
	if r.adts[p.Stream] {
		p = p.WithoutADTS()
	}
	return failed("writing a packet", C.libav_mux_write(r.c, r.index[p.Stream], (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(p.Data))), C.int(len(p.Data)),
		since(p.PTS, at), since(p.DTS, at), C.int64_t(p.Duration), flag(p.Key)))
}

// hold keeps a packet until the header can be written.
func (r *Recording) hold(stream int, p Packet, at time.Duration) error {
	if r.await[p.Stream] {
		delete(r.await, p.Stream)
		bare, err := r.streams[stream].WithoutADTS(p.Data)
		if err != nil {
			return err
		}
		r.adts[p.Stream] = len(bare.Extradata) > 0
		r.streams[stream] = bare
	}
	p.Data = slices.Clone(p.Data)
	r.bytes += len(p.Data)
	r.held = append(r.held, held{p, at})
	if first := r.held[0]; len(r.await) > 0 && r.bytes < mostHeld && (p.DTS == NoTime || first.DTS == NoTime || p.DTS-first.DTS < longestHeld) {
		return nil
	}
	return r.begin()
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
	if !r.begun {
		return nil
	}
	return failed("ending a fragment", C.libav_mux_flush(r.c))
}

// Finish writes the end of the file. Nothing can be written afterwards.
func (r *Recording) Finish() error {
	if r.c == nil {
		return errClosed
	}
	if !r.begun {
		if err := r.begin(); err != nil {
			return err
		}
	}
	return failed("ending the file", C.libav_mux_finish(r.c))
}

// Close frees the recording, finished or not. Twice is safe.
func (r *Recording) Close() {
	C.libav_mux_free(r.c)
	r.c = nil
}
