package yuv

// #cgo CFLAGS: -O3
// #include "planes.h"
//
// // The pointers come one by one, because a struct in Go memory must not hold pointers to Go memory when C gets it.
// static yuv_planes with(const yuv_planes *p, const uint8_t *y, const uint8_t *u, const uint8_t *v, const yuv_taps *rows,
// 	const yuv_taps *columns, int16_t *work) {
// 	yuv_planes q = *p;
// 	q.y = y, q.u = u, q.v = v, q.rows = rows, q.columns = columns, q.work = work;
// 	return q;
// }
//
// static void bgr(const yuv_planes *p, const uint8_t *y, const uint8_t *u, const uint8_t *v, const yuv_taps *rows,
// 	const yuv_taps *columns, int16_t *work, int left, int top, int w, int h, uint8_t *dst, ptrdiff_t stride) {
// 	const yuv_planes q = with(p, y, u, v, rows, columns, work);
// 	yuv_bgr(&q, left, top, w, h, dst, stride);
// }
//
// static void scale(const yuv_planes *p, const uint8_t *y, const uint8_t *u, const uint8_t *v, const yuv_taps *rows,
// 	const yuv_taps *columns, int16_t *work, int w, int h, const int32_t *luma_at, const int32_t *chroma_at,
// 	const uint8_t *masks, const int16_t *left, const int16_t *right, const yuv_between *down, int rgb, int half,
// 	int16_t *lines, uint8_t *dst, ptrdiff_t stride) {
// 	const yuv_planes q = with(p, y, u, v, rows, columns, work);
// 	const yuv_columns across = {luma_at, chroma_at, masks, masks + w, masks + 2 * w, masks + 3 * w, left, right};
// 	yuv_scale(&q, w, h, &across, down, rgb, half, (uint8_t *)lines, dst, stride);
// }
import "C"

import (
	"fmt"
	"image"
	"sync"
	"unsafe"
)

// Order is the order of the bytes of a pixel.
type Order int

// The orders.
const (
	BGR Order = iota
	RGB
)

// Bounds are the whole picture.
func (p *Picture) Bounds() image.Rectangle { return image.Rect(0, 0, p.Width, p.Height) }

// BGR writes a part of the picture to dst, 3 bytes a pixel (blue, green, red), row after row without gaps.
//
// The bytes are those of the ffmpeg program (5.1 on a PC, -pix_fmt bgr24 and default flags), within 1 and mostly the
// same: I420 of even height and I422 take the nearest chroma sample and round down in between, as libswscale's vector
// code does (x86/yuv_2_rgb.asm); other chroma of half the height is interpolated down with a bicubic filter, and across
// as well where the width is odd (utils.c, initFilter); Gray is full range whatever Full says, as ffmpeg has it. Two
// faults of libswscale are not copied: it rounds the last two rows of NV12 and of I420 of odd height more coarsely, and where chroma is interpolated across, or not subsampled, colours far out of range wrap
// around in it (blue above 511 becomes 0).
func (p *Picture) BGR(dst []byte, part image.Rectangle) error {
	if err := p.checkPart(part); err != nil {
		return err
	}
	if need := 3 * part.Dx() * part.Dy(); len(dst) < need {
		return fmt.Errorf("BGR of %dx%d pixels needs %d bytes, not %d", part.Dx(), part.Dy(), need, len(dst))
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	c := s.planes(p)
	// C keeps none of the addresses.
	C.bgr(&c.C, c.y, c.u, c.v, c.rows, c.columns, c.work, C.int(part.Min.X), C.int(part.Min.Y), C.int(part.Dx()), C.int(part.Dy()),
		address(dst), C.ptrdiff_t(3*part.Dx()))
	return nil
}

// Scale writes a part of the picture in another size, w × h pixels of 3 bytes; rows are stride bytes apart. The bytes
// are those of BGR and then OpenCV's resize with INTER_LINEAR (modules/imgproc/src/resize.cpp): the four pixels nearest
// to where the centre of a pixel lies, weighted by 11 bits, or the mean of four where both sides are halved. As there, a
// picture that becomes much smaller is not smoothed first. Only pixels that are needed are converted.
func (p *Picture) Scale(dst []byte, stride, w, h int, part image.Rectangle, o Order) error {
	if err := p.checkPart(part); err != nil {
		return err
	}
	if w <= 0 || h <= 0 || w > MaxPixels/h || stride < 3*w || stride > maxStride || len(dst) < stride*(h-1)+3*w {
		return fmt.Errorf("a picture of %dx%d with rows %d bytes apart does not fit into %d bytes", w, h, stride, len(dst))
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	c := s.planes(p)
	half := part.Dx() == 2*w && part.Dy() == 2*h
	s.across.set(positions{part.Min.X, part.Dx(), w, half}, p.Width, int(c.C.c_width))
	s.down.set(positions{part.Min.Y, part.Dy(), h, half})
	lines := grown(&s.lines, (int(C.yuv_scale_work(C.int(w)))+1)/2)
	// C keeps none of the addresses.
	C.scale(&c.C, c.y, c.u, c.v, c.rows, c.columns, c.work, C.int(w), C.int(h), &s.across.lumaAt[0], &s.across.chromaAt[0],
		&s.across.masks[0], &s.across.weightLeft[0], &s.across.weightRight[0], &s.down.at[0],
		truth(o == RGB), truth(half), &lines[0], address(dst), C.ptrdiff_t(stride))
	return nil
}

func (p *Picture) checkPart(part image.Rectangle) error {
	if err := p.Check(); err != nil {
		return err
	}
	if part.Empty() || !part.In(p.Bounds()) {
		return fmt.Errorf("the part %v is empty or not in %s", part, p)
	}
	return nil
}

// scratch is memory for one call, and the tables of the last one, which most often are those of the next.
type scratch struct {
	chromaRows, chromaColumns taps
	across                    columns
	down                      rows
	work, lines               []C.int16_t

	acrossSpans, downSpans []C.yuv_span
	sums                   []C.uint32_t
	small                  []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// planes is a picture for C.
type planes struct {
	C             C.yuv_planes // without its pointers
	y, u, v       *C.uint8_t
	rows, columns *C.yuv_taps
	work          *C.int16_t
}

func (s *scratch) planes(p *Picture) planes {
	chromaBytes, chromaRows := p.Layout.PlaneSize(1, p.Width, p.Height)
	step := 1
	if p.Layout == NV12 {
		step = 2
	}
	k := p.coefficients()
	c := planes{y: address(p.Data[0])}
	c.C = C.yuv_planes{
		y_stride: C.ptrdiff_t(p.Stride[0]), u_stride: C.ptrdiff_t(p.Stride[1]), v_stride: C.ptrdiff_t(p.Stride[2]), c_step: C.int(step),
		width: C.int(p.Width), c_width: C.int(chromaBytes / step), mode: p.mode(), y_offset: C.int(k.offset),
		cy: C.int16_t(k.y), vr: C.int16_t(k.vr), ub: C.int16_t(k.ub), ug: C.int16_t(k.ug), vg: C.int16_t(k.vg),
	}
	if p.Layout == Gray {
		return c
	}
	c.C.c_shift_x = truth(chromaBytes/step != p.Width)
	c.C.c_shift_y = truth(p.Layout == I420 || p.Layout == NV12)
	c.u = address(p.Data[1])
	if p.Layout == NV12 {
		c.v, c.C.v_stride = address(p.Data[1][1:]), c.C.u_stride
	} else {
		c.v = address(p.Data[2])
	}
	if c.C.mode != C.YUV_NEAREST {
		if chromaRows != p.Height {
			c.rows = s.chromaRows.of(chromaRows, p.Height, 12)
		}
		if c.C.mode == C.YUV_FULL && chromaBytes/step != p.Width {
			c.columns = s.chromaColumns.of(chromaBytes/step, p.Width, 14)
		}
		if n := int(C.yuv_work(c.C.mode, c.C.width, c.C.c_width)); n > 0 {
			c.work = &grown(&s.work, n)[0]
		}
	}
	return c
}

// mode is how ffmpeg finds the chroma of a pixel.
func (p *Picture) mode() C.int {
	switch odd := p.Width%2 != 0; {
	case p.Layout == Gray:
		return C.YUV_GRAY
	case p.Layout == I444:
		return C.YUV_FULL
	case p.Layout != NV12 && p.Height%2 == 0:
		return C.YUV_NEAREST
	case odd:
		return C.YUV_FULL
	case p.Layout == I422:
		return C.YUV_NEAREST
	}
	return C.YUV_ROWS
}

func address(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) } // to the same memory

func truth(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func grown[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return *s
}
