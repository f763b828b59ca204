// What writers of containers share.
#ifndef CORALLITE_LIBAV_MUX_H
#define CORALLITE_LIBAV_MUX_H

#include "load.h"
#include "params.h"

// mux_sink is a file that a muxer writes to.
struct mux_sink {
  int fd;
  AVIOContext *io;
};

// mux_sink_open makes f write a container to fd. AVERROR(ENOSYS): there is no such container.
int mux_sink_open(struct mux_sink *s, AVFormatContext *f, const char *container, int fd);
int mux_sink_flush(struct mux_sink *s, AVFormatContext *f);
int mux_sink_finish(struct mux_sink *s, AVFormatContext *f);
void mux_sink_close(struct mux_sink *s);

// mux_stream adds a stream to f. NULL and an error if the container does not take it.
AVStream *mux_stream(AVFormatContext *f, const struct libav_params *p, int *err);

// mux_packet writes a packet with times in nanoseconds; scratch is a packet of the caller's.
int mux_packet(struct mux_sink *s, AVFormatContext *f, AVPacket *scratch, AVStream *st, const uint8_t *data, int size, int64_t pts,
               int64_t dts, int64_t duration, int key);

#endif
