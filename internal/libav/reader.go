package libav

/*
#include <stdlib.h>
#include "reader.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// ReaderOptions are the options of OpenReader.
type ReaderOptions struct {
	Format  string            // ffmpeg's name of a container ("mpegts"); "" to find it out
	Options map[string]string // ffmpeg's options of containers and protocols; one that is not known is an error

	OpenTimeout time.Duration // until the streams are known; 0: none
	ReadTimeout time.Duration // between packets; 0: none

	// Threads are how many frames of a video are decoded at once; each needs memory of its own, for 1920×1080 pixels
	// some 10 MB. 0: one for every two CPUs, at most 4: models want the others.
	Threads  int
	LowDelay bool // live: no frame waits for others to be decoded
	// Hardware is what videos are decoded on where that is possible: one of HardwareKinds, "auto" for the first that works, or
	// "" or "none" for the CPU. Reader.Hardware says what came of it.
	Hardware string

	// Choose says of which streams packets are read; nil: of the best video stream. An error ends the opening.
	Choose func([]Stream) ([]Choice, error)
	// Packets gets each packet before it is decoded; its data is valid during the call. May be nil.
	Packets func(Packet)
	// Skip reports whether the frame of a packet is of no use: it is not decoded then, unless others depend on it. May be nil.
	Skip func(Packet) bool
}

// Choice is a stream that is read.
type Choice struct {
	Stream int  // Stream.Index
	Decode bool // false: its packets only go to ReaderOptions.Packets
}

// Reader reads a file or stream with the system's ffmpeg libraries. One goroutine at a time uses it; Close may be called
// by another at any time, and ends what it does.
type Reader struct {
	mu                   sync.Mutex // the C reader, but for interrupting it
	c                    *C.libav_reader
	o                    ReaderOptions
	ctx                  context.Context
	stop                 func() bool // of context.AfterFunc
	gone                 sync.Mutex  // c while it is interrupted
	streams              []Stream
	container            string
	bestVideo, bestSound int
	chosen               []int // streams whose packets are read
	decoded              []int // those with decoders
	drain                int   // the index in decoded whose frames are being taken; -1: none
	flushed              int   // how many of decoded have got their end
	ended                error // why no packets follow; io.EOF at the end
	lost                 int   // packets and frames that could not be decoded
	why                  error // the last reason
}

// ErrReaderClosed is returned after Close.
var ErrReaderClosed = errors.New("the reader is closed")

// ErrNoVideo is that none of the streams is video (a picture of a record's cover is none).
var ErrNoVideo = errors.New("it has no video")

// ErrNoSound is that none of the streams is sound.
var ErrNoSound = errors.New("it has no sound")

// OnlySound chooses the first stream of sound, to be decoded; of several a container's first is the usual one.
func OnlySound(all []Stream) ([]Choice, error) {
	i := slices.IndexFunc(all, func(s Stream) bool { return s.Kind == Sound })
	if i < 0 {
		return nil, ErrNoSound
	}
	return []Choice{{i, true}}, nil
}

// OpenReader opens a file ("file:/path") or address. When ctx ends, whatever the reader does ends with ctx's error.
// Errors do not name the file, and may have addresses in them as ffmpeg says them.
func OpenReader(ctx context.Context, name string, o ReaderOptions) (*Reader, error) {
	if err := Load(); err != nil {
		return nil, err
	}
	if o.Threads <= 0 {
		o.Threads = min((runtime.NumCPU()+1)/2, 4)
	}
	r := &Reader{c: C.libav_reader_new(), o: o, ctx: ctx, drain: -1}
	if r.c == nil {
		return nil, errors.New("no memory for a video")
	}
	r.stop = context.AfterFunc(ctx, r.interrupt)
	if err := r.open(name); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) open(name string) error {
	if err := r.openInput(name); err != nil {
		return err
	}
	for i := range int(C.libav_reader_count(r.c)) {
		r.streams = append(r.streams, r.describe(i))
	}
	r.container = C.GoString(C.libav_reader_container(r.c))
	r.bestVideo, r.bestSound = r.best(Video), r.best(Sound)
	choices, err := r.choose()
	if err != nil {
		return err
	}
	hardware := r.o.Hardware
	if hardware == "none" {
		hardware = ""
	}
	kind := C.CString(hardware)
	defer C.free(unsafe.Pointer(kind))
	for _, c := range choices {
		if c.Stream < 0 || c.Stream >= len(r.streams) {
			return fmt.Errorf("there is no stream %d (there are %d)", c.Stream, len(r.streams))
		}
		code := C.libav_reader_select(r.c, C.int(c.Stream), flag(c.Decode), C.int(r.o.Threads), flag(r.o.LowDelay), kind)
		if code < 0 {
			return fmt.Errorf("codec %s: %w", r.streams[c.Stream].Codec, r.failed("avcodec_open2", code))
		}
		r.chosen = append(r.chosen, c.Stream)
		if c.Decode {
			r.decoded = append(r.decoded, c.Stream)
		}
	}
	return nil
}

func (r *Reader) openInput(name string) error {
	cname, cformat := C.CString(name), C.CString(r.o.Format)
	defer C.free(unsafe.Pointer(cname))
	defer C.free(unsafe.Pointer(cformat))
	var options []*C.char
	for key, value := range r.o.Options {
		options = append(options, C.CString(key), C.CString(value))
	}
	defer func() {
		for _, s := range options {
			C.free(unsafe.Pointer(s))
		}
	}()
	options = append(options, nil)
	// C memory for the list, because Go memory with pointers may not be passed.
	list := (**C.char)(C.malloc(C.size_t(len(options)) * C.size_t(unsafe.Sizeof(options[0]))))
	defer C.free(unsafe.Pointer(list))
	copy(unsafe.Slice(list, len(options)), options)
	code := C.libav_reader_open(r.c, cname, cformat, list, C.int64_t(r.o.OpenTimeout.Microseconds()), C.int64_t(r.o.ReadTimeout.Microseconds()))
	options = options[:len(options)-1]
	return r.failed("avformat_open_input", code)
}

func (r *Reader) choose() ([]Choice, error) {
	if r.o.Choose != nil {
		return r.o.Choose(slices.Clone(r.streams))
	}
	video := r.Best(Video)
	if video < 0 {
		return nil, ErrNoVideo
	}
	return []Choice{{video, true}}, nil
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// failed is the error of a call: nil, or the reason in the library's own words.
func (r *Reader) failed(op string, code C.int) error {
	if code >= 0 {
		return nil
	}
	if C.libav_is_exit(code) != 0 {
		switch {
		case r.ctx.Err() != nil:
			return r.ctx.Err()
		case C.libav_reader_timed_out(r.c) != 0 && op == "avformat_open_input":
			return fmt.Errorf("%s: no answer within %v: %w", op, r.o.OpenTimeout, os.ErrDeadlineExceeded)
		case C.libav_reader_timed_out(r.c) != 0:
			return fmt.Errorf("%s: no data for %v: %w", op, r.o.ReadTimeout, os.ErrDeadlineExceeded)
		}
		return ErrReaderClosed
	}
	var words [1024]C.char
	C.libav_reader_words(r.c, &words[0], C.int(len(words)))
	return &Error{Op: op, Code: int(code), Log: C.GoString(&words[0])}
}

// Streams are the streams that were found, by their index.
func (r *Reader) Streams() []Stream { return r.streams }

// HardwareKinds are what videos can be decoded on beside the CPU: VA-API (Intel, AMD), NVDEC (NVIDIA), and V4L2's memory to
// memory devices (Raspberry Pi and other boards).
var HardwareKinds = []string{"vaapi", "cuda", "v4l2m2m"}

// Hardware is what decodes the videos, "": the CPU; and why what was asked for does not, "": it does, or nothing was.
func (r *Reader) Hardware() (kind, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c == nil {
		return "", ""
	}
	var reason *C.char
	kind = C.GoString(C.libav_reader_hardware(r.c, &reason))
	return kind, C.GoString(reason)
}

// Lost says how many packets or frames could not be decoded so far, and the last reason.
func (r *Reader) Lost() (int, error) { return r.lost, r.why }

// Next reads until a frame of a decoded stream is ready. A frame is the caller's, who releases it; frames of one stream
// come in order. What cannot be decoded is left out (Lost). The error of a read comes after the frames before it;
// io.EOF is the end. Without decoded streams Next reads to the end or to an error, for Packets.
func (r *Reader) Next() (*Frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if r.c == nil {
			return nil, ErrReaderClosed
		}
		if r.drain >= 0 {
			if f := r.receive(); f != nil {
				return f, nil
			}
			continue
		}
		if r.ended == nil {
			r.ended = r.read()
			continue
		}
		if r.flushed == len(r.decoded) || r.interrupted() {
			return nil, r.ended
		}
		r.drain = r.flushed
		r.flushed++
		C.libav_reader_flush(r.c, C.int(r.decoded[r.drain]))
	}
}

// Alone reports whether a stream is decoded and the packets of no other are read.
func (r *Reader) Alone(stream int) bool {
	return len(r.chosen) == 1 && len(r.decoded) == 1 && r.decoded[0] == stream
}

// Step reads one packet, for Packets, of streams that are not decoded. io.EOF is the end.
func (r *Reader) Step() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.c == nil:
		return ErrReaderClosed
	case r.ended == nil:
		r.ended = r.read()
	}
	return r.ended
}

// interrupted reports that the end is none of the data.
func (r *Reader) interrupted() bool { return errors.Is(r.ended, ErrReaderClosed) || r.ctx.Err() != nil }

// read reads a packet and gives it to its decoder.
func (r *Reader) read() error {
	var p C.struct_libav_packet
	if code := C.libav_reader_packet(r.c, &p); code < 0 {
		if C.libav_is_eof(code) != 0 {
			return io.EOF
		}
		return r.failed("av_read_frame", code)
	}
	stream := int(p.stream)
	at := slices.Index(r.decoded, stream)
	if r.o.Packets != nil || r.o.Skip != nil && at >= 0 {
		packet := Packet{
			Stream: stream, Key: p.key != 0, Corrupt: p.corrupt != 0,
			PTS: time.Duration(p.pts), DTS: time.Duration(p.dts), Duration: time.Duration(max(p.duration, 0)),
			Data: unsafe.Slice((*byte)(p.data), int(p.size)), // libav's memory, until the next packet
		}
		if r.o.Packets != nil {
			r.o.Packets(packet)
		}
		if r.o.Skip != nil && at >= 0 {
			C.libav_reader_skip(r.c, C.int(stream), flag(r.o.Skip(packet)))
		}
	}
	if at >= 0 {
		r.drain = at
		r.note("avcodec_send_packet", C.libav_reader_send(r.c))
	}
	return nil
}

func (r *Reader) note(op string, code C.int) {
	if code < 0 && C.libav_is_eof(code) == 0 {
		r.lost++
		r.why = r.failed(op, code)
	}
}

// maxLost is how many errors in a row a decoder may give before it counts as empty.
const maxLost = 1000

// receive takes the next frame of the stream that is drained; nil: it has none now.
func (r *Reader) receive() *Frame {
	stream := r.decoded[r.drain]
	for range maxLost {
		var f C.struct_libav_frame
		code := C.libav_reader_receive(r.c, C.int(stream), &f)
		if code >= 0 {
			return r.frame(stream, &f)
		}
		if C.libav_is_again(code) != 0 || C.libav_is_eof(code) != 0 {
			break
		}
		r.note("avcodec_receive_frame", code)
	}
	r.drain = -1
	return nil
}

func (r *Reader) interrupt() {
	r.gone.Lock()
	defer r.gone.Unlock()
	if r.c != nil {
		C.libav_reader_interrupt(r.c)
	}
}

// Close ends what the reader does and frees it. Frames that are out stay valid. It may be called twice.
func (r *Reader) Close() error {
	r.stop()
	r.interrupt()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone.Lock()
	defer r.gone.Unlock()
	C.libav_reader_free(r.c)
	r.c = nil
	return nil
}
