package mel

import (
	"errors"
	"fmt"
	"math"
)

// Options describe the features. They must be those of the model's training.
type Options struct {
	Rate     int     // samples per second
	WindowMS float64 // window of a row in milliseconds, rounded to whole samples
	HopMS    float64 // time from row to row in milliseconds, rounded to whole samples
	FFT      int     // length of the Fourier transform in samples, at least the window; 0: the next power of two
	Bins     int     // features in a row

	LowHz  float64 // the lower edge of the first bin, 0 or more
	HighHz float64 // the upper edge of the last bin, at most half the rate
	Scale  Scale

	Spectrum Spectrum
	Floor    float64 // minimum of a bin before the logarithm; Floor or Offset must be more than 0
	Offset   float64 // added to each bin before the logarithm

	// Mean and Std normalize the logarithms: (x - Mean) / Std. Each has no value (0 and 1), one for all bins, or one for
	// each bin.
	Mean, Std []float64
}

// Scale is a mel scale with its triangular filters.
type Scale string

const (
	// HTK is m = 2595 log10(1 + f/700) (O'Shaughnessy 1987; the HTK Book, section 5.4), with triangles of height 1 whose
	// sides are straight on the mel scale, as TensorFlow's linear_to_mel_weight_matrix makes them. It is the default.
	HTK Scale = "htk"
	// Slaney is linear below 1000 Hz, 3 mel for each 200 Hz, and logarithmic above, 27 mel for each factor of 6.4
	// (Slaney's Auditory Toolbox, 1998), with triangles of area 1 whose sides are straight in Hz. librosa's default.
	Slaney Scale = "slaney"
)

// Spectrum is what the filters sum.
type Spectrum string

const (
	Power     Spectrum = "power"     // |X|², the default
	Magnitude Spectrum = "magnitude" // |X|
)

const (
	maxFFT  = 1 << 16
	maxBins = 1 << 12
	maxRate = 768_000
)

// complete fills in the defaults and validates the rest.
func (o Options) complete() (Options, error) {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf("mel: "+format, args...)) }
	if o.Rate < 1 || o.Rate > maxRate {
		return o, fmt.Errorf("mel: invalid rate %d (want 1 to %d)", o.Rate, maxRate)
	}
	window, hop := samples(o.WindowMS, o.Rate), samples(o.HopMS, o.Rate)
	if window < 2 || window > maxFFT {
		wrong("invalid window %g ms at %d samples per second (want 2 to %d samples)", o.WindowMS, o.Rate, maxFFT)
	}
	if hop < 1 || hop > maxFFT {
		wrong("invalid hop %g ms at %d samples per second (want 1 to %d samples)", o.HopMS, o.Rate, maxFFT)
	}
	if o.FFT == 0 {
		for o.FFT = 2; o.FFT < window && o.FFT < maxFFT; {
			o.FFT *= 2
		}
	}
	if o.FFT < window || o.FFT > maxFFT {
		wrong("invalid FFT length %d for a window of %d samples (want at least that, at most %d)", o.FFT, window, maxFFT)
	}
	if o.Bins < 1 || o.Bins > maxBins {
		wrong("invalid number of bins %d (want 1 to %d)", o.Bins, maxBins)
	}
	if !(o.LowHz >= 0 && o.HighHz > o.LowHz && o.HighHz <= float64(o.Rate)/2) { // rejects NaN
		wrong("a range of %g to %g Hz is not possible: want 0 or more, to at most %g, half the sample rate",
			o.LowHz, o.HighHz, float64(o.Rate)/2)
	}
	if o.Scale == "" {
		o.Scale = HTK
	}
	if o.Scale != HTK && o.Scale != Slaney {
		wrong("invalid mel scale %q (want %s or %s)", o.Scale, HTK, Slaney)
	}
	if o.Spectrum == "" {
		o.Spectrum = Power
	}
	if o.Spectrum != Power && o.Spectrum != Magnitude {
		wrong("invalid spectrum %q (want %s or %s)", o.Spectrum, Power, Magnitude)
	}
	if !(o.Floor >= 0 && o.Offset >= 0 && o.Floor+o.Offset > 0) || math.IsInf(o.Floor+o.Offset, 0) {
		wrong("a floor of %g and an offset of %g are not possible: want 0 or more, and one of them more, for silence has no logarithm",
			o.Floor, o.Offset)
	}
	errs = append(errs, checkNormalization(o)...)
	return o, errors.Join(errs...)
}

func checkNormalization(o Options) (errs []error) {
	for name, values := range map[string][]float64{"mean": o.Mean, "std": o.Std} {
		if n := len(values); n > 1 && n != o.Bins {
			errs = append(errs, fmt.Errorf("mel: invalid %s: %d values for %d bins (want none, one, or one for each)", name, n, o.Bins))
		}
		for i, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) || (name == "std" && v <= 0) {
				errs = append(errs, fmt.Errorf("mel: invalid %s %g (value %d)", name, v, i))
			}
		}
	}
	return errs
}

// samples converts milliseconds to samples; 0 if invalid.
func samples(ms float64, rate int) int {
	n := math.Round(ms * float64(rate) / 1000)
	if !(n > 0 && n < math.MaxInt32) {
		return 0
	}
	return int(n)
}

// at returns the value for a bin: its own, the common one, or the default.
func at(values []float64, bin int, otherwise float64) float64 {
	switch len(values) {
	case 0:
		return otherwise
	case 1:
		return values[0]
	}
	return values[bin]
}
