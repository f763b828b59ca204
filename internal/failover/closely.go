package failover

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"corallite/tflite/tensor"
)

// How far outputs of the device and the CPU may be from each other, in steps of 8-bit values: both round, in every layer, in
// ways of their own. The mean alone would let a classifier pass that is sure of the wrong class, as nearly all of its values
// are 0 and right; so the root mean square, in which one large difference counts, is held against how much the right values
// differ among themselves.
const (
	maxMean  = 4   // steps
	maxRMS   = 2   // steps, or more where the values are spread
	maxPart  = 0.5 // of the right values' standard deviation, for the root mean square
	maxOther = 0.1 // the part of integers, which are indexes or counts, that may be others
)

// closely says how an output of a driver that nobody has tried with this model differs from the CPU's, more than rounding
// explains. unordered says that values may change places.
func closely(got, want tensor.Tensor, unordered bool) error {
	if err := compare(got, want, false); err != nil { // shapes, and what is not finite
		return err
	}
	switch want.Type {
	case tensor.UInt8:
		return within(bytesOf(got.Data, unsigned), bytesOf(want.Data, unsigned), 1, unordered)
	case tensor.Int8:
		return within(bytesOf(got.Data, signed), bytesOf(want.Data, signed), 1, unordered)
	case tensor.Float32:
		right := floats(want.Data)
		return within(floats(got.Data), right, stepOf(right), unordered)
	case tensor.Int32, tensor.Int64:
		return mostlyEqual(got.Data, want.Data, want.Type.Size(), unordered)
	}
	return nil
}

// within compares values of which a step is the least that 8 bits can tell apart. Both are sorted where they are unordered.
func within(got, want []float64, step float64, unordered bool) error {
	if len(want) == 0 {
		return nil
	}
	if unordered {
		slices.Sort(got)
		slices.Sort(want)
	}
	n := float64(len(want))
	var distance, squares, sum, spread float64
	for i := range want {
		d := math.Abs(got[i] - want[i])
		if math.IsNaN(d) || math.IsInf(want[i], 0) { // no number, in both
			continue
		}
		distance += d
		squares += float64(d * d)
		sum += want[i]
	}
	for _, w := range want {
		if d := w - sum/n; !math.IsNaN(d) && !math.IsInf(d, 0) {
			spread += float64(d * d)
		}
	}
	mean, rms := distance/n/step, math.Sqrt(squares/n)/step
	if mean > maxMean {
		return fmt.Errorf("is %.1f steps of 8 bits from the CPU's in the mean, more than %d", mean, maxMean)
	}
	if most := max(maxRMS, maxPart*math.Sqrt(spread/n)/step); rms > most {
		return fmt.Errorf("is %.1f steps of 8 bits from the CPU's (root mean square), more than %.1f", rms, most)
	}
	return nil
}

func signed(b byte) float64 { return float64(int8(b)) }

func unsigned(b byte) float64 { return float64(b) }

func bytesOf(data []byte, value func(byte) float64) []float64 {
	all := make([]float64, len(data))
	for i, b := range data {
		all[i] = value(b)
	}
	return all
}

// stepOf is the step of 8 bits that would hold these values; never 0.
func stepOf(values []float64) float64 {
	largest := 0.0
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		low, high, largest = min(low, v), max(high, v), max(largest, math.Abs(v))
	}
	if largest == 0 {
		return 1e-6
	}
	return max(high-low, largest) / 255
}

func floats(data []byte) []float64 {
	all := make([]float64, len(data)/4)
	for i := range all {
		all[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
	}
	return all
}

// mostlyEqual compares integers of so many bytes. A few may be others, as the index of the best of two that are nearly
// equal may be.
func mostlyEqual(got, want []byte, size int, unordered bool) error {
	if unordered {
		return nil
	}
	n, others := len(want)/size, 0
	for i := range n {
		if !bytes.Equal(got[i*size:(i+1)*size], want[i*size:(i+1)*size]) {
			others++
		}
	}
	if float64(others) > max(1, maxOther*float64(n)) {
		return fmt.Errorf("has %d of %d values that are others than the CPU's", others, n)
	}
	return nil
}
