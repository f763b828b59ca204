package microwakeword

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"

	"corallite/pipeline/audio"
)

// The front end's settings with which microWakeWord models are trained, as in pymicro-features and ESPHome.
const (
	Rate     = 16000               // samples a second, the input of Process
	Window   = 30 * Rate / 1000    // samples per row of features
	Hop      = 10 * Rate / 1000    // samples from one row to the next
	Channels = audio.MicroChannels // features in a row, from 125 to 7500 Hz

	// Scale converts a feature to a model's input: pymicro-features multiplies by it, and micro_speech's quantization
	// implies the same. 10/256.
	Scale = 0.0390625
)

// windowBits is the number of fractional bits of the window's coefficients.
const windowBits = 12

// Frontend is the audio front end of TensorFlow Lite Micro: a Hann window, a 16-bit Fourier transform, a bank of
// triangular filters evenly spaced in mel, noise reduction, automatic gain (PCAN, per-channel amplitude normalization),
// and a logarithm. All of it is integer arithmetic, and bit-identical to the C code
// (tensorflow/lite/experimental/microfrontend), including overflows.
//
// It keeps a noise estimate, so that a row depends on all sound since Reset. It must not be used concurrently.
type Frontend struct {
	hop    int // samples from one row to the next; 0: Hop
	input  [Window]int16
	used   int // samples in input
	fft    fft
	signal [Channels]uint32
	noise  [Channels]uint32 // estimate of each channel's noise, with noiseBits fractional bits
}

// NewFrontend returns a front end in its initial state.
func NewFrontend() *Frontend { return new(Frontend) }

// NewFrontendEvery returns a front end with another hop, in samples, from 1 to Window: micro_speech was trained with 20
// ms.
func NewFrontendEvery(hop int) (*Frontend, error) {
	if hop < 1 || hop > Window {
		return nil, fmt.Errorf("rows of the audio front end cannot be %d samples apart: want 1 to %d, which a row looks at", hop, Window)
	}
	return &Frontend{hop: hop}, nil
}

// Reset forgets all sound.
func (f *Frontend) Reset() {
	f.used = 0
	clear(f.noise[:])
}

// Process takes sound of any length, 16-bit samples at Rate, and appends the completed rows of features to dst,
// Channels values each. Row n, counted from Reset, covers the samples from n×Hop to n×Hop+Window (of NewFrontendEvery:
// n×hop). It allocates nothing if dst has room.
//
// Models expect the values times Scale.
func (f *Frontend) Process(dst []uint16, samples []int16) []uint16 {
	for len(samples) > 0 {
		n := copy(f.input[f.used:], samples)
		samples = samples[n:]
		if f.used += n; f.used == Window {
			dst = f.row(dst)
			f.used = copy(f.input[:], f.input[cmp.Or(f.hop, Hop):])
		}
	}
	return dst
}

// row computes the features of the window in input.
func (f *Frontend) row(dst []uint16) []uint16 {
	// The transform loses least if samples fill 16 bits: they are shifted up as far as possible.
	shift := 15 - bits.Len16(uint16(kernels.window(&f.fft.samples, &f.input)))
	kernels.transform(&f.fft, shift)
	filters.filter(&f.signal, &f.fft.energy, shift)
	reduceNoise(&f.signal, &f.noise)
	normalize(&f.signal, &f.noise)
	return appendLog(dst, &f.signal)
}

// kernel is the part of the work that some processors can do with vectors.
type kernel struct {
	// window multiplies the samples of from by the window, and returns the maximum magnitude of the results.
	window func(to *[fftSize]int16, from *[Window]int16) int16
	// transform computes the energy of samples that are shifted up.
	transform func(f *fft, shift int)
}

// inGo works on every processor. All kernels have the same results.
var inGo = kernel{
	window: func(to *[fftSize]int16, from *[Window]int16) int16 {
		greatest := int16(0)
		for i, w := range &hann {
			v := int16(int32(from[i]) * int32(w) >> windowBits)
			to[i] = v
			greatest = max(greatest, v, -v) // -v of the minimum is itself, as in C
		}
		return greatest
	},
	transform: func(f *fft, shift int) {
		f.first(shift)
		f.stage(4, twiddles4)
		f.stage(16, twiddles16)
		f.stage(64, twiddles64)
		f.untangle(firstBin)
	},
}

// hann is the Hann window, sampled between the ends, in windowBits fractional bits. As in C it is calculated in
// float32, which changes one of the coefficients.
var hann = func() (w [Window]int16) {
	const step = float32(math.Pi) * 2 / Window
	for i := range w {
		cos := float32(math.Cos(float64(step * (float32(i) + 0.5))))
		w[i] = int16(math.Floor(float64(float32((0.5-float32(0.5*cos))*(1<<windowBits)) + 0.5)))
	}
	return w
}()
