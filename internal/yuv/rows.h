// Rows of samples to rows of pixels. Everything here is inlined into the functions of bgr.c and scale.c, which are
// compiled once for each set of vector instructions (YUV_CLONES).
#ifndef CORALLITE_YUV_ROWS_H
#define CORALLITE_YUV_ROWS_H

#include <string.h>

#include "planes.h"

#define INLINE static inline __attribute__((always_inline))

// One of these versions is chosen by the dynamic linker. Other processors have their vectors in every version.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define YUV_CLONES __attribute__((target_clones("avx2", "sse4.1", "default")))
#else
#define YUV_CLONES
#endif

INLINE uint8_t clip8(int v) { return v < 0 ? 0 : v > 255 ? 255 : v; }

// The high half of a product, which vector units have as one instruction.
INLINE int16_t high(int16_t a, int16_t b) { return (int16_t)((int32_t)a * b >> 16); }

// What chroma adds to blue, green and red, of samples of 8 bits with 3 bits after the point.
INLINE void shares(const int16_t *restrict u, const int16_t *restrict v, int n, int16_t ub, int16_t ug, int16_t vg, int16_t vr,
	int16_t *restrict b, int16_t *restrict g, int16_t *restrict r) {
	for (int i = 0; i < n; i++) {
		int16_t cb = u[i] - 1024, cr = v[i] - 1024;
		b[i] = high(cb, ub);
		g[i] = high(cb, ug) + high(cr, vg);
		r[i] = high(cr, vr);
	}
}

INLINE void twice(const int16_t *restrict from, int n, int16_t *restrict to) {
	for (int i = 0; i < n; i++) {
		to[2 * i] = from[i];
		to[2 * i + 1] = from[i];
	}
}

INLINE void widen(const uint8_t *restrict from, int n, int16_t *restrict to) {
	for (int i = 0; i < n; i++) to[i] = (int16_t)(from[i] << 3);
}

// Luma and the shares of chroma to pixels. rounding is added to luma, in eighths.
INLINE void combine(const uint8_t *restrict y, const int16_t *restrict cb, const int16_t *restrict cg, const int16_t *restrict cr,
	int n, int16_t cy, int16_t offset, uint8_t *restrict b, uint8_t *restrict g, uint8_t *restrict r) {
	for (int i = 0; i < n; i++) {
		int16_t l = high((int16_t)((y[i] << 3) - offset), cy);
		int16_t bb = l + cb[i], gg = l + cg[i], rr = l + cr[i];
		b[i] = clip8(bb);
		g[i] = clip8(gg);
		r[i] = clip8(rr);
	}
}

// The same for chroma at full resolution, around 0, with 7 bits after the point.
INLINE void combine_full(const uint8_t *restrict y, const int16_t *restrict u, const int16_t *restrict v, int n, const yuv_planes *p,
	uint8_t *restrict b, uint8_t *restrict g, uint8_t *restrict r) {
	int32_t cy = p->cy, ub = p->ub, ug = p->ug, vg = p->vg, vr = p->vr, offset = p->y_offset;
	for (int i = 0; i < n; i++) {
		int32_t l = ((y[i] - offset) * 128) * cy + (1 << 19);
		b[i] = clip8((l + u[i] * ub) >> 20);
		g[i] = clip8((l + u[i] * ug + v[i] * vg) >> 20);
		r[i] = clip8((l + v[i] * vr) >> 20);
	}
}

INLINE const uint8_t *luma_row(const yuv_planes *p, int y) { return p->y + p->y_stride * y; }

// A row of chroma between the rows that there are (YUV_ROWS), with 3 bits after the point.
INLINE void between_rows(const yuv_planes *p, const uint8_t *plane, ptrdiff_t stride, int y, int16_t *restrict to) {
	const yuv_taps *t = &p->rows[y];
	const int n = p->c_width;
	for (int i = 0; i < n; i++) to[i] = 4;
	for (int k = 0; k < t->count; k++) {
		const uint8_t *restrict from = plane + stride * (t->start + k);
		const int16_t c = t->coefficient[k];
		if (p->c_step == 2) {
			for (int i = 0; i < n; i++) to[i] += high((int16_t)(from[2 * i] << 7), c);
		} else {
			for (int i = 0; i < n; i++) to[i] += high((int16_t)(from[i] << 7), c);
		}
	}
}

// The chroma of a row at full resolution (YUV_FULL), around 0, with 7 bits after the point.
INLINE void across(const yuv_planes *p, const uint8_t *restrict row, int16_t *restrict to) {
	const int step = p->c_step;
	for (int i = 0; i < p->width; i++) {
		const yuv_taps *t = &p->columns[i];
		const uint8_t *s = row + (ptrdiff_t)t->start * step;
		int32_t sum = 0;
		for (int k = 0; k < t->count; k++) sum += s[k * step] * t->coefficient[k];
		sum >>= 7;
		to[i] = (int16_t)(sum > 32767 ? 32767 : sum);
	}
}

// known says which rows of chroma the ring in work has, -1: none.
typedef struct { int row[8]; } yuv_ring;

INLINE void chroma_full(const yuv_planes *p, int y, yuv_ring *known, int16_t **u, int16_t **v) {
	const int n = p->width;
	int16_t *restrict to_u = p->work, *restrict to_v = p->work + n;
	*u = to_u;
	*v = to_v;
	if (!p->columns) {
		const uint8_t *restrict a = p->u + p->u_stride * y, *restrict b = p->v + p->v_stride * y;
		for (int i = 0; i < n; i++) {
			to_u[i] = (int16_t)((a[i] - 128) * 128);
			to_v[i] = (int16_t)((b[i] - 128) * 128);
		}
		return;
	}
	int32_t start = y, count = 1, whole = 4096;
	if (p->rows) start = p->rows[y].start, count = p->rows[y].count;
	int16_t *ring = p->work + 2 * n;
	for (int k = start; k < start + count; k++) {
		int16_t *at = ring + (size_t)(k & 7) * 2 * n;
		if (known->row[k & 7] == k) continue;
		known->row[k & 7] = k;
		across(p, p->u + p->u_stride * k, at);
		across(p, p->v + p->v_stride * k, at + n);
	}
	for (int plane = 0; plane < 2; plane++) {
		int16_t *restrict to = plane ? to_v : to_u;
		for (int i = 0; i < n; i++) {
			int32_t sum = 2048;
			for (int k = 0; k < count; k++) {
				int32_t c = p->rows ? p->rows[y].coefficient[k] : whole;
				sum += ring[(size_t)((start + k) & 7) * 2 * n + (size_t)plane * n + i] * c;
			}
			to[i] = (int16_t)((sum >> 12) - 16384);
		}
	}
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define YUV_SHUFFLE
#endif
#endif

#ifdef YUV_SHUFFLE
typedef uint8_t bytes16 __attribute__((vector_size(16)));
#endif

// Three planes to pixels of three bytes.
INLINE void interleave(const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c, int n, uint8_t *restrict to) {
	int i = 0;
#ifdef YUV_SHUFFLE
	for (; i + 16 <= n; i += 16) {
		bytes16 x, y, z, o;
		memcpy(&x, a + i, 16);
		memcpy(&y, b + i, 16);
		memcpy(&z, c + i, 16);
		o = __builtin_shufflevector(x, y, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
		o = __builtin_shufflevector(o, z, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15);
		memcpy(to + 3 * i, &o, 16);
		o = __builtin_shufflevector(x, y, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
		o = __builtin_shufflevector(o, z, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15);
		memcpy(to + 3 * i + 16, &o, 16);
		o = __builtin_shufflevector(x, y, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
		o = __builtin_shufflevector(o, z, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31);
		memcpy(to + 3 * i + 32, &o, 16);
	}
#endif
	for (; i < n; i++) {
		to[3 * i] = a[i];
		to[3 * i + 1] = b[i];
		to[3 * i + 2] = c[i];
	}
}

#endif
