package microwakeword

import "math"

const (
	lowestHz   = 125 // the filters reach from here to 7500 Hz
	weightBits = 12  // fractional bits of the filters' weights
)

// mel is a frequency on the mel scale. As in C it is calculated in float32, like all inputs of bands: it changes two of
// the weights. The conversions keep the compiler from fusing operations, which would round only once.
func mel(hz float32) float32 {
	return float32(1127 * float32(math.Log1p(float64(hz/700))))
}

// highestLog is the logarithm in the mel of 7500 Hz, as glibc's log1pf returns it up to version 2.40: one unit in the
// last place more than the nearest float32, which later versions return. It changes two of the weights.
const highestLog float32 = 0x1.3afbccp+1

// bank has the weights of the filters: how each bin is divided between the two filters between whose centres it is,
// falling weights for the lower, rising ones for the upper. ends[i] is the first bin above the centre of filter i.
type bank struct {
	weights [half]struct{ falling, rising uint32 }
	ends    [Channels + 1]uint8
}

var filters = newBank(highestLog)

func newBank(highestLog float32) *bank {
	var f bank
	low := mel(lowestHz)
	spacing := (float32(1127*highestLog) - low) / (Channels + 1)
	fixed := func(w float32) uint32 { return uint32(float32(w*(1<<weightBits)) + 0.5) }
	at, before := firstBin, low
	for i := range f.ends {
		centre := low + float32(spacing*float32(i+1))
		for ; at < bins; at++ {
			here := mel(float32(at) * Rate / fftSize)
			if here > centre {
				break
			}
			w := (centre - here) / (centre - before)
			f.weights[at].falling, f.weights[at].rising = fixed(w), fixed(1-w)
		}
		f.ends[i], before = uint8(at), centre
	}
	return &f
}

// filter returns the square root of each filter's energy, with the shift of the samples undone.
func (f *bank) filter(to *[Channels]uint32, energy *[half]uint32, shift int) {
	k, below := uint8(firstBin), uint64(0) // below: what the bins below the centre contribute to the filter
	for i, end := range &f.ends {
		falling, rising := uint64(0), uint64(0)
		for ; k < end; k++ {
			e, w := uint64(energy[k]), &f.weights[k]
			falling += uint64(w.falling) * e
			rising += uint64(w.rising) * e
		}
		if i > 0 {
			to[i-1] = sqrt(below+falling) >> shift
		}
		below = rising
	}
}

// sqrt is the square root, rounded. A sum of weighted energies has fewer than 52 bits, so that a float64 is exact, and
// a signed integer, which processors convert in one step. Half of the roots are rounded up: a branch would be
// unpredictable.
func sqrt(x uint64) uint32 {
	r := int64(math.Sqrt(float64(int64(x))))
	up := uint64(r-(int64(x)-r*r)) >> 63 // 1 if x is above the middle between the squares of r and r+1
	if r == math.MaxUint16 && x>>32 == 0 {
		up = 0 // the C code's 32-bit version does not round up to 17 bits
	}
	return uint32(uint64(r) + up)
}
