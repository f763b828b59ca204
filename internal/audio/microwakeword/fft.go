package microwakeword

import "math"

const (
	fftSize  = 512 // samples, the window padded with zeros
	half     = fftSize / 2
	fraction = 15 // fractional bits of the twiddle factors
	one      = 1<<fraction - 1
	rounding = 1 << (fraction - 1)
)

// cpx is a complex number of two 16-bit integers.
type cpx struct{ r, i int16 }

// fft is a Fourier transform of real samples in 16-bit fixed point, bit-identical to KISS FFT with FIXED_POINT=16: a
// complex transform of half the size, radix 4, decimation in time, followed by separating the even and odd samples.
// Each stage scales down by its radix, so that the result is the transform divided by fftSize, in int16.
//
// This is the Go version; some processors also have one with vectors: see kernels.
type fft struct {
	samples [fftSize]int16 // the last fftSize-Window stay 0
	work    [half]cpx
	// The squared magnitudes of the samples' spectrum. Only those from firstBin up to, not including, bins are used.
	energy [half]uint32
}

// firstBin and bins limit the spectrum's values, Rate/fftSize apart, that the filters use: from above 125 to 7500 Hz.
const (
	firstBin = 5
	bins     = 240
)

// scaled is x divided by the radix: x × (32767/radix) / 32768, rounded.
func scaled(x int16, factor int32) int32 { return (int32(x)*factor + rounding) >> fraction }

const (
	byFour = one / 4
	byTwo  = one / 2
)

// first is the stage of single values, taken in the order of their reversed base-4 digits, of samples that are shifted
// up. Its twiddle factors are 1 minus a rounding error that is too small to change a value that was divided by 4.
func (f *fft) first(shift int) {
	const quarter = half / 4
	for g := range quarter {
		n := g%4*16 + g/4%4*4 + g/16
		out := (*[4]cpx)(f.work[4*g:])
		at := func(n int) (r, i int32) {
			return scaled(f.samples[2*n]<<shift, byFour), scaled(f.samples[2*n+1]<<shift, byFour)
		}
		ar, ai := at(n)
		br, bi := at(n + quarter)
		cr, ci := at(n + 2*quarter)
		dr, di := at(n + 3*quarter)
		pr, pi, qr, qi := ar+cr, ai+ci, ar-cr, ai-ci
		sr, si, tr, ti := br+dr, bi+di, br-dr, bi-di
		out[0] = cpx{int16(pr + sr), int16(pi + si)}
		out[1] = cpx{int16(qr + ti), int16(qi - tr)}
		out[2] = cpx{int16(pr - sr), int16(pi - si)}
		out[3] = cpx{int16(qr - ti), int16(qi + tr)}
	}
}

// twiddle has the factors of one butterfly: for its second, third and fourth value.
type twiddle struct{ r1, i1, r2, i2, r3, i3 int32 }

// stage combines every four neighbouring transforms of m values into one of 4m.
func (f *fft) stage(m int, factors []twiddle) {
	for base := 0; base+4*m <= half; base += 4 * m {
		f0, f1 := f.work[base:base+m], f.work[base+m:base+2*m]
		f2, f3 := f.work[base+2*m:base+3*m], f.work[base+3*m:base+4*m]
		for k := range f0 {
			w := &factors[k]
			a, b, c, d := f0[k], f1[k], f2[k], f3[k]
			ar, ai := scaled(a.r, byFour), scaled(a.i, byFour)
			br, bi := times(scaled(b.r, byFour), scaled(b.i, byFour), w.r1, w.i1)
			cr, ci := times(scaled(c.r, byFour), scaled(c.i, byFour), w.r2, w.i2)
			dr, di := times(scaled(d.r, byFour), scaled(d.i, byFour), w.r3, w.i3)
			pr, pi, qr, qi := ar+cr, ai+ci, ar-cr, ai-ci
			sr, si, tr, ti := br+dr, bi+di, br-dr, bi-di
			f0[k] = cpx{int16(pr + sr), int16(pi + si)}
			f1[k] = cpx{int16(qr + ti), int16(qi - tr)}
			f2[k] = cpx{int16(pr - sr), int16(pi - si)}
			f3[k] = cpx{int16(qr - ti), int16(qi + tr)}
		}
	}
}

// times multiplies by a twiddle factor, rounded.
func times(ar, ai, wr, wi int32) (r, i int32) {
	return (ar*wr - ai*wi + rounding) >> fraction, (ar*wi + ai*wr + rounding) >> fraction
}

// untangle converts the complex transform to the squared magnitudes of the samples' spectrum: those of the bins k and
// half-k, for all k from first to half/2.
func (f *fft) untangle(first int) {
	for k := first; k <= half/2; k++ {
		a, b := f.work[k], f.work[half-k]
		ar, ai := scaled(a.r, byTwo), scaled(a.i, byTwo)
		br, bi := scaled(b.r, byTwo), scaled(-b.i, byTwo) // the conjugate; the minimum stays unchanged, as in C
		w := &untangling[k]
		pr, pi := ar+br, ai+bi
		tr, ti := times(ar-br, ai-bi, w[0], w[1])
		tr, ti = int32(int16(tr)), int32(int16(ti)) // it can be too large, and is then truncated
		f.energy[k] = squared((pr+tr)>>1, (pi+ti)>>1)
		f.energy[half-k] = squared((pr-tr)>>1, (ti-pi)>>1)
	}
}

func squared(r, i int32) uint32 { return uint32(r*r + i*i) }

// root is the k-th of n twiddle factors, e^(-2πi k/n), in 16 bits.
func root(k, n float64) (r, i int32) {
	sin, cos := math.Sincos(-2 * math.Pi * k / n)
	return int32(math.Floor(0.5 + float64(one*cos))), int32(math.Floor(0.5 + float64(one*sin)))
}

var (
	twiddles4  = twiddlesOf(4)
	twiddles16 = twiddlesOf(16)
	twiddles64 = twiddlesOf(64)

	// untangling has the factors that separate even and odd samples.
	untangling = func() (all [half/2 + 1][2]int32) {
		for k := range all {
			all[k][0], all[k][1] = root(float64(k)+half/2, fftSize)
		}
		return all
	}()
)

// twiddlesOf returns the factors of the stage that combines transforms of m values.
func twiddlesOf(m int) []twiddle {
	all := make([]twiddle, m)
	for k := range all {
		w, x, n := &all[k], float64(k), float64(4*m)
		w.r1, w.i1 = root(x, n)
		w.r2, w.i2 = root(2*x, n)
		w.r3, w.i3 = root(3*x, n)
	}
	return all
}
