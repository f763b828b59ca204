package yuv

// #include "planes.h"
import "C"

import (
	"fmt"
	"image"
	"math"
)

// Shrink writes a part of the picture in another size, w × h pixels of BGR without gaps between rows. Each pixel is the mean
// of the area that it covers, as with OpenCV's INTER_AREA, but taken of the planes: they are reduced first and the few
// pixels that are left converted, so that colours out of range are cut off after the mean and not before.
func (p *Picture) Shrink(dst []byte, w, h int, part image.Rectangle) error {
	if err := p.checkPart(part); err != nil {
		return err
	}
	if w <= 0 || h <= 0 || w > part.Dx() || h > part.Dy() || len(dst) < 3*w*h {
		return fmt.Errorf("%dx%d pixels cannot be shrunk to %dx%d in %d bytes", part.Dx(), part.Dy(), w, h, len(dst))
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	small := Picture{Layout: I444, Width: w, Height: h, Stride: [3]int{w, w, w}, Matrix: p.Matrix, Full: p.Full}
	if p.Layout == Gray {
		small.Layout = Gray
	}
	memory := grown(&s.small, 3*w*h)
	for i := range small.Layout.Planes() {
		small.Data[i] = memory[i*w*h : (i+1)*w*h]
		s.shrink(p, i, small.Data[i], w, h, part)
	}
	return small.BGR(dst, small.Bounds())
}

// shrink writes the means of luma (0), U (1) or V (2).
func (s *scratch) shrink(p *Picture, which int, dst []byte, w, h int, part image.Rectangle) {
	plane, step := which, 1
	if p.Layout == NV12 && which > 0 {
		plane, step = 1, 2
	}
	rowBytes, rows := p.Layout.PlaneSize(plane, p.Width, p.Height)
	data := p.Data[plane]
	if which == 2 && step == 2 {
		data = data[1:]
	}
	width := rowBytes / step
	s.acrossSpans = spans(s.acrossSpans, part.Min.X, part.Dx(), w, p.Width, width)
	s.downSpans = spans(s.downSpans, part.Min.Y, part.Dy(), h, p.Height, rows)
	sums := grown(&s.sums, width)
	// C keeps none of the addresses.
	C.yuv_shrink(address(data), C.ptrdiff_t(p.Stride[plane]), C.int(step), C.int(w), C.int(h), &s.acrossSpans[0], &s.downSpans[0],
		&sums[0], address(dst))
}

// spans divides n pixels from origin on into m areas, in samples of a plane that has samples of them for size pixels.
func spans(to []C.yuv_span, origin, n, m, size, samples int) []C.yuv_span {
	to = grown(&to, m)
	subsampled := 1.0
	if samples < size {
		subsampled = 2
	}
	for i := range to {
		from := (float64(origin) + float64(float64(i)*float64(n)/float64(m))) / subsampled
		end := (float64(origin) + float64(float64(i+1)*float64(n)/float64(m))) / subsampled
		first := min(int(from), samples-1)
		last := max(min(int(math.Ceil(end))-1, samples-1), first)
		a, b := C.int32_t(math.Round(256*(float64(first+1)-from))), C.int32_t(math.Round(256*(end-float64(last))))
		if last == first {
			a = C.int32_t(math.Round(256 * (end - from)))
		}
		to[i] = C.yuv_span{
			first: C.int32_t(first), count: C.int32_t(last - first + 1),
			weight_first: min(max(a, 1), 256), weight_last: min(max(b, 1), 256),
		}
	}
	return to
}
