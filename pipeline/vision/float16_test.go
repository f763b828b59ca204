package vision

import (
	"math"
	"testing"
)

// Values and their bits from the IEEE 754 binary16 format.
func TestFloat16(t *testing.T) {
	for _, c := range []struct {
		v    float32
		bits uint16
	}{
		{0, 0}, {1, 0x3c00}, {-2, 0xc000}, {0.5, 0x3800}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00}, {1e9, 0x7c00},
		{float32(math.Inf(-1)), 0xfc00}, {5.9604645e-8, 0x0001}, {6.0975552e-5, 0x03ff}, {6.1035156e-5, 0x0400},
		{1.0 / 3, 0x3555}, {2049, 0x6800}, {2051, 0x6802}, {2.9802322e-8, 0}, {2.9802326e-8, 1},
	} {
		if got := toFloat16(c.v); got != c.bits {
			t.Errorf("%v is %#04x, want %#04x", c.v, got, c.bits)
		}
	}
	if h := toFloat16(float32(math.NaN())); !isNaN(fromFloat16(h)) {
		t.Errorf("NaN is %#04x, which is %v", h, fromFloat16(h))
	}
	for h := range 1 << 16 {
		if v := fromFloat16(uint16(h)); !isNaN(v) && toFloat16(v) != uint16(h) {
			t.Fatalf("%#04x is %v, which is %#04x", h, v, toFloat16(v))
		}
	}
}
