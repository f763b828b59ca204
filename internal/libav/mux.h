// The writer of containers, for whoever fills it.
#ifndef CORALLITE_LIBAV_MUX_H
#define CORALLITE_LIBAV_MUX_H

#include "load.h"
#include "params.h"

// A file that is written.
struct libav_mux {
  int fd;
  AVIOContext *io;
  AVFormatContext *format;
  AVPacket *packet;   // of whoever writes
  int begun;          // the header is written
  int discontinuous;  // each fragment's times stand for themselves
};

// mux_stream adds a stream. NULL and an error if the container does not take it.
AVStream *mux_stream(libav_mux *m, const struct libav_params *p, int *err);

// mux_put writes the packet in m, and drops it.
int mux_put(libav_mux *m);

#endif
