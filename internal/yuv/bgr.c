#include "rows.h"

enum { CHUNK = 512 }; // pixels that are converted at a time, so that what lies between stays in the cache

typedef struct {
	int16_t u[CHUNK / 2], v[CHUNK / 2], half_b[CHUNK / 2], half_g[CHUNK / 2], half_r[CHUNK / 2];
	int16_t cb[CHUNK], cg[CHUNK], cr[CHUNK];
	uint8_t b[CHUNK], g[CHUNK], r[CHUNK];
} chunk;

// Pixels from x to x + w of one or two rows that have the same chroma; u and v are that row's samples, of 8 bits
// (step bytes apart) or wide.
INLINE void subsampled(const yuv_planes *p, int x, int w, int y, int rows, const uint8_t *u, const uint8_t *v, const int16_t *wide_u,
	const int16_t *wide_v, int rounding, uint8_t *dst, ptrdiff_t stride) {
	chunk c;
	for (int at = x & ~1; at < x + w; at += CHUNK) {
		const int n = x + w - at < CHUNK ? x + w - at : CHUNK, half = (n + 1) / 2;
		const int skip = at < x; // only at the left edge
		const int16_t *from_u = wide_u + at / 2, *from_v = wide_v + at / 2;
		if (!wide_u) {
			widen(u + at / 2, half, c.u);
			widen(v + at / 2, half, c.v);
			from_u = c.u, from_v = c.v;
		}
		shares(from_u, from_v, half, p->ub, p->ug, p->vg, p->vr, c.half_b, c.half_g, c.half_r);
		twice(c.half_b, half, c.cb);
		twice(c.half_g, half, c.cg);
		twice(c.half_r, half, c.cr);
		for (int k = 0; k < rows; k++) {
			combine(luma_row(p, y + k) + at, c.cb, c.cg, c.cr, n, p->cy, (int16_t)(8 * p->y_offset - rounding), c.b, c.g, c.r);
			interleave(c.b + skip, c.g + skip, c.r + skip, n - skip, dst + k * stride + 3 * (ptrdiff_t)(at + skip - x));
		}
	}
}

INLINE void full(const yuv_planes *p, int x, int w, int y, const int16_t *u, const int16_t *v, uint8_t *dst) {
	chunk c;
	for (int at = x; at < x + w; at += CHUNK) {
		const int n = x + w - at < CHUNK ? x + w - at : CHUNK;
		combine_full(luma_row(p, y) + at, u + at, v + at, n, p, c.b, c.g, c.r);
		interleave(c.b, c.g, c.r, n, dst + 3 * (ptrdiff_t)(at - x));
	}
}

YUV_CLONES void yuv_bgr(const yuv_planes *p, int x, int y, int w, int h, uint8_t *dst, ptrdiff_t stride) {
	yuv_ring known = {{-1, -1, -1, -1, -1, -1, -1, -1}};
	for (int row = y; row < y + h;) {
		uint8_t *to = dst + (row - y) * stride;
		int rows = 1;
		switch (p->mode) {
		case YUV_NEAREST: {
			const int at = row >> p->c_shift_y;
			if (p->c_shift_y && !(row & 1) && row + 1 < y + h) rows = 2;
			subsampled(p, x, w, row, rows, p->u + p->u_stride * at, p->v + p->v_stride * at, NULL, NULL, 0, to, stride);
			break;
		}
		case YUV_ROWS:
			between_rows(p, p->u, p->u_stride, row, p->work);
			between_rows(p, p->v, p->v_stride, row, p->work + p->c_width);
			subsampled(p, x, w, row, 1, NULL, NULL, p->work, p->work + p->c_width, 4, to, stride);
			break;
		case YUV_FULL: {
			int16_t *u, *v;
			chroma_full(p, row, &known, &u, &v);
			full(p, x, w, row, u, v, to);
			break;
		}
		default: {
			const uint8_t *l = luma_row(p, row) + x;
			interleave(l, l, l, w, to);
		}
		}
		row += rows;
	}
}
