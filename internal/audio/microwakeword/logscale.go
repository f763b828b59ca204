package microwakeword

import (
	"math"
	"math/bits"
)

const (
	logBits   = 16    // fractional bits of logarithms
	logShift  = 6     // the result is the natural logarithm times 1<<logShift
	logE      = 45426 // the natural logarithm of 2
	logSteps  = 7     // the table has 1<<logSteps steps between two powers of two
	logHalf   = 1 << (logBits - 1)
	stepWidth = 1 << (logBits - logSteps)
)

// appendLog appends the logarithms of the signal.
func appendLog(dst []uint16, signal *[Channels]uint32) []uint16 {
	for _, s := range signal {
		v := uint32(0)
		if s <<= corrected; s > 1 {
			v = logOf(s)
		}
		dst = append(dst, uint16(min(v, math.MaxUint16)))
	}
	return dst
}

// logOf is the natural logarithm of x, at least 2, times 1<<logShift.
func logOf(x uint32) uint32 {
	whole := bits.Len32(x) - 1
	part := uint32(uint64(x)<<(32-whole)) >> (32 - logBits) // the fraction after the leading bit
	step := part / stepWidth
	c0, c1 := bend[step], bend[step+1]
	log2 := uint32(whole)<<logBits + uint32(int32(part)+c0+(c1-c0)*int32(part%stepWidth)>>logBits)
	loge := uint32((logE*uint64(log2) + logHalf) >> logBits)
	return (loge<<logShift + logHalf) >> logBits
}

// bend is the difference between log2(1+x) and x, at each step of x.
var bend = func() (all [1<<logSteps + 1]int32) {
	for i := range all {
		x := float64(float64(i) / (1 << logSteps))
		all[i] = int32(math.Round((math.Log2(1+x) - x) * (1 << logBits)))
	}
	return all
}()
