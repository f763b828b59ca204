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
	muxer
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
	r := &Recording{container: container, streams: slices.Clone(streams), index: map[int]C.int{}, await: map[int]bool{}, adts: map[int]bool{}}
	var err error
	if r.muxer, err = openMuxer(f, container); err != nil {
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
	return failed("beginning "+r.container, C.libav_mux_begin(r.c, cflags, 1))
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
	return r.put("writing a packet", r.index[p.Stream], p, at)
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
	return r.muxer.Finish()
}
