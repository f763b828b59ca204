package micro

import "math"

const (
	lowestHz   = 125 // the filters reach from here to 7500 Hz
	weightBits = 12  // fractional bits of the filters' weights
)

// mel is a frequency's place on the mel scale. As in C it is calculated in float32, like all that bands is made of: two
// of the weights show it. The conversions keep the compiler from rounding only once.
func mel(hz float32) float32 {
	return float32(1127 * float32(math.Log1p(float64(hz/700))))
}

// highest is the place of 7500 Hz. The logarithm is that of glibc's log1pf up to 2.40, which is one unit in the last
// place more than the nearest float32, and this shows in two of the weights.
var highest = float32(1127 * float32(0x1.3afbccp+1))

// band is the bins between the centres of two neighbouring filters. Each bin counts for the filter below by falling
// weights, and for the filter above by rising ones.
type band struct {
	first   int
	falling []uint64
	rising  []uint64
}

// bands are those of Channels filters: the first lies below the first centre, the last above the last.
var bands = func() (all [Channels + 1]band) {
	low := mel(lowestHz)
	spacing := (highest - low) / (Channels + 1)
	weight := func(w float32) uint64 { return uint64(float32(w*(1<<weightBits)) + 0.5) }
	at, before := firstBin, low
	for i := range all {
		b := &all[i]
		b.first = at
		centre := low + float32(spacing*float32(i+1))
		for ; at < bins; at++ {
			here := mel(float32(at) * Rate / fftSize)
			if here > centre {
				break
			}
			w := (centre - here) / (centre - before)
			b.falling = append(b.falling, weight(w))
			b.rising = append(b.rising, weight(1-w))
		}
		before = centre
	}
	return all
}()

// filter gives the square root of each filter's energy, with the shift of the samples taken back.
func filter(to *[Channels]uint32, energy *[half]uint32, shift int) {
	above := uint64(0) // what the band below gave to the filter between
	for i := range bands {
		b := &bands[i]
		falling, rising := uint64(0), uint64(0)
		for j, e := range energy[b.first:][:len(b.falling)] {
			falling += b.falling[j] * uint64(e)
			rising += b.rising[j] * uint64(e)
		}
		if i > 0 {
			to[i-1] = sqrt(above+falling) >> shift
		}
		above = rising
	}
}

// sqrt is the square root, rounded. A sum of energies and weights has fewer than 52 bits, so that a float64 holds it.
func sqrt(x uint64) uint32 {
	r := uint64(math.Sqrt(float64(x)))
	if x-r*r > r && !(x>>32 == 0 && r == math.MaxUint16) { // the C code's 32-bit version does not round up to 17 bits
		r++
	}
	return uint32(r)
}
