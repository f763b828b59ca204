package yuv

// #include "planes.h"
import "C"

import "math"

// coefficients are those of a matrix, with 13 bits after the point.
type coefficients struct{ y, vr, ub, ug, vg, offset int }

// swscale are libswscale's coefficients of a matrix for limited range: red of Cr, blue of Cb, green of Cb and of Cr,
// with 16 bits after the point (yuv2rgb.c, ff_yuv2rgb_coeffs).
var swscale = [...][4]int{
	BT601:  {104597, 132201, -25675, -53279},
	BT709:  {117489, 138438, -13975, -34925},
	BT2020: {110013, 140363, -12277, -42626},
}

// coefficients are rounded as in libswscale (yuv2rgb.c, ff_yuv2rgb_c_init_tables).
func (p *Picture) coefficients() coefficients {
	const one = 1 << 16
	k, y, offset := swscale[p.Matrix], one*255/219, 16
	if p.Full {
		y, offset = one, 0
		for i := range k {
			k[i] = k[i] * 224 / 255
		}
	}
	round := func(v int) int { return (v + 4) >> 3 }
	return coefficients{round(y), round(k[0]), round(k[1]), round(k[2]), round(k[3]), offset}
}

// taps are the filters that make m samples of n, for a number of bits after the point.
type taps struct {
	n, m, bits int
	at         []C.yuv_taps
}

func (t *taps) of(n, m, bits int) *C.yuv_taps {
	if t.n != n || t.m != m || t.bits != bits {
		t.n, t.m, t.bits = n, m, bits
		at := grown(&t.at, m)
		for i := range at {
			at[i] = tap(i, n, m, bits)
		}
	}
	return &t.at[0]
}

// tap is the filter of sample i of m, made of n: bicubic with libswscale's default (B 0, C 0.6), its positions and its
// cutting off at the edges (utils.c, initFilter). Samples outside count as the one at the edge.
func tap(i, n, m, bits int) C.yuv_taps {
	step := ((n << 16) + m/2) / m
	centre := (2*i+1)*step - 1<<16 // in 1/2^17 of a sample
	size := max(min(C.YUV_TAPS, n-2), 1)
	start := (centre - (size-2)<<16) / (1 << 17)
	from := min(max(start, 0), max(n-size, 0))
	var weight [C.YUV_TAPS]float64
	sum := 0.0
	for j := range size {
		distance := float64(start+j) - float64(float64(centre)/(1<<17))
		w := bicubic(distance)
		weight[min(max(start+j, 0), n-1)-from] += w
		sum += w
	}
	t := C.yuv_taps{start: C.int32_t(from), count: C.int16_t(min(size, n))}
	// What rounding loses in one goes into the next, so that together they are 1.
	lost := 0.0
	for j := range int(t.count) {
		exact := float64(weight[j]/sum*float64(int(1)<<bits)) + lost
		whole := math.Round(exact)
		lost = exact - whole
		t.coefficient[j] = C.int16_t(whole)
	}
	return t
}

// bicubic is the weight of a sample at a distance (Mitchell and Netravali, "Reconstruction filters in computer
// graphics", SIGGRAPH 1988, equation 8) for B = 0, C = 0.6.
func bicubic(distance float64) float64 {
	const c = 0.6
	d := math.Abs(distance)
	switch {
	case d < 1:
		return float64((2-c)*d*d*d) - float64((3-c)*d*d) + 1
	case d < 2:
		return float64(-c*d*d*d) + float64(5*c*d*d) - float64(8*c*d) + 4*c
	}
	return 0
}

// positions are where m pixels of a scaled picture lie across n of a picture, from origin on.
type positions struct {
	origin, n, m int
	half         bool
}

// at is between which pixels of the picture pixel i lies, and the weights of both, as in OpenCV's resize: positions and
// weights are computed as precisely as there. Across, a pixel that is not between two lies on one; down, the edge row
// counts twice (across false).
func (s positions) at(i int, across bool) (first, second int, weightFirst, weightSecond C.int16_t) {
	if s.half {
		return s.origin + 2*i, s.origin + 2*i + 1, 0, 0
	}
	scale := 1 / (float64(s.m) / float64(s.n))
	f := float32(float64((float64(i)+0.5)*scale) - 0.5)
	whole := int(math.Floor(float64(f)))
	f -= float32(whole)
	if across && (whole < 0 || whole >= s.n-1) {
		f = 0
	}
	first, second = min(max(whole, 0), s.n-1), min(max(whole+1, 0), s.n-1)
	return s.origin + first, s.origin + second, weight(1 - f), weight(f)
}

func weight(f float32) C.int16_t { return C.int16_t(math.RoundToEven(float64(f * 2048))) }

// rows are the tables of a scaled picture's rows.
type rows struct {
	positions
	at []C.yuv_between
}

func (r *rows) set(s positions) {
	if r.positions == s {
		return
	}
	r.positions = s
	at := grown(&r.at, s.m)
	for i := range at {
		first, second, a, b := s.at(i, false)
		at[i] = C.yuv_between{first: C.int32_t(first), second: C.int32_t(second), weight_first: a, weight_second: b}
	}
}

// columns are the tables of a scaled picture's columns, each of m values: see yuv_columns.
type columns struct {
	positions
	size, chroma int // how many samples a row of the planes has

	lumaAt, chromaAt        []C.int32_t
	masks                   []C.uint8_t // luma left, luma right, chroma left, chroma right
	weightLeft, weightRight []C.int16_t
}

func (c *columns) set(s positions, size, chroma int) {
	if c.positions == s && c.size == size && c.chroma == chroma {
		return
	}
	c.positions, c.size, c.chroma = s, size, chroma
	grown(&c.lumaAt, s.m)
	grown(&c.chromaAt, s.m)
	grown(&c.weightLeft, s.m)
	grown(&c.weightRight, s.m)
	grown(&c.masks, 4*s.m)
	for i := range s.m {
		left, right, a, b := s.at(i, true)
		c.weightLeft[i], c.weightRight[i] = a, b
		c.lumaAt[i], c.masks[i], c.masks[s.m+i] = pair(left, right, size)
		c.chromaAt[i], c.masks[2*s.m+i], c.masks[3*s.m+i] = pair(left/2, right/2, chroma)
	}
}

// pair is the first of two neighbours among n samples that include the left and the right one, and which of them these are:
// 0 the first, 255 the second.
func pair(left, right, n int) (at C.int32_t, maskLeft, maskRight C.uint8_t) {
	first := max(min(left, n-2), 0)
	if left > first {
		maskLeft = 255
	}
	if right > first {
		maskRight = 255
	}
	return C.int32_t(first), maskLeft, maskRight
}
