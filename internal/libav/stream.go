package libav

/*
#include "reader.h"
*/
import "C"

import "time"

// Kind is what a stream has.
type Kind int

// The kinds.
const (
	Video Kind = C.libav_video
	Sound Kind = C.libav_sound
	Other Kind = C.libav_other // subtitles, data
)

// NoTime is the time of a packet that has none.
const NoTime time.Duration = -1 << 63

// Stream describes a stream of a container.
type Stream struct {
	Index    int
	Kind     Kind
	Codec    string        // ffmpeg's name: "h264"
	Duration time.Duration // 0: unknown
	Frames   int           // that the container counts; 0: unknown

	Decodable bool // the libraries have a decoder

	// Of video:
	PixelFormat   string // ffmpeg's name: "yuv420p"; "" if unknown
	Width, Height int    // as coded
	// The size of its pictures (Frame.Picture): upright, with square pixels.
	UprightWidth, UprightHeight        int
	FPS                                float64 // 0: unknown
	Aspect                             float64 // a pixel's width by its height; 0: unknown
	Turn                               Turn
	Matrix, Range, Transfer, Primaries string // ffmpeg's names of the tags: "bt709", "tv", "smpte2084"; "": none
	Cover                              bool   // a still picture about the sound

	// Of sound:
	Rate, Channels int // samples a second
}

// Turn says how a picture becomes upright: first its rows become columns, then it is mirrored.
type Turn struct {
	Transposed   bool
	FlipX, FlipY bool // left and right, top and bottom
}

// Packet is a piece of a stream as the container has it.
type Packet struct {
	Stream       int
	Key, Corrupt bool // decoding may begin here; a part is missing
	// When it is shown and decoded, from the beginning of the file: NoTime if the container does not say. Times do not
	// begin anew where the container's do.
	PTS, DTS, Duration time.Duration
	Data               []byte
}

func (r *Reader) describe(i int) Stream {
	var c C.struct_libav_stream
	C.libav_reader_stream(r.c, C.int(i), &c)
	return Stream{
		Index: i, Kind: Kind(c.kind), Codec: C.GoString(c.codec), Duration: max(time.Duration(c.duration), 0), Frames: max(int(c.frames), 0),
		PixelFormat: C.GoString(c.format), Width: int(c.width), Height: int(c.height),
		UprightWidth: int(c.upright_width), UprightHeight: int(c.upright_height),
		FPS: ratio(c.rate_num, c.rate_den), Aspect: ratio(c.aspect_num, c.aspect_den),
		Turn:   Turn{c.transpose != 0, c.flip_x != 0, c.flip_y != 0},
		Matrix: tag(c.matrix), Range: tag(c._range), Transfer: tag(c.transfer), Primaries: tag(c.primaries),
		Cover: c.cover != 0, Decodable: c.decodable != 0, Rate: int(c.sample_rate), Channels: int(c.channels),
	}
}

func ratio(num, den C.int) float64 {
	if num <= 0 || den <= 0 {
		return 0
	}
	return float64(num) / float64(den)
}

func tag(name *C.char) string {
	if s := C.GoString(name); s != "unknown" {
		return s
	}
	return ""
}

// Best is the index of the stream of a kind that a player would choose; -1: there is none.
func (r *Reader) Best(k Kind) int {
	if k == Video {
		return r.bestVideo
	}
	return r.bestSound
}

func (r *Reader) best(k Kind) int {
	i := int(C.libav_reader_best(r.c, C.int(k)))
	if i >= 0 && r.streams[i].Cover {
		return -1
	}
	return i
}

// Container is ffmpeg's name of the container or protocol: "mov,mp4,m4a,3gp,3g2,mj2".
func (r *Reader) Container() string { return r.container }
