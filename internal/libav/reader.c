#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

libav_reader *libav_reader_new(void) {
  libav_reader *r = calloc(1, sizeof *r);
  if (r) r->zero = LIBAV_NO_TIME;
  return r;
}

void libav_reader_interrupt(libav_reader *r) { atomic_store(&r->stop, 1); }
int libav_reader_timed_out(libav_reader *r) { return atomic_load(&r->timed_out); }

// interrupted is asked by the libraries while they wait.
static int interrupted(void *opaque) {
  libav_reader *r = opaque;
  if (atomic_load(&r->stop)) return 1;
  int64_t deadline = atomic_load(&r->deadline);
  if (!deadline || p_av_gettime_relative() < deadline) return 0;
  atomic_store(&r->timed_out, 1);
  return 1;
}

static void begin(libav_reader *r, int64_t timeout) {
  atomic_store(&r->deadline, timeout > 0 ? p_av_gettime_relative() + timeout : 0);
  libav_log_into(&r->log);
}

// allow lets the libraries work for a while, after they were interrupted.
static void allow(libav_reader *r, int64_t timeout) {
  atomic_store(&r->stop, 0);
  atomic_store(&r->timed_out, 0);
  begin(r, timeout);
}

void libav_reader_free(libav_reader *r) {
  if (!r) return;
  libav_log_into(NULL);
  for (int i = 0; i < r->count; i++) p_avcodec_free_context(&r->tracks[i].codec);
  free(r->tracks);
  converter_free(&r->converter);
  if (r->packet) p_av_packet_free(&r->packet);
  if (r->frame) p_av_frame_free(&r->frame);
  if (r->kept.frame) libav_frame_free(r->kept.frame);
  if (r->format) {
    // A server is told that the stream is not wanted any more, also after an interruption, but not for long.
    allow(r, 1000000);
    p_avformat_close_input(&r->format);
    libav_log_into(NULL);
  }
  free(r);
}

static int end(libav_reader *r, int err) {
  libav_log_into(NULL);
  atomic_store(&r->deadline, 0);
  // What was interrupted may say "end of file" or "input/output error" instead.
  return err < 0 && (atomic_load(&r->stop) || atomic_load(&r->timed_out)) ? AVERROR_EXIT : err;
}

static int64_t in_ns(int64_t t, AVRational base) { return t == AV_NOPTS_VALUE ? LIBAV_NO_TIME : p_av_rescale_q(t, base, nanoseconds); }

// find_zero is the container's time that is 0: where its first stream begins, as for the ffmpeg program. Sound that
// begins a little before 0, because of what its encoder needs to start, does not move the pictures.
static void find_zero(libav_reader *r) {
  if (r->format->start_time == AV_NOPTS_VALUE) return;
  int64_t first = LIBAV_NO_TIME, video = 0;
  for (int i = 0; i < r->count; i++) {
    AVStream *st = r->format->streams[i];
    if (st->start_time == AV_NOPTS_VALUE) continue;
    int64_t ns = in_ns(st->start_time, st->time_base);
    if (p_av_rescale_q(st->start_time, st->time_base, AV_TIME_BASE_Q) == r->format->start_time) first = ns;  // exactly
    if (st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && ns < video) video = ns;
  }
  if (first == LIBAV_NO_TIME) first = in_ns(r->format->start_time, AV_TIME_BASE_Q);
  r->zero = first < 0 ? video : first;
}

static int open_input(libav_reader *r, const char *name, const char *format, const char *const *options) {
  const AVInputFormat *as = NULL;
  if (*format && !(as = p_av_find_input_format(format))) return AVERROR_DEMUXER_NOT_FOUND;
  if (!(r->format = p_avformat_alloc_context())) return AVERROR(ENOMEM);
  r->format->interrupt_callback = (AVIOInterruptCB){interrupted, r};
  AVDictionary *o = NULL;
  for (; options && options[0]; options += 2) p_av_dict_set(&o, options[0], options[1], 0);
  int err = p_avformat_open_input(&r->format, name, as, &o);  // frees the context after an error
  if (err >= 0) {
    const AVDictionaryEntry *left = p_av_dict_get(o, "", NULL, AV_DICT_IGNORE_SUFFIX);
    if (left) {
      char line[libav_log_line];
      snprintf(line, sizeof line, "%s does not know the option \"%s\"", r->format->iformat->name, left->key);
      libav_log_add(&r->log, line);
      err = AVERROR_OPTION_NOT_FOUND;
    }
  }
  p_av_dict_free(&o);
  return err;
}

int libav_reader_open(libav_reader *r, const char *name, const char *format, const char *const *options, int64_t open_timeout, int64_t read_timeout) {
  libav_log_install();
  p_avformat_network_init();
  begin(r, open_timeout);
  r->read_timeout = read_timeout;
  int err = open_input(r, name, format, options);
  if (err >= 0) err = p_avformat_find_stream_info(r->format, NULL);
  if (err < 0) return end(r, err);
  r->count = r->format->nb_streams;
  r->tracks = calloc(r->count ? r->count : 1, sizeof *r->tracks);
  r->packet = p_av_packet_alloc();
  r->frame = p_av_frame_alloc();
  if (!r->tracks || !r->packet || !r->frame) return end(r, AVERROR(ENOMEM));
  for (int i = 0; i < r->count; i++) {
    r->tracks[i].hardware = AV_PIX_FMT_NONE;
    r->tracks[i].last_dts = AV_NOPTS_VALUE;
    r->tracks[i].last_time = r->tracks[i].next_time = LIBAV_NO_TIME;
    r->format->streams[i]->discard = AVDISCARD_ALL;
  }
  find_zero(r);
  return end(r, atomic_load(&r->stop) ? AVERROR_EXIT : 0);
}

const char *libav_reader_container(libav_reader *r) { return r->format->iformat->name; }
int64_t libav_reader_duration(libav_reader *r) { return in_ns(r->format->duration, AV_TIME_BASE_Q); }
int libav_reader_count(libav_reader *r) { return r->count; }

int libav_reader_best(libav_reader *r, int kind) {
  int i = p_av_find_best_stream(r->format, kind == libav_video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
  return i < 0 ? -1 : i;
}

void libav_reader_stream(libav_reader *r, int i, struct libav_stream *s) {
  AVStream *st = r->format->streams[i];
  AVCodecParameters *c = st->codecpar;
  memset(s, 0, sizeof *s);
  s->codec = p_avcodec_get_name(c->codec_id);
  s->decodable = p_avcodec_find_decoder(c->codec_id) != NULL;
  s->duration = in_ns(st->duration, st->time_base);
  if (s->duration == LIBAV_NO_TIME) s->duration = libav_reader_duration(r);
  s->frames = st->nb_frames;
  s->cover = !!(st->disposition & AV_DISPOSITION_ATTACHED_PIC);
  if (c->codec_type == AVMEDIA_TYPE_AUDIO) {
    s->kind = libav_sound;
    s->sample_rate = c->sample_rate;
    s->channels = c->ch_layout.nb_channels;
    return;
  }
  s->kind = c->codec_type == AVMEDIA_TYPE_VIDEO ? libav_video : libav_other;
  if (s->kind == libav_other) return;
  s->format = p_av_get_pix_fmt_name(c->format);
  s->matrix = p_av_color_space_name(c->color_space);
  s->range = p_av_color_range_name(c->color_range);
  s->transfer = p_av_color_transfer_name(c->color_trc);
  s->primaries = p_av_color_primaries_name(c->color_primaries);
  s->width = c->width;
  s->height = c->height;
  AVRational rate = p_av_guess_frame_rate(r->format, st, NULL), aspect = p_av_guess_sample_aspect_ratio(r->format, st, NULL);
  s->rate_num = rate.num;
  s->rate_den = rate.den;
  s->aspect_num = aspect.num;
  s->aspect_den = aspect.den;
  struct turn t = turn_of(st, NULL);
  s->transpose = t.transpose;
  s->flip_x = t.flip_x;
  s->flip_y = t.flip_y;
  int wide = square_width(c->width, c->height, aspect);
  s->upright_width = t.transpose ? c->height : wide;
  s->upright_height = t.transpose ? wide : c->height;
}

// settle makes a packet's times continuous. A stream of which the times begin anew (recordings put together, a
// restarted sender) goes on where it was; all streams of the reader then have the same offset. Numbers that were too
// large for their field go on as if it were larger.
static void settle(libav_reader *r, struct track *t, AVStream *st, AVPacket *p) {
  if (p->dts != AV_NOPTS_VALUE) {
    int64_t dts = p->dts + t->offset, much = p_av_rescale_q(1, (AVRational){1, 2}, st->time_base);
    if (t->last_dts != AV_NOPTS_VALUE && dts < t->last_dts - much) {
      int64_t wrap = st->pts_wrap_bits > 0 && st->pts_wrap_bits < 62 ? (int64_t)1 << st->pts_wrap_bits : 0;
      int64_t ahead = dts + wrap - t->last_dts;
      if (wrap && ahead > -much && ahead < 20 * much) {
        t->offset += wrap;
      } else {
        if (t->epoch < r->epoch) t->offset = p_av_rescale_q(r->epoch_ns, nanoseconds, st->time_base);
        dts = p->dts + t->offset;
        if (t->epoch == r->epoch || dts < t->last_dts - much) {
          t->offset += t->last_dts + t->last_duration - dts;
          r->epoch_ns = p_av_rescale_q(t->offset, st->time_base, nanoseconds);
          r->epoch++;
        }
        t->epoch = r->epoch;
      }
      dts = p->dts + t->offset;
    }
    t->last_dts = dts;
    t->last_duration = p->duration > 0 ? p->duration : 0;
    p->dts = dts;
  }
  if (p->pts != AV_NOPTS_VALUE) p->pts += t->offset;
  if (r->zero == LIBAV_NO_TIME) {
    int64_t first = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
    if (first != AV_NOPTS_VALUE) r->zero = in_ns(first, st->time_base);
  }
}

static int64_t from_zero(libav_reader *r, int64_t t, AVRational base) {
  if (t == AV_NOPTS_VALUE) return LIBAV_NO_TIME;
  return in_ns(t, base) - (r->zero == LIBAV_NO_TIME ? 0 : r->zero);
}

int libav_reader_packet(libav_reader *r, struct libav_packet *p) {
  if (r->holds) {
    r->holds = 0;
    *p = r->held;
    return 0;
  }
  begin(r, r->read_timeout);
  int err;
  do {
    p_av_packet_unref(r->packet);
    err = atomic_load(&r->stop) ? AVERROR_EXIT : p_av_read_frame(r->format, r->packet);
    // Streams that appear later (MPEG-TS) are not selected.
  } while (err == AVERROR(EAGAIN) || (err >= 0 && (r->packet->stream_index >= r->count || !r->tracks[r->packet->stream_index].wanted)));
  if (err < 0) return end(r, err);
  AVPacket *in = r->packet;
  AVStream *st = r->format->streams[in->stream_index];
  settle(r, &r->tracks[in->stream_index], st, in);
  *p = (struct libav_packet){
      .stream = in->stream_index,
      .key = !!(in->flags & AV_PKT_FLAG_KEY),
      .corrupt = !!(in->flags & AV_PKT_FLAG_CORRUPT),
      .size = in->size,
      .data = in->data,
      .pts = from_zero(r, in->pts, st->time_base),
      .dts = from_zero(r, in->dts, st->time_base),
      .duration = in_ns(in->duration, st->time_base),
  };
  return end(r, 0);
}

int libav_reader_select(libav_reader *r, int i, int decode, int threads, int low_delay, const char *hardware) {
  AVStream *st = r->format->streams[i];
  struct track *t = &r->tracks[i];
  t->wanted = 1;
  st->discard = AVDISCARD_DEFAULT;
  if (!decode || t->codec) return 0;
  begin(r, 0);
  return end(r, open_decoder(r, i, threads, low_delay, hardware));
}

const char *libav_reader_hardware(libav_reader *r, const char **why) {
  *why = r->why;
  return r->hardware;
}

void libav_reader_skip(libav_reader *r, int i, int skip) {
  if (r->tracks[i].codec) r->tracks[i].codec->skip_frame = skip ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
}

void libav_reader_words(libav_reader *r, char *words, int size) {
  *words = 0;
  for (int i = 0, n = 0; i < r->log.count && n < size; i++) n += snprintf(words + n, size - n, "%s%s", i ? "; " : "", r->log.lines[i]);
  r->log.count = 0;
  r->log.partial[0] = 0;
}

int libav_is_again(int error) { return error == AVERROR(EAGAIN); }
int libav_is_eof(int error) { return error == AVERROR_EOF; }
int libav_is_exit(int error) { return error == AVERROR_EXIT; }
