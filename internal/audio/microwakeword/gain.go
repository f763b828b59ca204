package microwakeword

import (
	"math"
	"math/bits"
)

// Noise reduction: each channel's noise is the exponentially smoothed signal; it is subtracted, except for a rest.
const (
	noiseBits     = 10  // fractional bits of the estimate
	smoothingBits = 14  // fractional bits of what follows
	evenSmoothing = 409 // 0.025 of the new value, in even channels
	oddSmoothing  = 983 // 0.06, in odd channels
	leastRest     = 819 // at least 0.05 of the signal remains
)

// reduceNoise updates the estimates and subtracts them from the signal.
func reduceNoise(signal, noise *[Channels]uint32) {
	smoothing := uint64(evenSmoothing)
	for i, s := range signal {
		scaled := s << noiseBits // overflows, as in C
		estimate := uint32((uint64(scaled)*smoothing + uint64(noise[i])*(1<<smoothingBits-smoothing)) >> smoothingBits)
		noise[i] = estimate
		rest := uint32(uint64(s) * leastRest >> smoothingBits)
		signal[i] = max((scaled-min(estimate, scaled))>>noiseBits, rest)
		smoothing = evenSmoothing + oddSmoothing - smoothing
	}
}

// PCAN: the signal is multiplied by (noise + offset)^-strength, and the result is compressed below 2.
const (
	strength = 0.95
	offset   = 80.0
	gainBits = 21 // fractional bits of the gain
	snrBits  = 12 // fractional bits of the signal after it
	pcanBits = 6  // fractional bits of the result

	// corrected is the number of bits by which the signal is too small: the transform divides by fftSize, the filters'
	// weights and the square root multiply by the root of 1<<weightBits.
	corrected = 9 - weightBits/2
)

// normalize applies the automatic gain to each channel.
func normalize(signal, noise *[Channels]uint32) {
	for i, s := range signal {
		snr := uint32(uint64(s) * uint64(gain(noise[i])) >> (gainBits - corrected - snrBits))
		bent := snr * snr >> (2 + 2*snrBits - pcanBits)
		v := snr>>(snrBits-pcanBits) - 1<<pcanBits
		if snr < 2<<snrBits { // without a branch, which would be unpredictable
			v = bent
		}
		signal[i] = v
	}
}

// gain looks up the gain for a noise: between two powers of two it is a parabola.
func gain(noise uint32) uint32 {
	n := bits.Len32(noise)
	p := &gains[n]
	if noise <= 2 {
		return uint32(p.at) // there is nothing in between
	}
	var x int32 // the position between the two, in 10 bits
	if n < 11 {
		x = int32(noise<<(11-n)) & 0x3ff
	} else {
		x = int32(noise>>(n-11)) & 0x3ff
	}
	y := (p.curve*x>>5 + p.slope<<5) * x
	return uint32(int16((y+1<<14)>>15 + p.at))
}

// parabola goes through the gain at a power of two, at 1.5 times and at 2 times that.
type parabola struct{ at, slope, curve int32 }

var gains = func() (all [33]parabola) {
	exact := func(noise float64) int32 {
		in := float64(noise / (1 << (noiseBits - corrected)))
		g := float64((1 << gainBits) * math.Pow(in+offset, -strength))
		return int32(min(g+0.5, math.MaxInt16))
	}
	all[0].at = exact(0)
	all[1].at = exact(1)
	for n := 2; n < len(all); n++ {
		from := math.Ldexp(1, n-1)
		to := min(2*from, math.MaxUint32)
		y0 := exact(from)
		d1, d2 := exact(1.5*from)-y0, exact(to)-y0
		slope := 4*d1 - d2
		all[n] = parabola{y0, slope, d2 - slope}
	}
	return all
}()
