package failover

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"corallite/tflite/tensor"
)

// compare is the comparison that the engine's options ask for.
func (e *Engine) compare(got, want tensor.Tensor, exact bool) error {
	if e.o.Verify {
		return closely(got, want, e.o.Unordered)
	}
	return compare(got, want, exact)
}

// compare says how an output differs from the right one, more than two devices may when it need not be exact.
func compare(got, want tensor.Tensor, exact bool) error {
	switch {
	case !slices.Equal(got.Shape, want.Shape) || len(got.Data) != len(want.Data):
		return fmt.Errorf("has %d bytes in the shape %s, not %d in %s", len(got.Data), tensor.ShapeString(got.Shape),
			len(want.Data), tensor.ShapeString(want.Shape))
	case exact && !bytes.Equal(got.Data, want.Data):
		return fmt.Errorf("is wrong: %d of %d bytes differ", differing(got.Data, want.Data), len(want.Data))
	case exact:
		return nil
	}
	switch want.Type {
	case tensor.UInt8:
		return withinSteps(got.Data, want.Data, func(b byte) int { return int(b) })
	case tensor.Int8:
		return withinSteps(got.Data, want.Data, func(b byte) int { return int(int8(b)) })
	case tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64:
		return finite(got, want)
	}
	return nil
}

func differing(a, b []byte) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// maxSteps is how far 8-bit outputs of the device and the fallback may be from each other in the mean: both round, in
// every layer, in ways of their own.
const maxSteps = 4

func withinSteps(got, want []byte, value func(byte) int) error {
	sum := 0
	for i := range got {
		d := value(got[i]) - value(want[i])
		sum += max(d, -d)
	}
	if sum > maxSteps*len(got) {
		return fmt.Errorf("is %.1f steps from the fallback's in the mean, more than %d", float64(sum)/float64(len(got)), maxSteps)
	}
	return nil
}

// exponent has the bits of a float's exponent, which are all ones in what is not finite.
var exponent = map[tensor.Type]uint64{
	tensor.Float16: 0x7C00, tensor.BFloat16: 0x7F80, tensor.Float32: 0x7F80_0000, tensor.Float64: 0x7FF0_0000_0000_0000,
}

// finite says which value is infinite or no number where the fallback's is one.
func finite(got, want tensor.Tensor) error {
	size, mask := want.Type.Size(), exponent[want.Type]
	for i := 0; i+size <= len(got.Data); i += size {
		if bits(got.Data[i:i+size])&mask == mask && bits(want.Data[i:i+size])&mask != mask {
			return fmt.Errorf("has no finite value at %d", i/size)
		}
	}
	return nil
}

// bits is a little-endian number of up to 8 bytes.
func bits(b []byte) uint64 {
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:])
}
