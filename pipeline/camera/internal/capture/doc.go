// Package capture reads live pictures in a child process of the same binary, because OpenCV can block for ever on a dead
// stream and ffmpeg can crash on a damaged one, which only the end of the process stops. Session is the parent's side,
// Handlers the child's.
//
// # Protocol
//
// The child opens one input and reads it continuously, so that old pictures are overwritten, here and in the buffers of the
// network, and never waited for. Pictures (BGR, 8 bits per channel, rows without padding) are in a Memory of three slots of
// equal size: one that the parent may be reading, the newest, and one that is being written. The parent allocates the
// Memory. There is one request, "a picture newer than number N", which also returns the parent's slot:
//
//	request   0  8 bytes  N; 0: any
//	          and with it, as a file descriptor, the new Memory, if one was asked for
//
//	reply     0  1 byte   its kind
//	picture   1  1 byte   slot
//	              4  4 bytes  width          8  8 bytes  number, from 1
//	             16  8 bytes  when it was captured (CLOCK_MONOTONIC, ns)
//	             24  4 bytes  height        28  4 bytes  frames per second × 1000; 0: unknown
//	room          8  8 bytes  the size that a slot must have, in bytes
//	nothing       1  …        nothing came within Slice; text: why, as far as known
//	lost          1  1 byte   1: permanent    2  …  text: why
//
// Numbers are little-endian. Both sides are the same binary, so there is no version. The parent checks every number, so
// that a child that was taken over through its stream can only show false pictures.
//
// # Inputs
//
//   - Device: a V4L2 camera, by OpenCV.
//   - HTTP: an MJPEG stream (multipart/x-mixed-replace, or JPEGs one after the other) or a picture that is requested again
//     and again, read by Go, with Basic, Digest or Bearer authentication. They are recognized by their first bytes, because
//     many cameras state no media type or a wrong one; whatever else a server sends goes to ffmpeg.
//   - Stream: any other address (RTSP, RTMP, UDP …), by OpenCV with ffmpeg.
//   - GStreamer: a pipeline, by OpenCV.
//   - Program: the program ffmpeg with the user's arguments, whose pictures come through a pipe.
//
// # Sandbox
//
// A Device may use its node but no network. HTTP and Stream may use the network, name resolution and the system's
// certificates. A GStreamer pipeline may name any element, so it may read all files and use all devices. Program is not
// sandboxed, because a sandboxed child cannot start a program.
package capture
