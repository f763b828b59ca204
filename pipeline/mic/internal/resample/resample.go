// Package resample converts sound between sampling rates with a polyphase windowed sinc filter. The window is a Kaiser
// window (J. O. Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/resample; the length and the window's
// parameter from Kaiser's formulas, Oppenheim and Schafer, "Discrete-Time Signal Processing", 7.6). The filter is flat
// up to Passband times the lower of the two Nyquist frequencies, and attenuates by Attenuation dB from that frequency
// on, so that there is no audible aliasing.
//
// It is our own because the one Go library of such quality (tphakala/go-audio-resampler) needs a newer Go than this
// module. The tests compare its results with those of SoX.
package resample

import (
	"fmt"
	"math"
)

// The filter's response by frequency: within 0.001 dB of 0 up to Passband times the lower Nyquist frequency, and at
// least Attenuation dB down from that frequency on.
const (
	Passband    = 0.92
	Attenuation = 100.0
)

// MinRate and MaxRate are the limits of rates for New, in samples a second.
const (
	MinRate = 1000
	MaxRate = 1_000_000
)

// maxPhases is the maximum number of filters to keep. If the rates have so little in common that there would be more,
// coefficients between two filters are interpolated; the error is at most (π/maxPhases)²/8, -118 dB.
const maxPhases = 1024

// Resampler converts sound from one rate to another. Output sample n is at time n/out of the input: the filter's delay
// is compensated. The output does not depend on how the input was divided.
type Resampler struct {
	up, down int // the rates divided by their greatest common divisor
	half     int // taps on either side of the middle
	phases   int // rows of taps: one per position of an output sample between two input samples
	taps     []float32

	held  []float32 // input samples that are still needed; the first has the number begin
	begin int64
	got   int64 // input samples so far
	given int64 // output samples so far
}

// New returns a Resampler between two rates, in samples a second.
func New(in, out int) (*Resampler, error) {
	for _, rate := range []int{in, out} {
		if rate < MinRate || rate > MaxRate {
			return nil, fmt.Errorf("a rate of %d samples a second: between %d and %d can be brought to another", rate, MinRate, MaxRate)
		}
	}
	common := gcd(in, out)
	r := &Resampler{up: out / common, down: in / common}
	if in != out {
		r.design(float64(min(in, out)) / float64(in))
		r.Reset()
	}
	return r, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// design computes the taps. bandwidth is the lower Nyquist frequency as a fraction of the input's.
func (r *Resampler) design(bandwidth float64) {
	transition := math.Pi * bandwidth * (1 - Passband) // in radians per sample
	length := (Attenuation - 7.95) / (2.285 * transition)
	beta := 0.1102 * (Attenuation - 8.7)
	cutoff := bandwidth * (1 + Passband) / 2
	r.half = int(math.Ceil(length/2)) + 1
	r.phases = min(r.up, maxPhases)
	rows := r.phases
	if rows < r.up {
		rows++ // the last row is for interpolation only: the first one, a whole sample later
	}
	r.taps = make([]float32, rows*2*r.half)
	row, top := make([]float64, 2*r.half), bessel(beta)
	for p := range rows {
		// Tap k belongs to the input sample half-1-k before the output's position, which is p/phases after a sample.
		at, sum := float64(p)/float64(r.phases), 0.0
		for k := range row {
			x := float64(k-r.half+1) - at
			row[k] = cutoff * sinc(cutoff*x) * kaiser(2*x/length, beta) / top
			sum += row[k]
		}
		for k, tap := range row {
			r.taps[p*len(row)+k] = float32(tap / sum) // each row keeps a constant unchanged
		}
	}
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window at x, from -1 to 1, multiplied by bessel(beta).
func kaiser(x, beta float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(beta * math.Sqrt(1-float64(x*x)))
}

// bessel is the modified Bessel function of the first kind, order 0, by its power series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-18; k++ {
		factor := x / 2 / k
		term = float64(term * (factor * factor))
		sum += term
	}
	return sum
}

// Reset forgets all sound.
func (r *Resampler) Reset() {
	r.got, r.given = 0, 0
	// There is silence before the first sample.
	r.begin, r.held = -int64(r.half), append(r.held[:0], make([]float32, r.half)...)
}

// Delay is the number of input samples by which the output lags, because the filter looks ahead.
func (r *Resampler) Delay() int { return r.half }

// Append resamples samples and appends the result to dst: len(samples)*out/in samples in the long run, none at the
// start.
func (r *Resampler) Append(dst, samples []float32) []float32 {
	r.got += int64(len(samples))
	if r.up == r.down {
		r.given += int64(len(samples))
		return append(dst, samples...)
	}
	r.held = append(r.held, samples...)
	return r.run(dst, r.begin+int64(len(r.held)))
}

// Flush appends the rest of the output at the end of the sound, as if silence followed: all samples before the end of
// the input. Then the Resampler is as after Reset.
func (r *Resampler) Flush(dst []float32) []float32 {
	if r.up != r.down {
		end := r.got
		total := (end*int64(r.up) + int64(r.down) - 1) / int64(r.down)
		for range r.half {
			r.held = append(r.held, 0)
		}
		before := len(dst)
		missing := int(total - r.given)
		dst = r.run(dst, r.begin+int64(len(r.held)))
		dst = dst[:before+min(missing, len(dst)-before)]
	}
	r.Reset()
	return dst
}

// run computes all output samples whose input is before end, and drops input that is no longer needed.
func (r *Resampler) run(dst []float32, end int64) []float32 {
	width := 2 * r.half
	for {
		place := r.given * int64(r.down)
		sample := place / int64(r.up) // the last input sample at or before the output sample
		if sample+int64(r.half) >= end {
			break
		}
		window := r.held[sample-int64(r.half)+1-r.begin:][:width]
		// The output sample is position/up of an input sample later.
		position := int(place - sample*int64(r.up))
		if r.phases == r.up {
			dst = append(dst, dot(window, r.taps[position*width:][:width]))
		} else {
			at := float64(float64(position) / float64(r.up) * float64(r.phases))
			row := int(at)
			part := float32(at - float64(row))
			a, b := dot(window, r.taps[row*width:][:width]), dot(window, r.taps[(row+1)*width:][:width])
			dst = append(dst, a+float32((b-a)*part))
		}
		r.given++
	}
	first := r.given*int64(r.down)/int64(r.up) - int64(r.half) + 1
	if drop := min(int(first-r.begin), len(r.held)); drop > 0 {
		r.held = r.held[:copy(r.held, r.held[drop:])]
		r.begin += int64(drop)
	}
	return dst
}

// dot has four sums, because with one each addition would wait for the last.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float32(a[i] * b[i])
		s1 += float32(a[i+1] * b[i+1])
		s2 += float32(a[i+2] * b[i+2])
		s3 += float32(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float32(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}
