package microwakeword

import "golang.org/x/sys/cpu"

// kernels are inGo or inVectors.
var kernels = func() kernel {
	if cpu.X86.HasSSSE3 {
		return inVectors
	}
	return inGo
}()

// inVectors processes eight 16-bit values at a time, with SSSE3 instructions, one of which is the rounding product that
// the transform consists of (PMULHRSW).
var inVectors = kernel{
	window: func(to *[fftSize]int16, from *[Window]int16) int16 {
		return windowVector(to, from, &hann)
	},
	transform: func(f *fft, shift int) {
		firstVector(&f.work, &f.samples, shift)
		stageVector(&f.work, 4, &vectors4[0])
		stageVector(&f.work, 16, &vectors16[0])
		stageVector(&f.work, 64, &vectors64[0])
		untangleVector(&f.energy, &f.work, &untanglingVectors)
		f.untangle(half / 2) // the middle has no counterpart
	},
}

// The functions of kernel_amd64.s; the methods of fft in Go describe them.

//go:noescape
func windowVector(to *[fftSize]int16, from, window *[Window]int16) int16

//go:noescape
func firstVector(work *[half]cpx, samples *[fftSize]int16, shift int)

//go:noescape
func stageVector(work *[half]cpx, m int, factors *factor)

// untangleVector processes the bins from 4 up to, not including, half/2, and their counterparts.
//
//go:noescape
func untangleVector(energy *[half]uint32, work *[half]cpx, factors *[half / 2 / 4]factor)

// factor has the factors of four neighbouring complex products: the sums of neighbouring products with real are the
// real parts, with imaginary the imaginary ones.
type factor struct{ real, imaginary [8]int16 }

func (f *factor) set(i int, r, im int32) {
	f.real[2*i], f.real[2*i+1] = int16(r), int16(-im)
	f.imaginary[2*i], f.imaginary[2*i+1] = int16(im), int16(r)
}

// vectorsOf returns the factors of a stage: for every four values those of the second, third and fourth transform.
func vectorsOf(all []twiddle) []factor {
	vectors := make([]factor, 3*len(all)/4)
	for k, w := range all {
		v := vectors[k/4*3:]
		v[0].set(k%4, w.r1, w.i1)
		v[1].set(k%4, w.r2, w.i2)
		v[2].set(k%4, w.r3, w.i3)
	}
	return vectors
}

var (
	vectors4  = vectorsOf(twiddles4)
	vectors16 = vectorsOf(twiddles16)
	vectors64 = vectorsOf(twiddles64)

	untanglingVectors = func() (vectors [half / 2 / 4]factor) {
		for k, w := range untangling[:half/2] {
			vectors[k/4].set(k%4, w[0], w[1])
		}
		return vectors
	}()
)
