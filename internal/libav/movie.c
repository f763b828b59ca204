#include "movie.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mux.h"

struct libav_movie {
  libav_mux *mux;
  AVCodecContext *codec;
  AVStream *stream;
  AVFrame *frame;
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

static int open_streams(libav_movie *m, const struct libav_params *sound) {
  m->stream = p_avformat_new_stream(m->mux->format, NULL);
  if (!m->stream) return AVERROR(ENOMEM);
  m->stream->time_base = m->codec->time_base;
  m->stream->avg_frame_rate = m->codec->framerate;
  int err = p_avcodec_parameters_from_context(m->stream->codecpar, m->codec);
  if (err < 0) return err;
  if (sound && !mux_stream(m->mux, sound, &err)) return err;
  m->mux->discontinuous = sound != NULL;
  // Fragments are ended by libav_mux_flush. Each stands alone (default_base_moof), as browsers want it. Sound may begin at
  // another time than the pictures, which the header can say only when the first fragment is there (delay_moov).
  const char *flags = sound ? "frag_custom+empty_moov+default_base_moof+delay_moov" : "frag_custom+empty_moov+default_base_moof";
  // Sound that begins behind the first fragment, when the header is written: its first packet is put at 0 and lasts until
  // the second one, which without this would be at 0 with all that follow.
  return libav_mux_begin(m->mux, flags, !(sound && sound->late));
}

int libav_movie_open(libav_movie **movie, libav_mux *mux, const char *encoder, int width, int height, int rate, int base, int ticks,
                     const struct libav_params *sound) {
  libav_movie *m = calloc(1, sizeof *m);
  if (!m) return AVERROR(ENOMEM);
  m->mux = mux;
  int err = open_codec(m, encoder, width, height, rate, base, ticks);
  if (err >= 0 && !(m->frame = p_av_frame_alloc())) err = AVERROR(ENOMEM);
  if (err >= 0) {
    m->frame->format = m->codec->pix_fmt;
    m->frame->width = width;
    m->frame->height = height;
    err = p_av_frame_get_buffer(m->frame, 0);
  }
  if (err >= 0) err = open_streams(m, sound);
  if (err < 0) {
    libav_movie_free(m);
    return err;
  }
  *movie = m;
  return 0;
}

// drain writes the packets that the encoder has ready.
static int drain(libav_movie *m) {
  for (;;) {
    AVPacket *p = m->mux->packet;
    int err = p_avcodec_receive_packet(m->codec, p);
    if (err == AVERROR(EAGAIN) || err == AVERROR_EOF) return 0;
    if (err < 0) return err;
    p->stream_index = m->stream->index;
    p->duration = m->duration;  // no frame waits in the encoder
    p_av_packet_rescale_ts(p, m->codec->time_base, m->stream->time_base);
    if ((err = mux_put(m->mux)) < 0) return err;
  }
}

static const uint8_t *copy_plane(AVFrame *f, int plane, const uint8_t *from, int width, int height) {
  for (int y = 0; y < height; y++, from += width) memcpy(f->data[plane] + (ptrdiff_t)y * f->linesize[plane], from, width);
  return from;
}

int libav_movie_write(libav_movie *m, const uint8_t *i420, int64_t at, int64_t duration) {
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

int libav_movie_end(libav_movie *m) {
  int err = p_avcodec_send_frame(m->codec, NULL);
  return err < 0 ? err : drain(m);
}

void libav_movie_free(libav_movie *m) {
  if (!m) return;
  p_av_frame_free(&m->frame);
  p_avcodec_free_context(&m->codec);
  free(m);
}

void libav_words(int error, char *words, int size) { p_av_strerror(error, words, size); }

// ffmpeg's own errors are the negatives of four letters, far below the system's.
int libav_errno(int error) { return error < 0 && error > -4096 ? AVUNERROR(error) : 0; }
