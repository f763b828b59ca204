#include "movie.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mux.h"

struct libav_movie {
  struct mux_sink sink;
  AVCodecContext *codec;
  AVFormatContext *format;
  AVStream *stream;
  AVStream *sound;  // NULL: none
  AVFrame *frame;
  AVPacket *packet;
  int64_t duration;  // of the frame that is encoded
};

static void options_of(const char *encoder, AVCodecContext *c, AVDictionary **o) {
  if (!strcmp(encoder, "libx264")) {
    // No frame waits in the encoder: what was seen a second ago is in the file.
    p_av_dict_set(o, "preset", "veryfast", 0);
    p_av_dict_set(o, "tune", "zerolatency", 0);
    p_av_dict_set(o, "crf", "23", 0);
  } else if (!strcmp(encoder, "mpeg4")) {
    c->flags |= AV_CODEC_FLAG_QSCALE;
    c->global_quality = 3 * FF_QP2LAMBDA;
  } else {
    c->bit_rate = (int64_t)c->width * c->height * 3;
  }
}

static int open_codec(libav_movie *m, const char *encoder, int width, int height, int rate, int base, int ticks) {
  const AVCodec *codec = p_avcodec_find_encoder_by_name(encoder);
  if (!codec) return AVERROR(ENOSYS);
  AVCodecContext *c = m->codec = p_avcodec_alloc_context3(codec);
  if (!c) return AVERROR(ENOMEM);
  c->width = width;
  c->height = height;
  c->pix_fmt = AV_PIX_FMT_YUV420P;
  c->time_base = (AVRational){1, ticks};
  c->framerate = (AVRational){rate, base};
  c->gop_size = rate / base * 2 > 12 ? rate / base * 2 : 12;  // two seconds: where a player can begin
  c->max_b_frames = 0;                                       // the first frame is at 0, decoding and showing alike
  c->color_range = AVCOL_RANGE_MPEG;                         // what OpenCV's conversion to I420 gives
  c->colorspace = AVCOL_SPC_SMPTE170M;
  c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary *options = NULL;
  options_of(encoder, c, &options);
  int err = p_avcodec_open2(c, codec, &options);
  p_av_dict_free(&options);
  return err;
}

static int open_format(libav_movie *m, const struct libav_params *sound) {
  AVFormatContext *f = m->format = p_avformat_alloc_context();
  if (!f) return AVERROR(ENOMEM);
  int err = mux_sink_open(&m->sink, f, "mp4", m->sink.fd);
  if (err < 0) return err;
  m->stream = p_avformat_new_stream(f, NULL);
  if (!m->stream) return AVERROR(ENOMEM);
  m->stream->time_base = m->codec->time_base;
  m->stream->avg_frame_rate = m->codec->framerate;
  err = p_avcodec_parameters_from_context(m->stream->codecpar, m->codec);
  if (err < 0) return err;
  if (sound && !(m->sound = mux_stream(f, sound, &err))) return err;
  // Fragments are ended by libav_flush. Each stands alone (default_base_moof), as browsers want it. Sound may begin at
  // another time than the pictures, which the header can say only when the first fragment is there (delay_moov).
  AVDictionary *options = NULL;
  p_av_dict_set(&options, "movflags", sound ? "frag_custom+empty_moov+default_base_moof+delay_moov" : "frag_custom+empty_moov+default_base_moof", 0);
  // Sound that begins behind the first fragment, when the header is written: its first packet is put at 0 and lasts until
  // the second one, which without this would be at 0 with all that follow.
  if (sound && sound->late) p_av_dict_set(&options, "use_editlist", "0", 0);
  err = p_avformat_write_header(f, &options);
  p_av_dict_free(&options);
  return err;
}

int libav_open(libav_movie **movie, const char *encoder, int fd, int width, int height, int rate, int base, int ticks, const struct libav_params *sound) {
  libav_movie *m = calloc(1, sizeof *m);
  if (!m) return AVERROR(ENOMEM);
  m->sink.fd = fd;
  int err = open_codec(m, encoder, width, height, rate, base, ticks);
  if (err >= 0) err = open_format(m, sound);
  if (err >= 0) {
    m->frame = p_av_frame_alloc();
    m->packet = p_av_packet_alloc();
    if (!m->frame || !m->packet) err = AVERROR(ENOMEM);
  }
  if (err >= 0) {
    m->frame->format = m->codec->pix_fmt;
    m->frame->width = width;
    m->frame->height = height;
    err = p_av_frame_get_buffer(m->frame, 0);
  }
  if (err >= 0) {
    p_avio_flush(m->sink.io);
    err = m->sink.io->error;
  }
  if (err < 0) {
    libav_free(m);
    return err;
  }
  *movie = m;
  return 0;
}

// drain writes the packets that the encoder has ready.
static int drain(libav_movie *m) {
  for (;;) {
    int err = p_avcodec_receive_packet(m->codec, m->packet);
    if (err == AVERROR(EAGAIN) || err == AVERROR_EOF) return 0;
    if (err < 0) return err;
    m->packet->stream_index = 0;
    m->packet->duration = m->duration;  // no frame waits in the encoder
    p_av_packet_rescale_ts(m->packet, m->codec->time_base, m->stream->time_base);
    // The muxer takes the packet's data over, not the packet.
    if ((err = p_av_write_frame(m->format, m->packet)) < 0) return err;
    if (m->sink.io->error < 0) return m->sink.io->error;
  }
}

static const uint8_t *copy_plane(AVFrame *f, int plane, const uint8_t *from, int width, int height) {
  for (int y = 0; y < height; y++, from += width) memcpy(f->data[plane] + (ptrdiff_t)y * f->linesize[plane], from, width);
  return from;
}

int libav_write(libav_movie *m, const uint8_t *i420, int64_t at, int64_t duration) {
  int err = p_av_frame_make_writable(m->frame);
  if (err < 0) return err;
  int w = m->frame->width, h = m->frame->height;
  i420 = copy_plane(m->frame, 0, i420, w, h);
  i420 = copy_plane(m->frame, 1, i420, w / 2, h / 2);
  copy_plane(m->frame, 2, i420, w / 2, h / 2);
  m->frame->pts = at;
  m->duration = duration;
  err = p_avcodec_send_frame(m->codec, m->frame);
  return err < 0 ? err : drain(m);
}

int libav_write_sound(libav_movie *m, const uint8_t *data, int size, int64_t pts, int64_t dts, int64_t duration) {
  return mux_packet(&m->sink, m->format, m->packet, m->sound, data, size, pts, dts, duration, 1);
}

int libav_flush(libav_movie *m) {
  int err = mux_sink_flush(&m->sink, m->format);
  // The muxer would put the next fragment's sound behind the last one's, though there may be none for a while.
  if (err >= 0 && m->sound) err = p_av_opt_set(m->format->priv_data, "movflags", "+frag_discont", 0);
  return err;
}

int libav_finish(libav_movie *m) {
  int err = p_avcodec_send_frame(m->codec, NULL);
  if (err >= 0) err = drain(m);
  int end = mux_sink_finish(&m->sink, m->format);
  return err < 0 ? err : end;
}

void libav_free(libav_movie *m) {
  if (!m) return;
  p_av_packet_free(&m->packet);
  p_av_frame_free(&m->frame);
  p_avcodec_free_context(&m->codec);
  mux_sink_close(&m->sink);
  p_avformat_free_context(m->format);
  free(m);
}

void libav_words(int error, char *words, int size) { p_av_strerror(error, words, size); }

// ffmpeg's own errors are the negatives of four letters, far below the system's.
int libav_errno(int error) { return error < 0 && error > -4096 ? AVUNERROR(error) : 0; }
