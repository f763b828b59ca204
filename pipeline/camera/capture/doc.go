// Package capture reads live pictures in a child process of the same binary, because what reads them can block for ever
// (OpenCV's VideoCapture on a dead stream) or crash (ffmpeg on a damaged one), and nothing but the end of its process
// stops it then. Session is the parent's side; Handlers are the child's.
//
// # Talking
//
// The child opens one input and reads it all the time, so that what is old is overwritten, in the child and in the
// network's buffers, and never waited for. Pictures lie in a Memory of three slots of equal size, BGR, 8 bits a channel,
// rows without gaps: one that the parent may be reading, the newest, and one that is being written. The parent makes
// the Memory. There is one request, "a picture newer than number N", which also gives the parent's slot back:
//
//	request   0  8 bytes  N; 0: any
//	          and with it, as a descriptor, a new Memory in place of the old, when one was asked for
//
//	reply     0  1 byte   what it is
//	picture   1  1 byte   slot
//	              4  4 bytes  width          8  8 bytes  number, from 1
//	             16  8 bytes  when it was captured (CLOCK_MONOTONIC, ns)
//	             24  4 bytes  height        28  4 bytes  pictures a second × 1000; 0: not known
//	room          8  8 bytes  a slot must have so many bytes
//	nothing       1  …        nothing came within Slice; text: what there is to know of that
//	lost          1  1 byte   1: for good     2  …  text: why
//
// Numbers are little-endian. Both sides are the same binary, so there is no version. The parent checks every number:
// a child that was taken over by a stream can show false pictures and nothing else.
//
// # Inputs
//
//   - Device: a V4L2 camera, by OpenCV.
//   - HTTP: an MJPEG stream (multipart/x-mixed-replace) or a picture that is asked for again and again, read by Go, with
//     Basic, Digest or Bearer authentication; whatever else a server sends goes to ffmpeg.
//   - Stream: any other address (RTSP, RTMP, UDP …), by OpenCV with ffmpeg.
//   - GStreamer: a pipeline, by OpenCV.
//   - Program: ffmpeg as a program, with the user's arguments, whose pictures come through a pipe.
//
// # Confinement
//
// A Device has its node and no network. HTTP and Stream have the network, name resolution and the system's
// certificates. A GStreamer pipeline may name what it likes, so it reads all files and uses all devices. Program is not
// confined, because a confined child can start no program.
package capture
