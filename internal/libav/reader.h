// A container or stream read with the system's ffmpeg libraries: its packets with continuous times, and pictures and
// sound decoded of them. One thread at a time uses a reader; only libav_reader_interrupt may be called by another.
#ifndef CORALLITE_LIBAV_READER_H
#define CORALLITE_LIBAV_READER_H

#include <stdint.h>

typedef struct libav_reader libav_reader;

// No time, in nanoseconds.
#define LIBAV_NO_TIME INT64_MIN

enum { libav_video = 1, libav_sound = 2, libav_other = 3 };

struct libav_stream {
  int kind;
  const char *codec, *format;                       // "h264", "yuv420p"; format may be NULL
  const char *matrix, *range, *transfer, *primaries;  // as tagged: "bt709", "tv"; NULL or "unknown": not
  int width, height;                                // as coded
  int upright_width, upright_height;                // as Picture gives them: square pixels, upright
  int rate_num, rate_den, aspect_num, aspect_den;   // frames a second; a pixel's width by its height; 0: unknown
  int cover;                                        // a still picture about the sound
  int transpose, flip_x, flip_y;                    // the display matrix: first transposed, then mirrored
  int64_t duration, frames;                         // nanoseconds or LIBAV_NO_TIME; 0: unknown
  int sample_rate, channels;
  int decodable;  // there is a decoder
};

struct libav_packet {
  int stream, key, corrupt, size;
  const uint8_t *data;          // until the next packet is read
  int64_t pts, dts, duration;   // nanoseconds from the reader's zero
};

struct libav_frame {
  void *frame;  // an AVFrame that the caller frees with libav_frame_free
  int key, damaged;
  int64_t time, duration;
  int width, height;             // as coded
  int rate, channels, samples;   // of sound; samples a channel
};

libav_reader *libav_reader_new(void);
void libav_reader_free(libav_reader *r);

// libav_reader_interrupt makes the call that runs, and all later ones, end with AVERROR_EXIT.
void libav_reader_interrupt(libav_reader *r);

// libav_reader_open opens a file or address and finds its streams. format is ffmpeg's name of a container, "" to find it
// out; options are keys and values in turn, ended by NULL. Timeouts are in microseconds, 0: none.
int libav_reader_open(libav_reader *r, const char *name, const char *format, const char *const *options, int64_t open_timeout, int64_t read_timeout);
int libav_reader_timed_out(libav_reader *r);
const char *libav_reader_container(libav_reader *r);
int64_t libav_reader_duration(libav_reader *r);
int libav_reader_count(libav_reader *r);
void libav_reader_stream(libav_reader *r, int i, struct libav_stream *s);

// libav_reader_best is the stream of a kind that a player would choose, -1: none.
int libav_reader_best(libav_reader *r, int kind);

// libav_reader_select says which stream's packets are wanted, and opens its decoder if decode is not 0. threads are at
// most so many decoding frames at once; low_delay: no frame waits for others to be decoded. hardware is "vaapi", "cuda",
// "v4l2m2m" or "auto", which is what a video is decoded on where that is possible, else "".
int libav_reader_select(libav_reader *r, int i, int decode, int threads, int low_delay, const char *hardware);

// libav_reader_hardware is what decodes the video, NULL: the CPU. why says why others do not, "": none was asked for. Both
// stay valid with the reader.
const char *libav_reader_hardware(libav_reader *r, const char **why);

// libav_reader_skip says whether the decoder may leave out the pictures of the packets to come that no others depend on.
void libav_reader_skip(libav_reader *r, int i, int skip);

int libav_reader_packet(libav_reader *r, struct libav_packet *p);

// libav_reader_send gives the packet that was read to its decoder; libav_reader_flush ends a stream. Then
// libav_reader_receive gives all frames that are ready, until EAGAIN or AVERROR_EOF.
int libav_reader_send(libav_reader *r);
int libav_reader_flush(libav_reader *r, int stream);
int libav_reader_receive(libav_reader *r, int stream, struct libav_frame *f);

struct libav_arrival {
  int64_t pts, at;  // nanoseconds: of the stream, and of CLOCK_MONOTONIC
};

enum { libav_reading, libav_sending, libav_receiving };

struct libav_passed {
  int packets, frames;
  int error, at;  // 0: none; what gave it
};

// libav_reader_pass reads up to most packets of a stream, decodes the frames that are due before until, and frees them: those that
// no others depend on are not decoded. It ends early at a frame that is due, which libav_reader_receive gives then, at
// a packet that is due, without a time or of another stream, which libav_reader_packet gives, and at an error. arrived has room
// for most packets.
void libav_reader_pass(libav_reader *r, int stream, int64_t until, struct libav_arrival *arrived, int most, struct libav_passed *out);

// libav_reader_samples writes the frame's sound as signed 16 bits, channels in turn.
int libav_reader_samples(const void *frame, int16_t *to);

// libav_reader_floats writes the frame's sound as numbers of -1 to 1, channels in turn.
int libav_reader_floats(const void *frame, float *to);

struct libav_picture {
  void *frame;  // an AVFrame, the caller's to free
  int layout, width, height, matrix, full;  // layout and matrix: package yuv's numbers
  uint8_t *data[3];
  int stride[3];
};

// libav_reader_picture makes an upright picture with square pixels and 8 bits a sample of a frame: the frame's own
// planes if it is one already.
int libav_reader_picture(libav_reader *r, int stream, void *frame, struct libav_picture *p);

void libav_frame_free(void *frame);

// libav_reader_words is what the libraries said of the last error, at most three lines joined by "; ".
void libav_reader_words(libav_reader *r, char *words, int size);

int libav_is_again(int error);
int libav_is_eof(int error);
int libav_is_exit(int error);

#endif
