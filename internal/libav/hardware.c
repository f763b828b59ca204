// Decoders, on the CPU or on hardware.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char *const kinds[] = {"vaapi", "cuda", "v4l2m2m"};

// because adds why something does not decode: ffmpeg's words where it said any.
static void because(libav_reader *r, const char *kind, const char *reason, int err) {
  char words[128] = "";
  if (!reason) {
    p_av_strerror(err, words, sizeof words);
    reason = r->log.count ? r->log.lines[r->log.count - 1] : words;
  }
  size_t n = strlen(r->why);
  snprintf(r->why + n, sizeof r->why - n, "%s%s: %s", n ? "; " : "", kind, reason);
}

// choose_format takes frames in the memory of the device where the decoder offers that, and else its first other format.
static enum AVPixelFormat choose_format(AVCodecContext *c, const enum AVPixelFormat *offered) {
  struct track *t = c->opaque;
  for (const enum AVPixelFormat *f = offered; *f != AV_PIX_FMT_NONE; f++)
    if (*f == t->hardware) return *f;
  for (const enum AVPixelFormat *f = offered; *f != AV_PIX_FMT_NONE; f++) {
    const AVPixFmtDescriptor *d = p_av_pix_fmt_desc_get(*f);
    if (d && !(d->flags & AV_PIX_FMT_FLAG_HWACCEL)) return *f;
  }
  return AV_PIX_FMT_NONE;
}

// use_device prepares a decoder for a device. It gives the reason why that is not possible; NULL: err is, "": it is possible.
static const char *use_device(libav_reader *r, struct track *t, const AVCodec *codec, AVCodecContext *c, const char *kind, int *err) {
  enum AVHWDeviceType type = p_av_hwdevice_find_type_by_name(kind);
  if (type == AV_HWDEVICE_TYPE_NONE) return "these ffmpeg libraries are without it";
  const AVCodecHWConfig *config = NULL;
  for (int i = 0; (config = p_avcodec_get_hw_config(codec, i)); i++)
    if (config->device_type == type && config->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) break;
  if (!config) return "these ffmpeg libraries do not decode this codec on it";
  if ((*err = p_av_hwdevice_ctx_create(&c->hw_device_ctx, type, NULL, NULL, 0)) < 0) return r->log.count ? NULL : "no device of this kind can be opened";
  t->hardware = config->pix_fmt;
  c->get_format = choose_format;
  c->opaque = t;
  return "";
}

// attempt opens a decoder, on hardware of a kind or, with NULL, on the CPU.
static int attempt(libav_reader *r, int stream, int threads, int low_delay, const char *kind) {
  AVStream *st = r->format->streams[stream];
  struct track *t = &r->tracks[stream];
  const AVCodec *codec = NULL;
  if (kind && !strcmp(kind, "v4l2m2m")) {
    char name[64];
    snprintf(name, sizeof name, "%s_v4l2m2m", p_avcodec_get_name(st->codecpar->codec_id));
    codec = p_avcodec_find_decoder_by_name(name);
  } else {
    codec = p_avcodec_find_decoder(st->codecpar->codec_id);
  }
  if (!codec) {
    if (kind) because(r, kind, "these ffmpeg libraries do not decode this codec on it", 0);
    return AVERROR_DECODER_NOT_FOUND;
  }
  AVCodecContext *c = p_avcodec_alloc_context3(codec);
  if (!c) return AVERROR(ENOMEM);
  int err = p_avcodec_parameters_to_context(c, st->codecpar);
  c->pkt_timebase = st->time_base;
  c->thread_count = kind ? 1 : threads;
  c->thread_type = low_delay ? FF_THREAD_SLICE : FF_THREAD_FRAME | FF_THREAD_SLICE;
  if (low_delay) c->flags |= AV_CODEC_FLAG_LOW_DELAY;
  const char *reason = NULL;
  if (err >= 0 && kind && strcmp(kind, "v4l2m2m")) {
    r->log.count = 0;
    reason = use_device(r, t, codec, c, kind, &err);
    if (reason && !*reason) reason = NULL;
    if (reason && err >= 0) err = AVERROR(ENOSYS);
  }
  if (err >= 0) err = p_avcodec_open2(c, codec, NULL);
  if (err >= 0) {
    t->codec = c;
    r->hardware = kind;
    return 0;
  }
  if (kind) because(r, kind, reason, err);
  t->hardware = AV_PIX_FMT_NONE;
  p_avcodec_free_context(&c);
  return err;
}

int open_decoder(libav_reader *r, int stream, int threads, int low_delay, const char *hardware) {
  int wanted = *hardware && r->format->streams[stream]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
  for (size_t i = 0; wanted && i < sizeof kinds / sizeof *kinds; i++)
    if ((!strcmp(hardware, "auto") || !strcmp(hardware, kinds[i])) && attempt(r, stream, threads, low_delay, kinds[i]) >= 0) return 0;
  if (wanted) r->log.count = 0;  // what was said is in the reasons
  return attempt(r, stream, threads, low_delay, NULL);
}

int to_memory(AVFrame *f) {
  AVFrame *plain = p_av_frame_alloc();
  if (!plain) return AVERROR(ENOMEM);
  int err = p_av_hwframe_transfer_data(plain, f, 0);
  if (err >= 0) err = p_av_frame_copy_props(plain, f);
  if (err >= 0) {
    p_av_frame_unref(f);
    p_av_frame_move_ref(f, plain);
  }
  p_av_frame_free(&plain);
  return err;
}
