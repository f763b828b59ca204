package libav

/*
#include "reader.h"
*/
import "C"

import (
	"time"
	"unsafe"

	"corallite/internal/yuv"
)

// Frame is a decoded picture or piece of sound. Whoever has it releases it.
type Frame struct {
	Stream int
	// Time is when it is due, from the beginning of the file; it never goes backwards in a stream. Duration is 0 if
	// nobody knows.
	Time, Duration time.Duration
	Key            bool
	Damaged        bool // decoded in part

	// Of sound: samples a second, channels, and how many samples each has.
	Rate, Channels, Len int

	r *Reader
	f unsafe.Pointer // AVFrame
}

func (r *Reader) frame(stream int, c *C.struct_libav_frame) *Frame {
	return &Frame{
		Stream: stream, Time: time.Duration(c.time), Duration: time.Duration(c.duration), Key: c.key != 0, Damaged: c.damaged != 0,
		Rate: int(c.rate), Channels: int(c.channels), Len: int(c.samples), r: r, f: c.frame,
	}
}

// Release frees the frame. Twice is safe, and so is after the reader's Close.
func (f *Frame) Release() {
	if f.f != nil {
		C.libav_frame_free(f.f)
		f.f = nil
	}
}

// Picture makes a picture of a video frame: upright, with square pixels, 8 bits a sample; of high dynamic range, one of
// BT.709. Usually that is the decoder's own memory, without a copy. The picture is valid until release is called, also
// after Release and the reader's Close. It is called by the goroutine that reads.
func (f *Frame) Picture() (p yuv.Picture, release func(), err error) {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	if f.r.c == nil || f.f == nil {
		return p, nil, ErrReaderClosed
	}
	var c C.struct_libav_picture
	if code := C.libav_reader_picture(f.r.c, C.int(f.Stream), f.f, &c); code < 0 {
		return p, nil, f.r.failed("sws_scale", code)
	}
	p = yuv.Picture{Layout: yuv.Layout(c.layout), Width: int(c.width), Height: int(c.height), Matrix: yuv.Matrix(c.matrix), Full: c.full != 0}
	for i := range p.Layout.Planes() {
		rowBytes, rows := p.Layout.PlaneSize(i, p.Width, p.Height)
		p.Stride[i] = int(c.stride[i])
		// libav's memory, kept by the reference in c.frame until release.
		p.Data[i] = unsafe.Slice((*byte)(c.data[i]), p.Stride[i]*(rows-1)+rowBytes)
	}
	held := c.frame
	release = func() {
		if held != nil {
			C.libav_frame_free(held)
			held = nil
		}
	}
	if err := p.Check(); err != nil {
		release()
		return yuv.Picture{}, nil, err
	}
	return p, release, nil
}

// Samples appends the sound to dst as signed 16 bits, the channels in turn.
func (f *Frame) Samples(dst []int16) ([]int16, error) {
	if f.f == nil || f.Len == 0 {
		return dst, nil
	}
	at := len(dst)
	dst = append(dst, make([]int16, f.Len*f.Channels)...)
	if code := C.libav_reader_samples(f.f, (*C.int16_t)(unsafe.Pointer(&dst[at]))); code < 0 {
		return dst[:at], &Error{Op: "converting sound", Code: int(code)}
	}
	return dst, nil
}

// Floats appends the sound to dst as numbers from -1 to 1, the channels in turn. Floating-point sound is as it is: it may
// exceed that, and be NaN.
func (f *Frame) Floats(dst []float32) ([]float32, error) {
	if f.f == nil || f.Len == 0 {
		return dst, nil
	}
	at := len(dst)
	dst = append(dst, make([]float32, f.Len*f.Channels)...)
	if code := C.libav_reader_floats(f.f, (*C.float)(unsafe.Pointer(&dst[at]))); code < 0 {
		return dst[:at], &Error{Op: "converting sound", Code: int(code)}
	}
	return dst, nil
}
