package vision

import "math"

// toFloat16 is the IEEE 754 half-precision number nearest to v, ties to even. Beyond its range it is infinite.
func toFloat16(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	switch a := math.Abs(float64(v)); {
	case math.IsNaN(float64(v)):
		return sign | 0x7e00
	case a >= 65520: // half way between the largest half and the power of two above it
		return sign | 0x7c00
	case a < 1.0/(1<<14): // below the normal numbers a half counts steps of 2^-24
		return sign | uint16(math.RoundToEven(a*(1<<24)))
	default:
		// Adding to the bits carries a rounded-up fraction into the exponent, which is what rounding means there.
		m := b & 0x7fffffff
		m += 0xfff + m>>13&1
		return sign | uint16((m-(127-15)<<23)>>13)
	}
}

// fromFloat16 is the value of a half-precision number.
func fromFloat16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}
