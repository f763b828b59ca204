// The display matrix of a stream, which ffmpeg keeps elsewhere since version 7.
#include <errno.h>
#include <string.h>

#include "internal.h"

enum { matrix_size = 9 * sizeof(int32_t) };

const int32_t *display_matrix(AVStream *st) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  const AVPacketSideData *d = p_av_packet_side_data_get(st->codecpar->coded_side_data, st->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return d && d->size >= matrix_size ? (const int32_t *)d->data : NULL;
#else
  size_t size = 0;
  const uint8_t *d = p_av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return d && size >= matrix_size ? (const int32_t *)d : NULL;
#endif
}

int set_display_matrix(AVStream *st, const int32_t *matrix) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  AVPacketSideData *d = p_av_packet_side_data_new(&st->codecpar->coded_side_data, &st->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX, matrix_size, 0);
  uint8_t *data = d ? d->data : NULL;
#else
  uint8_t *data = p_av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, matrix_size);
#endif
  if (!data) return AVERROR(ENOMEM);
  memcpy(data, matrix, matrix_size);
  return 0;
}
