// Package capture reads live pictures in a child process of the same binary, because OpenCV can block for ever on a dead
// stream and ffmpeg's libraries can crash on a damaged one, which only the end of the process stops. Session is the
// parent's side, Handlers the child's.
//
// # Protocol
//
// The child opens one input and reads it continuously, so that old pictures are overwritten, here and in the buffers of the
// network, and never waited for. It keeps the newest picture as it came: compressed, or as the planes of the decoder. Only
// when the parent asks for it, it is decoded or copied into the Memory, which has room for one picture. The parent
// allocates the Memory, and copies the picture before it asks for the next one. There is one request, "a picture newer than
// number N that was captured at time T or later":
//
//	request   0  8 bytes  N; 0: any
//	          8  8 bytes  T (CLOCK_MONOTONIC, ns); 0: any
//	          and with it, as a file descriptor, the new Memory, if one was asked for
//
//	reply     0  1 byte   its kind
//	picture   1  1 byte   0: BGR, 8 bits per channel, rows without padding; else 1 + yuv.Layout: planes, one after the other,
//	                      without padding
//	          2  1 byte   yuv.Matrix   3  1 byte   1: full range
//	          4  4 bytes  width        8  8 bytes  number, from 1; pictures that nobody wanted have one too
//	         16  8 bytes  when it was captured (CLOCK_MONOTONIC, ns)
//	         24  4 bytes  height      28  4 bytes  frames per second × 1000; 0: unknown
//	room      8  8 bytes  the size that the Memory must have, in bytes
//	nothing   1  1 byte   1: pictures came, but were captured before T
//	          2  …        nothing came within Slice; text: why, as far as known
//	lost      1  1 byte   1: permanent, 2: because nothing came
//	          2  …        text: why
//
// Numbers are little-endian. Both sides are the same binary, so there is no version. The parent checks every number, so
// that a child that was taken over through its stream can only show false pictures.
//
// Pictures from before T are passed over as early as possible: MJPEG is not decompressed, frames that no other depends on
// are not decoded, the others not converted or copied.
//
// With Options.Sound or Options.Packets there is a feed beside the pictures: a ring of records (Record) in memory that the
// parent allocates. Then before each request come 8 bytes, how much of the feed the parent has read, and 1 byte, 1 if the
// feed's memory is the first descriptor; and before each reply 8 bytes, how much was written.
//
// # Inputs
//
//   - Device: a V4L2 camera, by OpenCV.
//   - HTTP: an MJPEG stream (multipart/x-mixed-replace, or JPEGs one after the other) or a picture that is requested again
//     and again, read by Go, with Basic, Digest or Bearer authentication. They are recognized by their first bytes, because
//     many cameras state no media type or a wrong one; whatever else a server sends is read as a Stream.
//   - Stream: any other address (RTSP, RTMP, SRT, UDP, HLS …), by ffmpeg's libraries (package libav).
//   - GStreamer: a pipeline, by OpenCV.
//   - Program: the program ffmpeg with the user's arguments, whose pictures come through a pipe.
//
// # Sandbox
//
// A Device may use its node but no network. HTTP and Stream may use the network, name resolution and the system's
// certificates; which protocols a Stream may use is fixed by the scheme of its address, whatever a playlist says. A
// GStreamer pipeline may name any element, so it may read all files and use all devices. Program is not sandboxed, because a
// sandboxed child cannot start a program.
package capture
