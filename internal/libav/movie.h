// A movie encoded and written with the system's ffmpeg libraries, which are loaded when the first one is opened.
#ifndef CORALLITE_LIBAV_MOVIE_H
#define CORALLITE_LIBAV_MOVIE_H

#include <stdint.h>

#include "params.h"

typedef struct libav_movie libav_movie;

// libav_open begins a fragmented MP4 on fd, which stays the caller's. encoder is ffmpeg's name of one; about rate/base frames
// are shown in a second, at times that are counted in ticks of a second. It gives 0 or ffmpeg's error, AVERROR(ENOSYS) when this ffmpeg does not have the encoder. sound are
// the parameters of sound whose packets come as they are; NULL: there is none. AVERROR(ENOSYS) also means that MP4 does not
// take its codec (libav_holds).
int libav_open(libav_movie **movie, const char *encoder, int fd, int width, int height, int rate, int base,
               int ticks, const struct libav_params *sound);

// libav_write_sound adds a packet of the sound, times in nanoseconds.
int libav_write_sound(libav_movie *m, const uint8_t *data, int size, int64_t pts, int64_t dts, int64_t duration);

// libav_write adds a picture in I420: width x height bytes of Y, then a quarter of that of U and of V. It is shown from a time
// on, which must be later than the one before, for a duration.
int libav_write(libav_movie *m, const uint8_t *i420, int64_t at, int64_t duration);

// libav_flush ends a fragment and hands it to the system.
int libav_flush(libav_movie *m);

// libav_finish writes what the encoder still holds and the end of the file.
int libav_finish(libav_movie *m);

// libav_free frees a movie, finished or not. NULL is nothing to free.
void libav_free(libav_movie *m);

// libav_words writes what an error means.
void libav_words(int error, char *words, int size);

// libav_errno is the system's error in ffmpeg's, 0 when it is one of ffmpeg's own.
int libav_errno(int error);

#endif
