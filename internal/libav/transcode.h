// Sound encoded anew, for a container that does not take its codec: packets in, packets of AAC out.
#ifndef CORALLITE_LIBAV_TRANSCODE_H
#define CORALLITE_LIBAV_TRANSCODE_H

#include <stdint.h>

#include "params.h"

typedef struct libav_transcoder libav_transcoder;

// libav_transcoder_open begins with sound of one or two channels; AVERROR(ENOSYS): these libraries cannot do it. out are the
// parameters of what comes out, whose extradata is the transcoder's.
int libav_transcoder_open(libav_transcoder **t, const struct libav_params *in, struct libav_params *out);

// libav_transcoder_send decodes a packet, and gives the number of its samples.
int libav_transcoder_send(libav_transcoder *t, const uint8_t *data, int size);

// libav_transcoder_end says that no more packets come.
void libav_transcoder_end(libav_transcoder *t);

// libav_transcoder_receive gives the next packet, which is valid until the next call, with the index of its first sample and their
// number; AVERROR(EAGAIN): it takes more; AVERROR_EOF: that was all.
int libav_transcoder_receive(libav_transcoder *t, const uint8_t **data, int *size, int64_t *first, int *samples);

void libav_transcoder_free(libav_transcoder *t);

#endif
