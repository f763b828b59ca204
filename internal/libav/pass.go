package libav

// #include "reader.h"
import "C"

import (
	"io"
	"slices"
	"time"
)

// passMost is how many packets Pass reads at most: a fifth of a second of most cameras, so that whoever looks after a stream
// hears of it.
const passMost = 6

// Pass decodes the frames of a stream that are due before until and frees them, up to a few. It is Next for frames that
// nobody wants, without waking Go for each packet, which costs several times as much as reading it. arrived gets
// the time of each of their packets, and when it came (CLOCK_MONOTONIC, ns), in order. It returns the number of frames; those that no
// others depend on are not decoded and not counted. What ends it comes from Next: a frame that is due, an error, a
// packet of another stream. ReaderOptions.Packets and Skip are not called.
func (r *Reader) Pass(stream int, until time.Duration, arrived func(pts time.Duration, at int64)) (frames int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.Index(r.decoded, stream)
	if r.c == nil || r.ended != nil || at < 0 || r.drain >= 0 && r.drain != at {
		return 0
	}
	var times [passMost]C.struct_libav_arrival
	var out C.struct_libav_passed
	C.libav_reader_pass(r.c, C.int(stream), C.int64_t(until), &times[0], passMost, &out)
	for _, t := range times[:out.packets] {
		arrived(time.Duration(t.pts), int64(t.at))
	}
	r.drain = at // there may be more frames
	switch {
	case out.error == 0:
	case out.at != C.libav_reading:
		r.note(map[C.int]string{C.libav_sending: "avcodec_send_packet", C.libav_receiving: "avcodec_receive_frame"}[out.at], out.error)
	case C.libav_is_eof(out.error) != 0:
		r.ended = io.EOF
	default:
		r.ended = r.failed("av_read_frame", out.error)
	}
	return int(out.frames)
}
