// What the files of the reader share.
#ifndef CORALLITE_LIBAV_INTERNAL_H
#define CORALLITE_LIBAV_INTERNAL_H

#include <stdatomic.h>

#include "load.h"
#include "log.h"
#include "reader.h"

// A stream of the container.
struct track {
  int wanted;
  AVCodecContext *codec;  // NULL: packets only
  int64_t offset;         // added to the container's times, in ticks of the stream
  int64_t last_dts, last_duration;  // with the offset
  int epoch;
  int hardware;  // the pixel format of frames in the memory of a device; AV_PIX_FMT_NONE: there are none
  int64_t last_time, next_time;  // nanoseconds: of the last frame, and when the one after it is due
};

enum { spares = 8 };

// What makes pictures of frames, kept from frame to frame.
struct converter {
  struct SwsContext *sws;
  int key[8];              // what sws was made for
  AVFrame *spare[spares];  // memory that is used again when nobody holds it
};

struct libav_reader {
  atomic_int stop;
  atomic_int timed_out;
  _Atomic int64_t deadline;  // microseconds of av_gettime_relative; 0: none
  int64_t read_timeout;
  AVFormatContext *format;
  AVPacket *packet;
  AVFrame *frame;
  struct track *tracks;
  int count;
  int64_t zero;      // nanoseconds: the container's time that is 0; LIBAV_NO_TIME until it is known
  int epoch;         // how often times began anew
  int64_t epoch_ns;  // what is added to the container's times since then
  struct converter converter;
  struct libav_log log;
  int holds;                 // held is a packet that was read already: the one in packet
  struct libav_packet held;
  struct libav_frame kept;   // was received already; frame is NULL: there is none
  int kept_of;               // its stream
  const char *hardware;  // what decodes; NULL: the CPU
  char why[512];         // why what was asked for does not
};

static const AVRational nanoseconds = {1, 1000000000};

// How a stored picture becomes upright: transposed (rows become columns) first, then mirrored.
struct turn {
  int transpose, flip_x, flip_y;
};

// display_matrix is that of a stream; NULL: it has none. set_display_matrix gives it one, before the header is written.
const int32_t *display_matrix(AVStream *st);
int set_display_matrix(AVStream *st, const int32_t *matrix);

struct turn turn_of(AVStream *st, const AVFrame *f);

// The width of a picture of square pixels that has this height.
int square_width(int width, int height, AVRational aspect);

// from_hdr makes an 8-bit BT.709 picture of one in BT.2100 (PQ or HLG): rgb is RGB48, out is YUV444P, limited range.
void from_hdr(const AVFrame *rgb, int hlg, AVFrame *out);

// open_decoder opens the decoder of a stream, on hardware if that is asked for and possible.
int open_decoder(libav_reader *r, int stream, int threads, int low_delay, const char *hardware);

// to_memory brings a frame from the memory of a device.
int to_memory(AVFrame *f);

void converter_free(struct converter *c);

#endif
