// From a decoded frame to a picture: upright, square pixels, 8 bits, in planes.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

// Layouts and matrices, by package yuv's numbers.
enum { I420, I422, I444, NV12, GRAY };
enum { BT601, BT709, BT2020 };

void converter_free(struct converter *c) {
  for (int i = 0; i < spares; i++)
    if (c->spare[i]) p_av_frame_free(&c->spare[i]);
  if (c->sws) p_sws_freeContext(c->sws);
}

// turn_of reads the display matrix of a frame, or of its stream (ISO/IEC 14496-12, 8.3.2): x' = a·x + c·y and
// y' = b·x + d·y with a, b, c, d at 0, 1, 3, 4. Other angles than quarter turns become the nearest one.
struct turn turn_of(AVStream *st, const AVFrame *f) {
  const int32_t *m = NULL;
  AVFrameSideData *d = f ? p_av_frame_get_side_data(f, AV_FRAME_DATA_DISPLAYMATRIX) : NULL;
  if (d && d->size >= 9 * sizeof(int32_t)) m = (const int32_t *)d->data;
  if (!m) m = display_matrix(st);
  if (!m) return (struct turn){0};
  if (llabs(m[0]) + llabs(m[4]) >= llabs(m[1]) + llabs(m[3])) return (struct turn){0, m[0] < 0, m[4] < 0};
  return (struct turn){1, m[3] < 0, m[1] < 0};
}

int square_width(int width, int height, AVRational aspect) {
  enum { most = 16 };  // nothing real is more stretched than that
  if (aspect.num <= 0 || aspect.den <= 0 || aspect.num > (int64_t)most * aspect.den || aspect.den > (int64_t)most * aspect.num) return width;
  double wide = rint((double)width * aspect.num / aspect.den);
  return wide < 1 ? 1 : height > 0 && wide * height > 1 << 28 ? width : (int)wide;
}

// spare is memory for a picture that nobody holds any more, or new memory; never that of busy.
static AVFrame *spare(struct converter *c, int format, int width, int height, const AVFrame *busy) {
  int at = -1;
  for (int i = 0; i < spares; i++) {
    AVFrame *f = c->spare[i];
    if (f && (f == busy || !p_av_frame_is_writable(f))) continue;
    if (f && f->format == format && f->width == width && f->height == height) return f;
    if (at < 0 || !f) at = i;
  }
  if (at < 0) at = c->spare[0] == busy;  // all are held: forget one, which its holders keep
  if (c->spare[at]) p_av_frame_free(&c->spare[at]);
  AVFrame *f = p_av_frame_alloc();
  if (!f) return NULL;
  f->format = format;
  f->width = width;
  f->height = height;
  if (p_av_frame_get_buffer(f, 0) < 0) p_av_frame_free(&f);
  return c->spare[at] = f;
}

static int full_range(const AVFrame *f, const AVPixFmtDescriptor *d) {
  if (f->color_range == AVCOL_RANGE_JPEG) return 1;
  if (f->color_range == AVCOL_RANGE_MPEG) return 0;
  return !strncmp(d->name, "yuvj", 4) || d->nb_components < 3;  // grey without a tag is full, as in libswscale
}

// matrix_tag is the tag as libswscale reads it; what it does not know is BT.601.
static int matrix_tag(const AVFrame *f) {
  switch (f->colorspace) {
    case AVCOL_SPC_BT709: case AVCOL_SPC_SMPTE240M: case AVCOL_SPC_BT2020_NCL: return f->colorspace;
    case AVCOL_SPC_BT2020_CL: return AVCOL_SPC_BT2020_NCL;
    default: return AVCOL_SPC_SMPTE170M;
  }
}

static int layout_of(int format) {
  switch (format) {
    case AV_PIX_FMT_YUV420P: case AV_PIX_FMT_YUVJ420P: return I420;
    case AV_PIX_FMT_YUV422P: case AV_PIX_FMT_YUVJ422P: return I422;
    case AV_PIX_FMT_YUV444P: case AV_PIX_FMT_YUVJ444P: return I444;
    case AV_PIX_FMT_NV12: return NV12;
    case AV_PIX_FMT_GRAY8: return GRAY;
  }
  return -1;
}

static const int format_of[] = {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_NV12, AV_PIX_FMT_GRAY8};

static int is_rgb(const AVPixFmtDescriptor *d) { return !!(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER)); }

// nearest is the layout that keeps what a format has.
static int nearest(const AVPixFmtDescriptor *d) {
  if (is_rgb(d)) return I444;
  if (d->nb_components < 3) return GRAY;
  return d->log2_chroma_h ? d->log2_chroma_w ? I420 : I444 : d->log2_chroma_w ? I422 : I444;
}

// scale converts a frame with libswscale. from and to are tags of matrices.
static int scale(libav_reader *r, const AVFrame *in, AVFrame *out, int from, int to, int in_full, int out_full) {
  struct converter *c = &r->converter;
  const char *why = libav_load_scale();
  if (why) {
    libav_log_add(&r->log, why);
    return AVERROR(ENOSYS);
  }
  if (!p_sws_isSupportedInput(in->format)) {
    char line[libav_log_line];
    snprintf(line, sizeof line, "libswscale does not know pixels of the format %s", p_av_get_pix_fmt_name(in->format));
    libav_log_add(&r->log, line);
    return AVERROR(ENOSYS);
  }
  int key[8] = {in->width, in->height, in->format, out->width, out->format, from * 16 + to, in_full, out_full};
  if (!c->sws || memcmp(key, c->key, sizeof key)) {
    if (c->sws) p_sws_freeContext(c->sws);
    c->sws = p_sws_getCachedContext(NULL, in->width, in->height, in->format, out->width, out->height, out->format,
                                    SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
    if (!c->sws) return AVERROR(EINVAL);
    p_sws_setColorspaceDetails(c->sws, p_sws_getCoefficients(from), in_full, p_sws_getCoefficients(to), out_full, 0, 1 << 16, 1 << 16);
    memcpy(c->key, key, sizeof key);
  }
  int rows = p_sws_scale(c->sws, (const uint8_t *const *)in->data, in->linesize, 0, in->height, out->data, out->linesize);
  return rows < 0 ? rows : 0;
}

// turn_plane copies a plane of pixels of n bytes (1, or 2 for chroma in turn); width and height are those of out.
static void turn_plane(const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int width, int height, int n, struct turn t) {
  ptrdiff_t across = t.transpose ? in_stride : n, down = t.transpose ? n : in_stride;
  if (t.flip_x) in += across * (width - 1), across = -across;
  if (t.flip_y) in += down * (height - 1), down = -down;
  enum { block = 32 };  // so that columns come from the cache
  for (int y0 = 0; y0 < height; y0 += block)
    for (int x0 = 0; x0 < width; x0 += block)
      for (int y = y0; y < height && y < y0 + block; y++) {
        const uint8_t *from = in + y * down + x0 * across;
        uint8_t *to = out + y * out_stride + x0 * n;
        for (int x = x0; x < width && x < x0 + block; x++, from += across, to += n) {
          to[0] = from[0];
          if (n == 2) to[1] = from[1];
        }
      }
}

static int turn_frame(const AVFrame *in, AVFrame *out, struct turn t, int layout) {
  int planes = layout == GRAY ? 1 : layout == NV12 ? 2 : 3;
  for (int i = 0; i < planes; i++) {
    int half_x = i && (layout == I420 || layout == NV12 || layout == I422), half_y = i && (layout == I420 || layout == NV12);
    turn_plane(in->data[i], in->linesize[i], out->data[i], out->linesize[i], half_x ? (out->width + 1) / 2 : out->width,
               half_y ? (out->height + 1) / 2 : out->height, i && layout == NV12 ? 2 : 1, t);
  }
  return 0;
}

static int is_hdr(const AVFrame *f) { return f->color_trc == AVCOL_TRC_SMPTE2084 || f->color_trc == AVCOL_TRC_ARIB_STD_B67; }

// plain makes a frame of 8 bits in one of our layouts with square pixels, which may be the one that it gets.
static int plain(libav_reader *r, AVFrame *in, int width, int transpose, AVFrame **result, struct libav_picture *p) {
  struct converter *c = &r->converter;
  const AVPixFmtDescriptor *d = p_av_pix_fmt_desc_get(in->format);
  if (!d) return AVERROR(EINVAL);
  int rgb = is_rgb(d), tag = rgb ? AVCOL_SPC_SMPTE170M : matrix_tag(in), full = rgb || full_range(in, d);
  int to = tag == AVCOL_SPC_SMPTE240M ? AVCOL_SPC_BT709 : tag;
  p->matrix = to == AVCOL_SPC_BT709 ? BT709 : to == AVCOL_SPC_BT2020_NCL ? BT2020 : BT601;
  p->full = full;
  p->layout = layout_of(in->format);
  int upside_down = in->linesize[0] < 0;
  if (is_hdr(in)) {
    AVFrame *linear = spare(c, AV_PIX_FMT_RGB48, width, in->height, NULL);
    int err = linear ? scale(r, in, linear, tag, tag, full, 1) : AVERROR(ENOMEM);
    if (err < 0) return err;
    if (!(*result = spare(c, AV_PIX_FMT_YUV444P, width, in->height, linear))) return AVERROR(ENOMEM);
    from_hdr(linear, in->color_trc == AVCOL_TRC_ARIB_STD_B67, *result);
    p->layout = I444;
    p->matrix = BT709;
    p->full = 0;
    return 0;
  }
  if (p->layout >= 0 && width == in->width && tag == to && !upside_down && !(transpose && p->layout == I422)) {
    *result = in;
    return 0;
  }
  if (p->layout < 0) p->layout = nearest(d);
  if (transpose && p->layout == I422) p->layout = I444;  // its turned form, with chroma of half the height, is none of ours
  if (p->layout == NV12) p->layout = I420;
  // The range stays: the deprecated yuvj formats would be turned into another one.
  *result = spare(c, format_of[p->layout], width, in->height, NULL);
  return *result ? scale(r, in, *result, tag, to, full, full) : AVERROR(ENOMEM);
}

int libav_reader_picture(libav_reader *r, int stream, void *frame, struct libav_picture *p) {
  AVFrame *in = frame, *f = NULL;
  AVStream *st = r->format->streams[stream];
  memset(p, 0, sizeof *p);
  struct turn t = turn_of(st, in);
  AVRational aspect = p_av_guess_sample_aspect_ratio(r->format, st, in);
  libav_log_into(&r->log);
  int err = plain(r, in, square_width(in->width, in->height, aspect), t.transpose, &f, p);
  libav_log_into(NULL);
  if (err < 0) return err;
  if (t.transpose || t.flip_x || t.flip_y) {
    AVFrame *turned = spare(&r->converter, format_of[p->layout], t.transpose ? f->height : f->width, t.transpose ? f->width : f->height, f);
    if (!turned) return AVERROR(ENOMEM);
    turn_frame(f, turned, t, p->layout);
    f = turned;
  }
  AVFrame *mine = p_av_frame_alloc();
  if (!mine || (err = p_av_frame_ref(mine, f)) < 0) {
    if (mine) p_av_frame_free(&mine);
    return mine ? err : AVERROR(ENOMEM);
  }
  p->frame = mine;
  p->width = mine->width;
  p->height = mine->height;
  for (int i = 0; i < 3; i++) {
    p->data[i] = mine->data[i];
    p->stride[i] = mine->linesize[i];
  }
  return 0;
}
