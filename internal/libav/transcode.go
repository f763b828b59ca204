package libav

/*
#include "transcode.h"
#include "reader.h"
*/
import "C"

import (
	"errors"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// Transcoder encodes sound as AAC, for a container that does not take its codec. One goroutine at a time uses it.
type Transcoder struct {
	c     *C.libav_transcoder
	out   Parameters
	in    int64  // samples that came
	spans []span // of samples whose times follow each other
}

// span are the samples from one on, the first sample of all being at zero.
type span struct {
	from int64
	zero time.Duration
}

// ErrNotTranscoded is sound that these libraries cannot encode anew: of more than two channels, at a rate that AAC does not
// have, or of a codec without a decoder.
var ErrNotTranscoded = errors.New("it cannot be encoded as AAC")

// NewTranscoder makes a Transcoder of packets of a stream. The caller closes it.
func NewTranscoder(in Parameters) (*Transcoder, error) {
	if err := Load(); err != nil {
		return nil, err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	c, t := in.c(&pin), &Transcoder{}
	var out C.struct_libav_params
	if err := failed("opening aac", C.libav_transcoder_open(&t.c, &c, &out)); err != nil {
		if errors.Is(err, syscall.ENOSYS) {
			err = ErrNotTranscoded
		}
		return nil, err
	}
	t.out = parametersOf(&out)
	t.out.Stream, t.out.Codec = in.Stream, "aac"
	return t, nil
}

// Parameters are those of the packets that Put gives.
func (t *Transcoder) Parameters() Parameters { return t.out }

// apart is how far the times of packets may be from the samples before them: less is how exactly streams say times.
const apart = 100 * time.Millisecond

// Put takes a packet, and calls give with the packets that are ready, whose data is valid during the call. What cannot be decoded
// is left out.
func (t *Transcoder) Put(p Packet, give func(Packet)) error {
	if t.c == nil {
		return errClosed
	}
	if len(p.Data) == 0 {
		return nil
	}
	if p.PTS != NoTime && (len(t.spans) == 0 || (p.PTS-t.at(t.in)).Abs() > apart) {
		t.spans = append(t.spans, span{t.in, p.PTS - t.length(t.in)})
		if n := len(t.spans); n > 2 {
			t.spans = t.spans[n-2:] // what is on its way is not older
		}
	}
	n := C.libav_transcoder_send(t.c, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(p.Data))), C.int(len(p.Data)))
	if n < 0 {
		return nil
	}
	t.in += int64(n)
	return t.take(p.Stream, give)
}

// End calls give with the packets that are left. Nothing can be put afterwards.
func (t *Transcoder) End(give func(Packet)) error {
	if t.c == nil {
		return errClosed
	}
	C.libav_transcoder_end(t.c)
	return t.take(t.out.Stream, give)
}

func (t *Transcoder) take(stream int, give func(Packet)) error {
	for {
		var data *C.uint8_t
		var size, samples C.int
		var first C.int64_t
		code := C.libav_transcoder_receive(t.c, &data, &size, &first, &samples)
		if C.libav_is_again(code) != 0 || C.libav_is_eof(code) != 0 {
			return nil
		}
		if code < 0 {
			return failed("encoding sound", code)
		}
		at := t.at(int64(first))
		give(Packet{
			Stream: stream, Key: true, PTS: at, DTS: at, Duration: t.length(int64(samples)),
			Data: unsafe.Slice((*byte)(unsafe.Pointer(data)), int(size)),
		})
	}
}

func (t *Transcoder) length(samples int64) time.Duration {
	rate := int64(t.out.Rate)
	return time.Duration(samples/rate)*time.Second + time.Duration(samples%rate)*time.Second/time.Duration(rate)
}

// at is the time of a sample.
func (t *Transcoder) at(sample int64) time.Duration {
	if len(t.spans) == 0 {
		return t.length(sample)
	}
	s := t.spans[0]
	for _, later := range t.spans[1:] {
		if sample >= later.from {
			s = later
		}
	}
	return s.zero + t.length(sample)
}

// Close frees the transcoder. Twice is safe.
func (t *Transcoder) Close() {
	C.libav_transcoder_free(t.c)
	t.c = nil
}
