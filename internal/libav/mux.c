#include "mux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

// What a muxer writes, which it may not change since ffmpeg 7.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t written;
#else
typedef uint8_t written;
#endif

// write_out is the muxer's way to the file: all of it or an error.
static int write_out(void *opaque, written *data, int size) {
  struct mux_sink *s = opaque;
  for (int done = 0; done < size;) {
    ssize_t n = write(s->fd, data + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return AVERROR(errno);
    done += n;
  }
  return size;
}

// seek_out lets containers fill in at the end what they did not know at the beginning.
static int64_t seek_out(void *opaque, int64_t offset, int whence) {
  struct mux_sink *s = opaque;
  if (whence & AVSEEK_SIZE) return AVERROR(ENOSYS);
  off_t at = lseek(s->fd, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

int mux_sink_open(struct mux_sink *s, AVFormatContext *f, const char *container, int fd) {
  enum { buffer_size = 64 << 10 };
  s->fd = fd;
  int fragments = !strcmp(container, "mp4");  // they are written in order, also to what cannot be sought in
  uint8_t *buffer = p_av_malloc(buffer_size);
  if (!buffer) return AVERROR(ENOMEM);
  s->io = p_avio_alloc_context(buffer, buffer_size, 1, s, NULL, write_out, fragments || lseek(fd, 0, SEEK_CUR) < 0 ? NULL : seek_out);
  if (!s->io) {
    p_av_freep(&buffer);
    return AVERROR(ENOMEM);
  }
  f->pb = s->io;
  f->oformat = p_av_guess_format(container, NULL, NULL);
  f->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;  // FLAC in MP4, which ffmpeg 5.1 calls so, is read everywhere now
  return f->oformat ? 0 : AVERROR(ENOSYS);
}

int mux_sink_flush(struct mux_sink *s, AVFormatContext *f) {
  int err = p_av_write_frame(f, NULL);
  p_avio_flush(s->io);
  return s->io->error < 0 ? s->io->error : err < 0 ? err : 0;
}

int mux_sink_finish(struct mux_sink *s, AVFormatContext *f) {
  int end = p_av_write_trailer(f);
  p_avio_flush(s->io);
  return s->io->error < 0 ? s->io->error : end < 0 ? end : 0;
}

void mux_sink_close(struct mux_sink *s) {
  if (!s->io) return;
  p_av_freep(&s->io->buffer);
  p_avio_context_free(&s->io);
}

AVStream *mux_stream(AVFormatContext *f, const struct libav_params *p, int *err) {
  *err = AVERROR(ENOSYS);
  if (p_avformat_query_codec(f->oformat, p->codec_id, FF_COMPLIANCE_UNOFFICIAL) != 1) return NULL;
  *err = AVERROR(ENOMEM);
  AVStream *st = p_avformat_new_stream(f, NULL);
  if (!st) return NULL;
  AVCodecParameters *c = st->codecpar;
  c->codec_type = p->kind == libav_video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO;
  c->codec_id = p->codec_id;
  c->format = p->format;
  c->bit_rate = p->bit_rate;
  c->profile = p->profile;
  c->level = p->level;
  c->bits_per_coded_sample = p->bits_per_coded_sample;
  c->bits_per_raw_sample = p->bits_per_raw_sample;
  if (p->kind == libav_video) {
    c->width = p->width;
    c->height = p->height;
    c->sample_aspect_ratio = st->sample_aspect_ratio = (AVRational){p->aspect_num, p->aspect_den};
    c->color_range = p->color_range;
    c->color_primaries = p->color_primaries;
    c->color_trc = p->color_trc;
    c->color_space = p->color_space;
    st->avg_frame_rate = (AVRational){p->rate_num, p->rate_den};
    st->time_base = (AVRational){1, 90000};  // a proposal; what RTP and MPEG count in
  } else {
    c->sample_rate = p->sample_rate;
    c->frame_size = p->frame_size;
    c->block_align = p->block_align;
    c->initial_padding = p->initial_padding;
    c->ch_layout.nb_channels = p->channels;
    c->ch_layout.order = p->channel_mask ? AV_CHANNEL_ORDER_NATIVE : AV_CHANNEL_ORDER_UNSPEC;
    c->ch_layout.u.mask = p->channel_mask;
    st->time_base = (AVRational){1, p->sample_rate};
  }
  if (p->has_matrix && set_display_matrix(st, p->matrix) < 0) return NULL;
  if (p->extradata_size > 0) {
    c->extradata = p_av_malloc(p->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!c->extradata) return NULL;
    memset(c->extradata, 0, p->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(c->extradata, p->extradata, p->extradata_size);
    c->extradata_size = p->extradata_size;
  }
  *err = 0;
  return st;
}

static int64_t ticks(int64_t ns, AVRational base) { return ns == LIBAV_NO_TIME ? AV_NOPTS_VALUE : p_av_rescale_q(ns, nanoseconds, base); }

int mux_packet(struct mux_sink *s, AVFormatContext *f, AVPacket *scratch, AVStream *st, const uint8_t *data, int size, int64_t pts,
               int64_t dts, int64_t duration, int key) {
  // A copy with the padding that bit stream filters want.
  p_av_packet_unref(scratch);
  int err = p_av_new_packet(scratch, size);
  if (err < 0) return err;
  memcpy(scratch->data, data, size);
  scratch->stream_index = st->index;
  scratch->pts = ticks(pts, st->time_base);
  scratch->dts = ticks(dts, st->time_base);
  scratch->duration = duration > 0 ? ticks(duration, st->time_base) : 0;
  scratch->flags = key ? AV_PKT_FLAG_KEY : 0;
  err = p_av_write_frame(f, scratch);
  p_av_packet_unref(scratch);
  return s->io->error < 0 ? s->io->error : err < 0 ? err : 0;
}

void libav_reader_params(libav_reader *r, int stream, struct libav_params *p) {
  AVStream *st = r->format->streams[stream];
  const AVCodecParameters *c = st->codecpar;
  AVRational rate = p_av_guess_frame_rate(r->format, st, NULL);
  *p = (struct libav_params){
      .kind = c->codec_type == AVMEDIA_TYPE_VIDEO ? libav_video : c->codec_type == AVMEDIA_TYPE_AUDIO ? libav_sound : libav_other,
      .codec_id = c->codec_id, .format = c->format, .width = c->width, .height = c->height,
      .aspect_num = c->sample_aspect_ratio.num, .aspect_den = c->sample_aspect_ratio.den, .rate_num = rate.num, .rate_den = rate.den,
      .color_range = c->color_range, .color_primaries = c->color_primaries, .color_trc = c->color_trc, .color_space = c->color_space,
      .sample_rate = c->sample_rate, .channels = c->ch_layout.nb_channels, .frame_size = c->frame_size, .block_align = c->block_align,
      .initial_padding = c->initial_padding, .bits_per_coded_sample = c->bits_per_coded_sample,
      .bits_per_raw_sample = c->bits_per_raw_sample, .profile = c->profile, .level = c->level,
      .channel_mask = c->ch_layout.order == AV_CHANNEL_ORDER_NATIVE ? c->ch_layout.u.mask : 0, .bit_rate = c->bit_rate,
      .extradata = c->extradata, .extradata_size = c->extradata_size,
  };
  const int32_t *matrix = display_matrix(st);
  p->has_matrix = !!matrix;
  if (matrix) memcpy(p->matrix, matrix, sizeof p->matrix);
}

int libav_holds(const char *container, int codec_id) {
  const AVOutputFormat *f = p_av_guess_format(container, NULL, NULL);
  return f && p_avformat_query_codec(f, codec_id, FF_COMPLIANCE_UNOFFICIAL) == 1;
}

struct libav_mux {
  struct mux_sink sink;
  AVFormatContext *format;
  AVPacket *packet;
};

int libav_mux_open(libav_mux **mux, const char *container, int fd) {
  libav_mux *m = calloc(1, sizeof *m);
  if (!m) return AVERROR(ENOMEM);
  m->format = p_avformat_alloc_context();
  m->packet = p_av_packet_alloc();
  int err = m->format && m->packet ? mux_sink_open(&m->sink, m->format, container, fd) : AVERROR(ENOMEM);
  if (err < 0) {
    libav_mux_free(m);
    return err;
  }
  *mux = m;
  return 0;
}

int libav_mux_add(libav_mux *m, const struct libav_params *p) {
  int err;
  AVStream *st = mux_stream(m->format, p, &err);
  return st ? st->index : err;
}

int libav_mux_begin(libav_mux *m, const char *movflags) {
  AVDictionary *options = NULL;
  if (*movflags) p_av_dict_set(&options, "movflags", movflags, 0);
  int err = p_avformat_write_header(m->format, &options);
  p_av_dict_free(&options);
  if (err < 0) return err;
  p_avio_flush(m->sink.io);
  return m->sink.io->error;
}

int libav_mux_write(libav_mux *m, int stream, const uint8_t *data, int size, int64_t pts, int64_t dts, int64_t duration, int key) {
  if (stream < 0 || stream >= (int)m->format->nb_streams) return AVERROR(EINVAL);
  return mux_packet(&m->sink, m->format, m->packet, m->format->streams[stream], data, size, pts, dts, duration, key);
}

int libav_mux_flush(libav_mux *m) { return mux_sink_flush(&m->sink, m->format); }
int libav_mux_finish(libav_mux *m) { return mux_sink_finish(&m->sink, m->format); }

void libav_mux_free(libav_mux *m) {
  if (!m) return;
  p_av_packet_free(&m->packet);
  mux_sink_close(&m->sink);
  p_avformat_free_context(m->format);
  free(m);
}
