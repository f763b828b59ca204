package libav

/*
#include <stdlib.h>
#include "reader.h"
#include "params.h"
*/
import "C"

import (
	"runtime"
	"slices"
	"unsafe"
)

// Parameters are what a container says of a stream besides its packets: with these, packets can be written to another
// container as they are (OpenRecording). They can be sent to another process of the same program, as JSON, whose libraries
// are of the same version: the numbers are ffmpeg's.
type Parameters struct {
	Stream int // index in its container
	Kind   Kind
	Codec  string // ffmpeg's name: "h264"

	ID, Format, Profile, Level int
	BitRate                    int64
	BitsCoded, BitsRaw         int
	Extradata                  []byte // the codec's own header

	Width, Height                                  int
	Aspect, FrameRate                              [2]int // numerator and denominator
	ColorRange, Primaries, Transfer, ColorSpace    int
	Matrix                                         []int32 // of display: how pictures become upright, nine numbers; nil: they are
	Rate, Channels, FrameSize, BlockAlign, Priming int     // of sound; Priming: samples that its encoder needs to start
	Late                                           bool    // of sound for a Movie: it begins more than half a second after the pictures
	ChannelMask                                    uint64
}

// Parameters are those of a stream.
func (r *Reader) Parameters(stream int) Parameters {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c == nil || stream < 0 || stream >= len(r.streams) {
		return Parameters{Stream: -1}
	}
	var c C.struct_libav_params
	C.libav_reader_params(r.c, C.int(stream), &c)
	p := parametersOf(&c)
	p.Stream, p.Codec = stream, r.streams[stream].Codec
	return p
}

func parametersOf(c *C.struct_libav_params) Parameters {
	p := Parameters{
		Kind: Kind(c.kind), ID: int(c.codec_id), Format: int(c.format), Profile: int(c.profile), Level: int(c.level), BitRate: int64(c.bit_rate),
		BitsCoded: int(c.bits_per_coded_sample), BitsRaw: int(c.bits_per_raw_sample),
		Width: int(c.width), Height: int(c.height), Aspect: [2]int{int(c.aspect_num), int(c.aspect_den)}, FrameRate: [2]int{int(c.rate_num), int(c.rate_den)},
		ColorRange: int(c.color_range), Primaries: int(c.color_primaries), Transfer: int(c.color_trc), ColorSpace: int(c.color_space),
		Rate: int(c.sample_rate), Channels: int(c.channels), FrameSize: int(c.frame_size), BlockAlign: int(c.block_align), Priming: int(c.initial_padding),
		ChannelMask: uint64(c.channel_mask),
	}
	if c.has_matrix != 0 {
		for _, x := range c.matrix {
			p.Matrix = append(p.Matrix, int32(x))
		}
	}
	if c.extradata_size > 0 {
		p.Extradata = C.GoBytes(unsafe.Pointer(c.extradata), c.extradata_size)
	}
	return p
}

// Holds reports whether a container takes the codec of a stream.
func (p *Parameters) Holds(container string) bool {
	if Load() != nil {
		return false
	}
	name := C.CString(container)
	defer C.free(unsafe.Pointer(name))
	return C.libav_holds(name, C.int(p.ID)) != 0
}

// Chosen are the parameters of the streams whose packets are read.
func (r *Reader) Chosen() []Parameters {
	var all []Parameters
	for _, stream := range slices.Sorted(slices.Values(r.chosen)) {
		all = append(all, r.Parameters(stream))
	}
	return all
}

// c fills C's struct, whose extradata is Go's memory: it must be pinned, and is until the pinner is unpinned.
func (p *Parameters) c(pin *runtime.Pinner) C.struct_libav_params {
	c := C.struct_libav_params{
		kind: C.int(p.Kind), codec_id: C.int(p.ID), format: C.int(p.Format), profile: C.int(p.Profile), level: C.int(p.Level), bit_rate: C.int64_t(p.BitRate),
		bits_per_coded_sample: C.int(p.BitsCoded), bits_per_raw_sample: C.int(p.BitsRaw),
		width: C.int(p.Width), height: C.int(p.Height), aspect_num: C.int(p.Aspect[0]), aspect_den: C.int(p.Aspect[1]),
		rate_num: C.int(p.FrameRate[0]), rate_den: C.int(p.FrameRate[1]),
		color_range: C.int(p.ColorRange), color_primaries: C.int(p.Primaries), color_trc: C.int(p.Transfer), color_space: C.int(p.ColorSpace),
		sample_rate: C.int(p.Rate), channels: C.int(p.Channels), frame_size: C.int(p.FrameSize), block_align: C.int(p.BlockAlign),
		initial_padding: C.int(p.Priming), channel_mask: C.uint64_t(p.ChannelMask),
	}
	c.late = flag(p.Late)
	if len(p.Matrix) == len(c.matrix) {
		c.has_matrix = 1
		for i, x := range p.Matrix {
			c.matrix[i] = C.int32_t(x)
		}
	}
	if n := len(p.Extradata); n > 0 {
		data := unsafe.SliceData(p.Extradata)
		pin.Pin(data)
		c.extradata, c.extradata_size = (*C.uint8_t)(unsafe.Pointer(data)), C.int(n)
	}
	return c
}
