// What a container says of a stream besides its packets, for writing these to another container as they are.
#ifndef CORALLITE_LIBAV_PARAMS_H
#define CORALLITE_LIBAV_PARAMS_H

#include <stdint.h>

// Numbers are ffmpeg's own, of AVCodecParameters.
struct libav_params {
  int kind;      // libav_video or libav_sound
  int codec_id;
  int format, width, height, aspect_num, aspect_den, rate_num, rate_den;
  int color_range, color_primaries, color_trc, color_space;
  int sample_rate, channels, frame_size, block_align, initial_padding, bits_per_coded_sample, bits_per_raw_sample;
  int profile, level;
  uint64_t channel_mask;
  int64_t bit_rate;
  const uint8_t *extradata;
  int extradata_size;
  int has_matrix;     // how a picture becomes upright (ISO/IEC 14496-12, 8.3.2)
  int32_t matrix[9];
  int late;  // of sound in an MP4: it begins behind the first fragment
};

typedef struct libav_reader libav_reader;
void libav_reader_params(libav_reader *r, int stream, struct libav_params *p);

// libav_holds is 1 if a container takes a codec.
int libav_holds(const char *container, int codec_id);

typedef struct libav_mux libav_mux;

// libav_mux_open begins a file of a container ("mp4", "matroska") on fd, which stays the caller's.
int libav_mux_open(libav_mux **mux, const char *container, int fd);

// libav_mux_add adds a stream, before libav_mux_begin. It gives its index; AVERROR(ENOSYS) if the container does not take the codec.
int libav_mux_add(libav_mux *m, const struct libav_params *p);

// libav_mux_begin writes the header. movflags and edit_list are those of MP4, "" and 1 for other containers.
int libav_mux_begin(libav_mux *m, const char *movflags, int edit_list);

// libav_mux_write writes a packet; times in nanoseconds, LIBAV_NO_TIME: unknown.
int libav_mux_write(libav_mux *m, int stream, const uint8_t *data, int size, int64_t pts, int64_t dts, int64_t duration, int key);

// libav_mux_flush ends a fragment and hands it to the system; before libav_mux_begin there is nothing to hand.
int libav_mux_flush(libav_mux *m);

// libav_mux_finish writes the end of the file.
int libav_mux_finish(libav_mux *m);

// libav_mux_free frees a writer, finished or not. NULL is nothing to free.
void libav_mux_free(libav_mux *m);

#endif
