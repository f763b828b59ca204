// Package resample brings sound from one sampling rate to another: a polyphase windowed sinc. The filter is a sinc under
// a Kaiser window (J. O. Smith, "Digital Audio Resampling", ccrma.stanford.edu/~jos/resample; the length and the
// window's parameter from Kaiser's formulas, Oppenheim and Schafer, "Discrete-Time Signal Processing", 7.6): flat up to
// Passband of the lower of the two Nyquist frequencies, and Attenuation dB down from that frequency on, so that nothing
// is folded back into what is heard.
//
// It is of our own because the one library in Go of such quality (tphakala/go-audio-resampler) wants a newer Go than
// this module. Its results are compared with those of SoX in the tests.
package resample

import (
	"fmt"
	"math"
)

// What the filter does to a tone, by its frequency: up to Passband times the lower Nyquist frequency it is kept within
// 0.001 dB, from that frequency on it is at least Attenuation dB down.
const (
	Passband    = 0.92
	Attenuation = 100.0
)

// MinRate and MaxRate are the rates that New takes, in samples a second.
const (
	MinRate = 1000
	MaxRate = 1_000_000
)

// maxPhases is how many filters are kept at most. Where the two rates have so little in common that there would be more,
// what lies between two of them is interpolated; the error of that is (π/maxPhases)²/8 at most, -118 dB.
const maxPhases = 1024

// Resampler turns sound of one rate into sound of another. Sample n of what it gives lies at the time n/out of what it
// got: the filter's delay is taken off. What it gives does not depend on how its input was cut.
type Resampler struct {
	up, down int // the rates without what they have in common
	half     int // taps on either side of the middle
	phases   int // rows of taps: one for each position of an output sample between two input samples
	taps     []float32

	held  []float32 // input samples that are still needed; the first is number begin
	begin int64
	got   int64 // input samples so far
	given int64 // output samples so far
}

// New makes a Resampler of a rate to another one, in samples a second.
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

// design computes the taps. bandwidth is the lower Nyquist frequency in parts of the input's.
func (r *Resampler) design(bandwidth float64) {
	transition := math.Pi * bandwidth * (1 - Passband) // in radians a sample
	length := (Attenuation - 7.95) / (2.285 * transition)
	beta := 0.1102 * (Attenuation - 8.7)
	cutoff := bandwidth * (1 + Passband) / 2
	r.half = int(math.Ceil(length/2)) + 1
	r.phases = min(r.up, maxPhases)
	rows := r.phases
	if rows < r.up {
		rows++ // the last row is for interpolating only: a whole sample further than the first
	}
	r.taps = make([]float32, rows*2*r.half)
	row, top := make([]float64, 2*r.half), bessel(beta)
	for p := range rows {
		// Tap k belongs to the input sample half-1-k before the output's place, which lies p/phases behind a sample.
		at, sum := float64(p)/float64(r.phases), 0.0
		for k := range row {
			x := float64(k-r.half+1) - at
			row[k] = cutoff * sinc(cutoff*x) * kaiser(2*x/length, beta) / top
			sum += row[k]
		}
		for k, tap := range row {
			r.taps[p*len(row)+k] = float32(tap / sum) // each row keeps a constant as it is
		}
	}
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window at x, which is ±1 at its ends; bessel(beta) in its middle.
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

// Reset forgets what was heard.
func (r *Resampler) Reset() {
	r.got, r.given = 0, 0
	// Silence lies before the first sample.
	r.begin, r.held = -int64(r.half), append(r.held[:0], make([]float32, r.half)...)
}

// Delay is how many input samples behind the input the output stays, because the filter looks ahead.
func (r *Resampler) Delay() int { return r.half }

// Append takes samples and appends what they give to dst: len(samples)*out/in in the long run, none at the beginning.
func (r *Resampler) Append(dst, samples []float32) []float32 {
	r.got += int64(len(samples))
	if r.up == r.down {
		r.given += int64(len(samples))
		return append(dst, samples...)
	}
	r.held = append(r.held, samples...)
	return r.run(dst, r.begin+int64(len(r.held)))
}

// Flush appends what is still to come when the sound ends, as if silence followed: all samples that lie before the end
// of the input. Then it is as after Reset.
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

// run gives all output samples whose input lies before end, and drops the input that is needed no more.
func (r *Resampler) run(dst []float32, end int64) []float32 {
	width := 2 * r.half
	for {
		place := r.given * int64(r.down)
		sample := place / int64(r.up) // the last input sample that is not behind the output sample
		if sample+int64(r.half) >= end {
			break
		}
		window := r.held[sample-int64(r.half)+1-r.begin:][:width]
		// The output sample lies position/up of an input sample further on.
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

// dot has four sums, because one would have to wait for itself.
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
