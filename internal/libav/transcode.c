#include "transcode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct libav_transcoder {
  AVCodecContext *decoder, *encoder;
  AVFrame *decoded, *frame;
  AVPacket *packet;
  float *waiting;  // samples that do not fill a frame yet, channels in turn
  int have, room;  // samples a channel
  int ended;       // no more come
  int64_t next;    // index of the next frame's first sample
};

static void layout_of_count(AVChannelLayout *l, int channels) {
  l->order = AV_CHANNEL_ORDER_NATIVE;
  l->nb_channels = channels;
  l->u.mask = channels == 1 ? AV_CH_LAYOUT_MONO : AV_CH_LAYOUT_STEREO;
}

static int open_in(libav_transcoder *t, const struct libav_params *p) {
  const AVCodec *codec = p_avcodec_find_decoder(p->codec_id);
  if (!codec) return AVERROR(ENOSYS);
  AVCodecContext *c = t->decoder = p_avcodec_alloc_context3(codec);
  if (!c) return AVERROR(ENOMEM);
  c->sample_rate = p->sample_rate;
  c->block_align = p->block_align;
  c->bits_per_coded_sample = p->bits_per_coded_sample;
  layout_of_count(&c->ch_layout, p->channels);
  if (p->extradata_size > 0) {
    c->extradata = p_av_malloc(p->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!c->extradata) return AVERROR(ENOMEM);
    memset(c->extradata, 0, p->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(c->extradata, p->extradata, p->extradata_size);
    c->extradata_size = p->extradata_size;
  }
  return p_avcodec_open2(c, codec, NULL);
}

static int open_out(libav_transcoder *t, const struct libav_params *p) {
  const AVCodec *codec = p_avcodec_find_encoder_by_name("aac");
  if (!codec) return AVERROR(ENOSYS);
  AVCodecContext *c = t->encoder = p_avcodec_alloc_context3(codec);
  if (!c) return AVERROR(ENOMEM);
  c->sample_rate = p->sample_rate;
  c->sample_fmt = AV_SAMPLE_FMT_FLTP;
  c->time_base = (AVRational){1, p->sample_rate};
  c->bit_rate = (int64_t)p->channels * (p->sample_rate < 24000 ? 32000 : 64000);
  c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  layout_of_count(&c->ch_layout, p->channels);
  int err = p_avcodec_open2(c, codec, NULL);
  return err == AVERROR(EINVAL) ? AVERROR(ENOSYS) : err;  // a rate that AAC does not have
}

int libav_transcoder_open(libav_transcoder **to, const struct libav_params *in, struct libav_params *out) {
  if (in->channels < 1 || in->channels > 2 || in->sample_rate < 1) return AVERROR(ENOSYS);
  libav_transcoder *t = calloc(1, sizeof *t);
  if (!t) return AVERROR(ENOMEM);
  int err = open_in(t, in);
  if (err >= 0) err = open_out(t, in);
  if (err >= 0) {
    t->decoded = p_av_frame_alloc();
    t->frame = p_av_frame_alloc();
    t->packet = p_av_packet_alloc();
    if (!t->decoded || !t->frame || !t->packet) err = AVERROR(ENOMEM);
  }
  if (err < 0) {
    libav_transcoder_free(t);
    return err;
  }
  AVCodecContext *c = t->encoder;
  *out = (struct libav_params){
      .kind = libav_sound, .codec_id = c->codec_id, .format = c->sample_fmt, .sample_rate = c->sample_rate, .channels = in->channels,
      .frame_size = c->frame_size, .initial_padding = c->initial_padding, .profile = c->profile, .level = c->level,
      .channel_mask = c->ch_layout.u.mask, .bit_rate = c->bit_rate, .extradata = c->extradata, .extradata_size = c->extradata_size,
  };
  *to = t;
  return 0;
}

// keep puts the decoded frame behind the samples that wait.
static int keep(libav_transcoder *t) {
  int channels = t->encoder->ch_layout.nb_channels, n = t->decoded->nb_samples;
  if (t->decoded->ch_layout.nb_channels != channels) return AVERROR(EINVAL);
  if (t->have + n > t->room) {
    int room = 2 * (t->have + n);
    float *more = realloc(t->waiting, sizeof *more * room * channels);
    if (!more) return AVERROR(ENOMEM);
    t->waiting = more;
    t->room = room;
  }
  int err = libav_reader_floats(t->decoded, t->waiting + (size_t)t->have * channels);
  if (err < 0) return err;
  t->have += n;
  return n;
}

int libav_transcoder_send(libav_transcoder *t, const uint8_t *data, int size) {
  p_av_packet_unref(t->packet);
  int err = p_av_new_packet(t->packet, size), total = 0;
  if (err < 0) return err;
  memcpy(t->packet->data, data, size);
  err = p_avcodec_send_packet(t->decoder, t->packet);
  p_av_packet_unref(t->packet);
  while (err >= 0 && (err = p_avcodec_receive_frame(t->decoder, t->decoded)) >= 0) {
    int n = keep(t);
    p_av_frame_unref(t->decoded);
    if (n < 0) return n;
    total += n;
  }
  return err == AVERROR(EAGAIN) ? total : err;
}

void libav_transcoder_end(libav_transcoder *t) { t->ended = 1; }

// encode gives the encoder the next frame, if there are enough samples.
static int encode(libav_transcoder *t) {
  AVCodecContext *c = t->encoder;
  int n = c->frame_size, channels = c->ch_layout.nb_channels;
  if (t->have < n) {
    if (!t->ended) return AVERROR(EAGAIN);
    if (!t->have) return p_avcodec_send_frame(c, NULL);
    n = t->have;  // a last frame may be shorter
  }
  AVFrame *f = t->frame;
  p_av_frame_unref(f);
  f->format = c->sample_fmt;
  f->nb_samples = n;
  f->sample_rate = c->sample_rate;
  layout_of_count(&f->ch_layout, channels);
  int err = p_av_frame_get_buffer(f, 0);
  if (err < 0) return err;
  for (int i = 0; i < channels; i++)
    for (int k = 0; k < n; k++) ((float *)f->data[i])[k] = t->waiting[k * channels + i];
  t->have -= n;
  memmove(t->waiting, t->waiting + (size_t)n * channels, sizeof *t->waiting * t->have * channels);
  f->pts = t->next;
  t->next += n;
  return p_avcodec_send_frame(c, f);
}

int libav_transcoder_receive(libav_transcoder *t, const uint8_t **data, int *size, int64_t *first, int *samples) {
  for (;;) {
    p_av_packet_unref(t->packet);
    int err = p_avcodec_receive_packet(t->encoder, t->packet);
    if (err == AVERROR(EAGAIN)) {
      if ((err = encode(t)) < 0) return err;
      continue;
    }
    if (err < 0) return err;
    *data = t->packet->data;
    *size = t->packet->size;
    *first = t->packet->pts;  // before 0 at the beginning: what the encoder needs to start
    *samples = t->encoder->frame_size;
    return 0;
  }
}

void libav_transcoder_free(libav_transcoder *t) {
  if (!t) return;
  p_avcodec_free_context(&t->decoder);
  p_avcodec_free_context(&t->encoder);
  p_av_frame_free(&t->decoded);
  p_av_frame_free(&t->frame);
  p_av_packet_free(&t->packet);
  free(t->waiting);
  free(t);
}
