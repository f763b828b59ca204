#include "rows.h"

// Memory for one scaled row: samples and pixels left of each of its pixels, and then those right of them.
typedef struct {
	uint8_t *pairs_y, *pairs_u, *pairs_v; // 2 w: neighbours side by side
	uint8_t *y;                           // 2 w
	int16_t *u, *v;                       // 2 w
	int16_t *cb, *cg, *cr;                // 2 w
	uint8_t *b, *g, *r;                   // 2 w
	int16_t *row[2]; // 3 w: two rows of the picture, scaled to the width: blue, green, red, with 7 bits after the point
	int have[2];     // which rows they are, -1: none
} lines;

INLINE void fetch(const uint8_t *restrict from, const int32_t *restrict at, int w, uint8_t *restrict pairs) {
	for (int i = 0; i < w; i++) memcpy(pairs + 2 * i, from + at[i], 2); // one load and one store
}

INLINE uint8_t either(uint8_t a, uint8_t b, uint8_t mask) { return a ^ ((a ^ b) & mask); }

INLINE void choose(const uint8_t *restrict pairs, const uint8_t *restrict left, const uint8_t *restrict right, int w, uint8_t *restrict to) {
	for (int i = 0; i < w; i++) {
		to[i] = either(pairs[2 * i], pairs[2 * i + 1], left[i]);
		to[w + i] = either(pairs[2 * i], pairs[2 * i + 1], right[i]);
	}
}

INLINE void choose_wide(const uint8_t *restrict pairs, const uint8_t *restrict left, const uint8_t *restrict right, int w, int16_t *restrict to) {
	for (int i = 0; i < w; i++) {
		to[i] = (int16_t)(either(pairs[2 * i], pairs[2 * i + 1], left[i]) << 3);
		to[w + i] = (int16_t)(either(pairs[2 * i], pairs[2 * i + 1], right[i]) << 3);
	}
}

// Fetches the samples that a row needs.
INLINE void gather(const yuv_planes *p, int y, int w, const yuv_columns *c, yuv_ring *known, lines *s) {
	const uint8_t *restrict l = luma_row(p, y);
	if (p->width > 1) {
		fetch(l, c->luma_at, w, s->pairs_y);
		choose(s->pairs_y, c->luma_left, c->luma_right, w, s->y);
	} else {
		memset(s->y, l[0], 2 * (size_t)w);
	}
	if (p->mode == YUV_GRAY) return;
	if (p->mode == YUV_NEAREST) {
		const int row = y >> p->c_shift_y;
		const uint8_t *u = p->u + p->u_stride * row, *v = p->v + p->v_stride * row;
		if (p->c_width > 1) {
			fetch(u, c->chroma_at, w, s->pairs_u);
			fetch(v, c->chroma_at, w, s->pairs_v);
			choose_wide(s->pairs_u, c->chroma_left, c->chroma_right, w, s->u);
			choose_wide(s->pairs_v, c->chroma_left, c->chroma_right, w, s->v);
		} else {
			for (int i = 0; i < 2 * w; i++) s->u[i] = (int16_t)(u[0] << 3), s->v[i] = (int16_t)(v[0] << 3);
		}
		return;
	}
	int16_t *u = p->work, *v = p->work + p->c_width;
	int shift = 1;
	if (p->mode == YUV_ROWS) {
		between_rows(p, p->u, p->u_stride, y, u);
		between_rows(p, p->v, p->v_stride, y, v);
	} else {
		chroma_full(p, y, known, &u, &v);
		shift = 0;
	}
	for (int i = 0; i < w; i++) {
		const int a = (c->luma_at[i] + (c->luma_left[i] & 1)) >> shift, b = (c->luma_at[i] + (c->luma_right[i] & 1)) >> shift;
		s->u[i] = u[a];
		s->v[i] = v[a];
		s->u[w + i] = u[b];
		s->v[w + i] = v[b];
	}
}

// Between two samples of a row; of the 11 bits of the weights 7 stay.
INLINE void across_row(const uint8_t *restrict from, const int16_t *restrict left, const int16_t *restrict right, int w, int16_t *restrict to) {
	for (int i = 0; i < w; i++) to[i] = (int16_t)((from[i] * left[i] + from[w + i] * right[i]) >> 4);
}

INLINE void sum_row(const uint8_t *restrict from, int w, int16_t *restrict to) {
	for (int i = 0; i < w; i++) to[i] = (int16_t)(from[i] + from[w + i]);
}

INLINE int16_t *scaled_row(const yuv_planes *p, int y, int w, const yuv_columns *c, int half, int keep, yuv_ring *known, lines *s) {
	for (int k = 0; k < 2; k++) {
		if (s->have[k] == y) return s->row[k];
	}
	int k = s->have[0] == keep; // the row that may go
	s->have[k] = y;
	gather(p, y, w, c, known, s);
	const uint8_t *b = s->b, *g = s->g, *r = s->r;
	switch (p->mode) {
	case YUV_GRAY: b = g = r = s->y; break;
	case YUV_FULL: combine_full(s->y, s->u, s->v, 2 * w, p, s->b, s->g, s->r); break;
	default:
		shares(s->u, s->v, 2 * w, p->ub, p->ug, p->vg, p->vr, s->cb, s->cg, s->cr);
		combine(s->y, s->cb, s->cg, s->cr, 2 * w, p->cy, (int16_t)(8 * p->y_offset - (p->mode == YUV_ROWS ? 4 : 0)), s->b, s->g, s->r);
	}
	int16_t *to = s->row[k];
	if (half) {
		sum_row(b, w, to);
		sum_row(g, w, to + w);
		sum_row(r, w, to + 2 * w);
	} else {
		across_row(b, c->weight_left, c->weight_right, w, to);
		across_row(g, c->weight_left, c->weight_right, w, to + w);
		across_row(r, c->weight_left, c->weight_right, w, to + 2 * w);
	}
	return to;
}

// Between two rows; rounded as OpenCV does, which cuts each product off at 2 bits after the point.
INLINE void down(const int16_t *restrict a, const int16_t *restrict b, int n, int16_t weight_a, int16_t weight_b, uint8_t *restrict to) {
	for (int i = 0; i < n; i++) {
		int16_t sum = high(a[i], weight_a) + high(b[i], weight_b);
		to[i] = clip8((sum + 2) >> 2);
	}
}

INLINE void mean_rows(const int16_t *restrict a, const int16_t *restrict b, int n, uint8_t *restrict to) {
	for (int i = 0; i < n; i++) to[i] = (uint8_t)((a[i] + b[i] + 2) >> 2);
}

YUV_CLONES void yuv_scale(const yuv_planes *p, int w, int h, const yuv_columns *columns, const yuv_between *rows, int rgb, int half,
	uint8_t *work, uint8_t *dst, ptrdiff_t stride) {
	yuv_ring known = {{-1, -1, -1, -1, -1, -1, -1, -1}};
	lines s = {.have = {-1, -1}};
	int16_t *wide = (int16_t *)work;
	s.row[0] = wide, s.row[1] = wide + 3 * w;
	s.u = wide + 6 * w, s.v = wide + 8 * w;
	s.cb = wide + 10 * w, s.cg = wide + 12 * w, s.cr = wide + 14 * w;
	uint8_t *bytes = work + 32 * (size_t)w;
	s.y = bytes, s.b = bytes + 2 * w, s.g = bytes + 4 * w, s.r = bytes + 6 * w;
	s.pairs_y = bytes + 8 * w, s.pairs_u = bytes + 10 * w, s.pairs_v = bytes + 12 * w;
	uint8_t *out = bytes + 14 * (size_t)w;
	for (int y = 0; y < h; y++) {
		const yuv_between *at = &rows[y];
		const int16_t *a = scaled_row(p, at->first, w, columns, half, at->second, &known, &s);
		const int16_t *b = scaled_row(p, at->second, w, columns, half, at->first, &known, &s);
		if (half) {
			mean_rows(a, b, 3 * w, out);
		} else {
			down(a, b, 3 * w, at->weight_first, at->weight_second, out);
		}
		if (rgb) {
			interleave(out + 2 * w, out + w, out, w, dst + y * stride);
		} else {
			interleave(out, out + w, out + 2 * w, w, dst + y * stride);
		}
	}
}
