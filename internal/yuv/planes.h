// Pictures in planes to BGR, whole or scaled. See bgr.go and scale.go for what the values mean.
#ifndef CORALLITE_YUV_PLANES_H
#define CORALLITE_YUV_PLANES_H

#include <stddef.h>
#include <stdint.h>

// How the chroma samples of a row of pixels are found.
enum { YUV_NEAREST = 0, YUV_ROWS = 1, YUV_FULL = 2, YUV_GRAY = 3 };

enum { YUV_TAPS = 5 };

typedef struct {
	int32_t start; // the first sample
	int16_t coefficient[YUV_TAPS];
	int16_t count; // of samples, at most YUV_TAPS
} yuv_taps;

typedef struct {
	const uint8_t *y, *u, *v; // v of NV12 is u + 1
	ptrdiff_t y_stride, u_stride, v_stride;
	int c_step;               // bytes from one chroma sample to the next
	int width;                // of the luma plane
	int c_width;              // of a chroma plane, in samples
	int c_shift_x, c_shift_y; // pixels to chroma samples, as shifts
	int mode;
	int y_offset;               // 16 or 0
	int16_t cy, vr, ub, ug, vg; // coefficients of 13 bits after the point
	const yuv_taps *rows;       // YUV_ROWS and YUV_FULL: for each row of the picture, 12 bits; NULL: chroma is as high as luma
	const yuv_taps *columns;    // YUV_FULL: for each column, 14 bits; NULL: chroma is as wide as luma
	int16_t *work;              // yuv_work values
} yuv_planes;

// The number of values of work that a picture needs.
static inline size_t yuv_work(int mode, int width, int c_width) {
	switch (mode) {
	case YUV_ROWS: return 2 * (size_t)c_width;
	case YUV_FULL: return (2 + 2 * 8) * (size_t)width;
	default: return 0;
	}
}

// Writes the part of w x h pixels at (x, y) as BGR.
void yuv_bgr(const yuv_planes *p, int x, int y, int w, int h, uint8_t *dst, ptrdiff_t stride);

// Where the pixels of a scaled picture lie across the picture: between two neighbours. at is the first of two samples,
// and the masks, 0 or 255, say which of the two is the left and which the right neighbour; both are the same at the edges.
typedef struct {
	const int32_t *luma_at, *chroma_at; // chroma_at: where pixels share it
	const uint8_t *luma_left, *luma_right, *chroma_left, *chroma_right;
	const int16_t *weight_left, *weight_right; // together 2048
} yuv_columns;

// Which two rows of the picture a row of a scaled one lies between.
typedef struct {
	int32_t first, second;
	int16_t weight_first, weight_second; // together 2048
} yuv_between;

// The number of bytes of work that yuv_scale needs; the memory must be aligned to 2 bytes.
static inline size_t yuv_scale_work(int w) { return (size_t)w * (16 * 2 + 8 + 6 + 3); }

// Writes a scaled picture of w x h pixels as BGR, or RGB. half is for a picture of exactly half the size in both
// directions, which is the mean of four pixels.
void yuv_scale(const yuv_planes *p, int w, int h, const yuv_columns *columns, const yuv_between *rows, int rgb, int half,
	uint8_t *work, uint8_t *dst, ptrdiff_t stride);

// The samples of a plane that one side of a pixel covers. The weights are the shares of the first and the last that it
// covers, of 256; those between are covered whole. A single sample has the first weight.
typedef struct {
	int32_t first, count;
	int32_t weight_first, weight_last;
} yuv_span;

// Writes the means of areas of a plane, w x h values. sums is memory for as many values as a row has samples.
void yuv_shrink(const uint8_t *plane, ptrdiff_t stride, int step, int w, int h, const yuv_span *columns, const yuv_span *rows,
	uint32_t *sums, uint8_t *dst);

#endif
