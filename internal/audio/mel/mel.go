// Package mel makes log-mel features of sound as it comes: the logarithm of the energy in bands that are as wide as
// the ear hears them. Each row is made of a window of samples:
//
//	y[b] = (log(max(sum over k of filter[b][k] · S[k], Floor) + Offset) - Mean[b]) / Std[b]
//
// S is the power or the magnitude of the Fourier transform of the samples, full scale ±1, times a periodic Hann window,
// with zeros behind it up to the transform's length; log is the natural logarithm. The first row is that of the first
// whole window: nothing is put before the sound.
package mel

import (
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Mel computes the features of one stream of samples. It must be used by one goroutine at a time.
type Mel struct {
	o       Options
	window  []float64 // Hann's weights; their scale brings the samples to ±1
	hop     int
	filters []filter
	shift   []float64 // for each bin
	scale   []float64

	fft      *fourier.FFT
	frame    []float64    // windowed samples, zeros behind them
	spectrum []complex128 // FFT/2+1 points
	energy   []float64    // of them

	held []int16 // the samples from the next row's first on
	skip int     // samples to leave out before the next row, when a hop is longer than a window
}

// New returns a Mel, ready to use, as after Reset.
func New(o Options) (*Mel, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	n := samples(o.WindowMS, o.Rate)
	m := &Mel{
		o: o, window: make([]float64, n), hop: samples(o.HopMS, o.Rate), filters: filters(o),
		shift: make([]float64, o.Bins), scale: make([]float64, o.Bins),
		fft: fourier.NewFFT(o.FFT), frame: make([]float64, o.FFT),
		spectrum: make([]complex128, o.FFT/2+1), energy: make([]float64, o.FFT/2+1),
		held: make([]int16, 0, n),
	}
	for i := range m.window {
		m.window[i] = (0.5 - float64(0.5*math.Cos(2*math.Pi*float64(i)/float64(n)))) / 32768
	}
	for b := range o.Bins {
		m.shift[b], m.scale[b] = at(o.Mean, b, 0), 1/at(o.Std, b, 1)
	}
	return m, nil
}

// Bins returns the number of features in a row.
func (m *Mel) Bins() int { return m.o.Bins }

// Window returns the number of samples in the window of a row.
func (m *Mel) Window() int { return len(m.window) }

// Hop returns the number of samples from row to row.
func (m *Mel) Hop() int { return m.hop }

// Samples returns the number of samples that so many consecutive rows take; 0 for none.
func (m *Mel) Samples(rows int) int {
	if rows < 1 {
		return 0
	}
	return (rows-1)*m.hop + len(m.window)
}

// Silence returns a row of digital silence, in a new slice.
func (m *Mel) Silence() []float32 {
	clear(m.energy)
	return m.row(nil)
}

// Reset drops held samples: the next ones are not continuous with those before.
func (m *Mel) Reset() { m.held, m.skip = m.held[:0], 0 }

// Process takes the next samples, of any number, and appends to dst the rows that became whole, Bins values each. How
// the sound is cut into calls makes no difference. It allocates nothing when dst has room, and keeps no samples of the
// caller's.
func (m *Mel) Process(dst []float32, samples []int16) []float32 {
	for {
		left := min(m.skip, len(samples))
		samples, m.skip = samples[left:], m.skip-left
		n := min(len(m.window)-len(m.held), len(samples))
		m.held, samples = append(m.held, samples[:n]...), samples[n:]
		if len(m.held) < len(m.window) {
			return dst
		}
		m.transform()
		dst = m.row(dst)
		kept := copy(m.held, m.held[min(m.hop, len(m.held)):])
		m.held, m.skip = m.held[:kept], max(0, m.hop-len(m.window))
	}
}

// transform leaves the spectrum of the samples held in m.energy.
func (m *Mel) transform() {
	for i, s := range m.held {
		m.frame[i] = m.window[i] * float64(s)
	}
	m.fft.Coefficients(m.spectrum, m.frame)
	for k, c := range m.spectrum {
		if m.o.Spectrum == Magnitude {
			m.energy[k] = cmplx.Abs(c)
			continue
		}
		m.energy[k] = float64(real(c)*real(c)) + float64(imag(c)*imag(c))
	}
}

// row appends the features of m.energy.
func (m *Mel) row(dst []float32) []float32 {
	dst = slices.Grow(dst, m.o.Bins)
	for b, f := range m.filters {
		sum := 0.0
		energy := m.energy[f.first : f.first+len(f.weights)]
		for i, w := range f.weights {
			sum += float64(w * energy[i])
		}
		dst = append(dst, float32((math.Log(max(sum, m.o.Floor)+m.o.Offset)-m.shift[b])*m.scale[b]))
	}
	return dst
}
