// Decoding: from packets to frames with times, and to samples of sound.
#include <errno.h>
#include <math.h>

#include "internal.h"

int libav_reader_send(libav_reader *r) {
  AVCodecContext *c = r->tracks[r->packet->stream_index].codec;
  if (!c) return 0;
  libav_log_into(&r->log);
  int err = p_avcodec_send_packet(c, r->packet);
  libav_log_into(NULL);
  return err;
}

int libav_reader_flush(libav_reader *r, int stream) {
  AVCodecContext *c = r->tracks[stream].codec;
  return c ? p_avcodec_send_packet(c, NULL) : AVERROR_EOF;
}

static int64_t duration_of(libav_reader *r, AVStream *st, const AVFrame *f) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  int64_t ticks = f->duration;
#else
  int64_t ticks = f->pkt_duration;
#endif
  if (f->nb_samples > 0 && f->sample_rate > 0) return p_av_rescale_q(f->nb_samples, (AVRational){1, f->sample_rate}, nanoseconds);
  if (ticks > 0) return p_av_rescale_q(ticks, st->time_base, nanoseconds);
  AVRational rate = p_av_guess_frame_rate(r->format, st, NULL);
  return rate.num > 0 && rate.den > 0 ? p_av_rescale_q(1, (AVRational){rate.den, rate.num}, nanoseconds) : 0;
}

// time_of is when a frame is due: what the container says, or a frame's duration after the last one where it does not.
// It never goes backwards.
static int64_t time_of(libav_reader *r, struct track *t, AVStream *st, const AVFrame *f, int64_t duration) {
  int64_t time = t->next_time != LIBAV_NO_TIME ? t->next_time : 0;
  if (f->best_effort_timestamp != AV_NOPTS_VALUE) {
    time = p_av_rescale_q(f->best_effort_timestamp, st->time_base, nanoseconds) - (r->zero == LIBAV_NO_TIME ? 0 : r->zero);
  }
  if (t->last_time != LIBAV_NO_TIME && time < t->last_time) time = t->last_time;
  t->last_time = time;
  t->next_time = time + duration;
  return time;
}

int libav_reader_receive(libav_reader *r, int stream, struct libav_frame *out) {
  struct track *t = &r->tracks[stream];
  if (!t->codec) return AVERROR(EAGAIN);
  if (r->kept.frame && r->kept_of == stream) {
    *out = r->kept;
    r->kept.frame = NULL;
    return 0;
  }
  libav_log_into(&r->log);
  int err = p_avcodec_receive_frame(t->codec, r->frame);
  if (err >= 0 && t->hardware != AV_PIX_FMT_NONE && r->frame->format == t->hardware) {
    err = to_memory(r->frame);
    if (err == AVERROR(EAGAIN)) err = AVERROR(EIO);  // which means something else here
    if (err < 0) p_av_frame_unref(r->frame);
  }
  libav_log_into(NULL);
  if (err < 0) return err;
  AVFrame *f = p_av_frame_alloc();
  if (!f) return AVERROR(ENOMEM);
  p_av_frame_move_ref(f, r->frame);
  AVStream *st = r->format->streams[stream];
  *out = (struct libav_frame){.frame = f, .width = f->width, .height = f->height};
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  out->key = !!(f->flags & AV_FRAME_FLAG_KEY);
#else
  out->key = f->key_frame;
#endif
  out->damaged = f->decode_error_flags != 0 || f->flags & AV_FRAME_FLAG_CORRUPT;
  out->duration = duration_of(r, st, f);
  out->time = time_of(r, t, st, f, out->duration);
  if (f->nb_samples > 0) {
    out->rate = f->sample_rate;
    out->channels = f->ch_layout.nb_channels;
    out->samples = f->nb_samples;
  }
  return 0;
}

void libav_frame_free(void *frame) {
  AVFrame *f = frame;
  p_av_frame_free(&f);
}

static int16_t clip(double v) { return v >= 32767 ? 32767 : v <= -32768 ? -32768 : v != v ? 0 : (int16_t)lrint(v); }

// packed_of is the format of samples in turn; planar says whether each channel has memory of its own.
static int packed_of(int format, int *planar) {
  *planar = format >= AV_SAMPLE_FMT_U8P && format != AV_SAMPLE_FMT_S64;
  switch (format) {
    case AV_SAMPLE_FMT_U8P: return AV_SAMPLE_FMT_U8;
    case AV_SAMPLE_FMT_S16P: return AV_SAMPLE_FMT_S16;
    case AV_SAMPLE_FMT_S32P: return AV_SAMPLE_FMT_S32;
    case AV_SAMPLE_FMT_S64P: return AV_SAMPLE_FMT_S64;
    case AV_SAMPLE_FMT_FLTP: return AV_SAMPLE_FMT_FLT;
    case AV_SAMPLE_FMT_DBLP: return AV_SAMPLE_FMT_DBL;
  }
  return format;
}

// sample is one sample as libswresample makes it of other formats: integers lose their lower bits, floats of -1 to 1
// are rounded and clipped (NaN is 0).
static int16_t sample(const uint8_t *from, int i, int format) {
  switch (format) {
    case AV_SAMPLE_FMT_U8: return (int16_t)((from[i] - 128) << 8);
    case AV_SAMPLE_FMT_S16: return ((const int16_t *)from)[i];
    case AV_SAMPLE_FMT_S32: return (int16_t)(((const int32_t *)from)[i] >> 16);
    case AV_SAMPLE_FMT_S64: return (int16_t)(((const int64_t *)from)[i] >> 48);
    case AV_SAMPLE_FMT_FLT: return clip(((const float *)from)[i] * 32768.0);
    case AV_SAMPLE_FMT_DBL: return clip(((const double *)from)[i] * 32768.0);
  }
  return 0;
}

// value is the same sample as a number of -1 to 1.
static double value(const uint8_t *from, int i, int format) {
  switch (format) {
    case AV_SAMPLE_FMT_S32: return ((const int32_t *)from)[i] / 2147483648.0;
    case AV_SAMPLE_FMT_S64: return ((const int64_t *)from)[i] / 9223372036854775808.0;
    case AV_SAMPLE_FMT_FLT: return ((const float *)from)[i];
    case AV_SAMPLE_FMT_DBL: return ((const double *)from)[i];
  }
  return sample(from, i, format) / 32768.0;
}

static int known(int format) { return format >= AV_SAMPLE_FMT_U8 && format < AV_SAMPLE_FMT_NB; }

int libav_reader_samples(const void *frame, int16_t *to) {
  const AVFrame *f = frame;
  int channels = f->ch_layout.nb_channels, planar, format = packed_of(f->format, &planar);
  if (!known(f->format)) return AVERROR(ENOSYS);
  for (int i = 0; i < f->nb_samples; i++)
    for (int c = 0; c < channels; c++)
      to[i * channels + c] = planar ? sample(f->extended_data[c], i, format) : sample(f->extended_data[0], i * channels + c, format);
  return 0;
}

int libav_reader_floats(const void *frame, float *to) {
  const AVFrame *f = frame;
  int channels = f->ch_layout.nb_channels, planar, format = packed_of(f->format, &planar);
  if (!known(f->format) || channels < 1) return AVERROR(ENOSYS);
  for (int i = 0; i < f->nb_samples; i++)
    for (int c = 0; c < channels; c++)
      to[i * channels + c] = planar ? value(f->extended_data[c], i, format) : value(f->extended_data[0], i * channels + c, format);
  return 0;
}
