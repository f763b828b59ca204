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
  libav_mux *s = opaque;
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
  libav_mux *s = opaque;
  if (whence & AVSEEK_SIZE) return AVERROR(ENOSYS);
  off_t at = lseek(s->fd, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

static int open_file(libav_mux *m, const char *container, int fd) {
  enum { buffer_size = 64 << 10 };
  AVFormatContext *f = m->format;
  m->fd = fd;
  int fragments = !strcmp(container, "mp4");  // they are written in order, also to what cannot be sought in
  uint8_t *buffer = p_av_malloc(buffer_size);
  if (!buffer) return AVERROR(ENOMEM);
  m->io = p_avio_alloc_context(buffer, buffer_size, 1, m, NULL, write_out, fragments || lseek(fd, 0, SEEK_CUR) < 0 ? NULL : seek_out);
  if (!m->io) {
    p_av_freep(&buffer);
    return AVERROR(ENOMEM);
  }
  f->pb = m->io;
  f->oformat = p_av_guess_format(container, NULL, NULL);
  f->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;  // FLAC in MP4, which ffmpeg 5.1 calls so, is read everywhere now
  return f->oformat ? 0 : AVERROR(ENOSYS);
}

// result is the error of a call, or of the writes to the file that it led to.
static int result(libav_mux *m, int err) { return m->io->error < 0 ? m->io->error : err < 0 ? err : 0; }

AVStream *mux_stream(libav_mux *m, const struct libav_params *p, int *err) {
  AVFormatContext *f = m->format;
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

int mux_put(libav_mux *m) {
  int err = p_av_write_frame(m->format, m->packet);
  p_av_packet_unref(m->packet);
  return result(m, err);
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

int libav_mux_open(libav_mux **mux, const char *container, int fd) {
  libav_mux *m = calloc(1, sizeof *m);
  if (!m) return AVERROR(ENOMEM);
  m->format = p_avformat_alloc_context();
  m->packet = p_av_packet_alloc();
  int err = m->format && m->packet ? open_file(m, container, fd) : AVERROR(ENOMEM);
  if (err < 0) {
    libav_mux_free(m);
    return err;
  }
  *mux = m;
  return 0;
}

int libav_mux_add(libav_mux *m, const struct libav_params *p) {
  int err;
  AVStream *st = mux_stream(m, p, &err);
  return st ? st->index : err;
}

int libav_mux_begin(libav_mux *m, const char *movflags, int edit_list) {
  AVDictionary *options = NULL;
  if (*movflags) p_av_dict_set(&options, "movflags", movflags, 0);
  if (!edit_list) p_av_dict_set(&options, "use_editlist", "0", 0);
  int err = p_avformat_write_header(m->format, &options);
  p_av_dict_free(&options);
  if (err < 0) return err;
  m->begun = 1;
  p_avio_flush(m->io);
  return result(m, 0);
}

int libav_mux_write(libav_mux *m, int stream, const uint8_t *data, int size, int64_t pts, int64_t dts, int64_t duration, int key) {
  if (stream < 0 || stream >= (int)m->format->nb_streams) return AVERROR(EINVAL);
  // A copy with the padding that bit stream filters want.
  AVPacket *p = m->packet;
  AVRational base = m->format->streams[stream]->time_base;
  p_av_packet_unref(p);
  int err = p_av_new_packet(p, size);
  if (err < 0) return err;
  memcpy(p->data, data, size);
  p->stream_index = stream;
  p->pts = ticks(pts, base);
  p->dts = ticks(dts, base);
  p->duration = duration > 0 ? ticks(duration, base) : 0;
  p->flags = key ? AV_PKT_FLAG_KEY : 0;
  return mux_put(m);
}

int libav_mux_flush(libav_mux *m) {
  if (!m->begun) return 0;
  int err = p_av_write_frame(m->format, NULL);
  p_avio_flush(m->io);
  err = result(m, err);
  // The muxer would put the next fragment's sound behind the last one's, though there may be none for a while.
  if (err >= 0 && m->discontinuous) err = p_av_opt_set(m->format->priv_data, "movflags", "+frag_discont", 0);
  return err;
}

int libav_mux_finish(libav_mux *m) {
  int err = p_av_write_trailer(m->format);
  p_avio_flush(m->io);
  return result(m, err);
}

void libav_mux_free(libav_mux *m) {
  if (!m) return;
  p_av_packet_free(&m->packet);
  if (m->io) {
    p_av_freep(&m->io->buffer);
    p_avio_context_free(&m->io);
  }
  p_avformat_free_context(m->format);
  free(m);
}
