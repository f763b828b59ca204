// A movie encoded and written with the system's ffmpeg libraries, which are loaded when the first one is opened.
#ifndef CORALLITE_LIBAV_MOVIE_H
#define CORALLITE_LIBAV_MOVIE_H

#include <stdint.h>

#include "params.h"

typedef struct libav_movie libav_movie;

// libav_movie_open makes a fragmented MP4 of a writer, and writes its header. encoder is ffmpeg's name of one; about rate/base
// frames are shown in a second, at times that are counted in ticks of a second. It gives 0 or ffmpeg's error,
// AVERROR(ENOSYS) when this ffmpeg does not have the encoder. sound are the parameters of sound whose packets come as they are
// (libav_mux_write), in stream libav_movie_sound; NULL: there is none. AVERROR(ENOSYS) also means that MP4 does not take its
// codec (libav_holds).
int libav_movie_open(libav_movie **movie, libav_mux *mux, const char *encoder, int width, int height, int rate, int base, int ticks,
                     const struct libav_params *sound);

enum { libav_movie_sound = 1 };

// libav_movie_write adds a picture in I420: width x height bytes of Y, then a quarter of that of U and of V. It is shown from
// a time on, which must be later than the one before, for a duration.
int libav_movie_write(libav_movie *m, const uint8_t *i420, int64_t at, int64_t duration);

// libav_movie_end writes what the encoder still holds.
int libav_movie_end(libav_movie *m);

// libav_movie_free frees a movie, ended or not, before its writer. NULL is nothing to free.
void libav_movie_free(libav_movie *m);

// libav_words writes what an error means.
void libav_words(int error, char *words, int size);

// libav_errno is the system's error in ffmpeg's, 0 when it is one of ffmpeg's own.
int libav_errno(int error);

#endif
