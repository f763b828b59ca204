package mel

import "math"

// filter is one triangle: the weights of the points of the spectrum from first on. It may be empty, when there are
// more bins than the Fourier transform can tell apart: such a bin is always at the floor.
type filter struct {
	first   int
	weights []float64
}

// filters makes the triangles. They meet: each begins at the peak of the one before.
func filters(o Options) []filter {
	toMel, toHz := o.Scale.formulas()
	low, high := toMel(o.LowHz), toMel(o.HighHz)
	step := (high - low) / float64(o.Bins+1)
	fs := make([]filter, o.Bins)
	for i := range fs {
		left, peak, right := low+float64(float64(i)*step), low+float64(float64(i+1)*step), low+float64(float64(i+2)*step)
		height, place := 1.0, toMel
		if o.Scale == Slaney {
			left, peak, right = toHz(left), toHz(peak), toHz(right)
			height, place = 2/(right-left), func(hz float64) float64 { return hz }
		}
		fs[i] = triangle(o, left, peak, right, height, place)
	}
	return fs
}

// triangle weighs the points of the spectrum, whose places and the corners are on the same scale. The point at 0 Hz
// has no weight: a microphone's constant offset says nothing.
func triangle(o Options, left, peak, right, height float64, place func(hz float64) float64) filter {
	var f filter
	for k := 1; k <= o.FFT/2; k++ {
		x := place(float64(k) * float64(o.Rate) / float64(o.FFT))
		w := height * min((x-left)/(peak-left), (right-x)/(right-peak))
		if w <= 0 {
			continue
		}
		if f.weights == nil {
			f.first = k
		}
		f.weights = append(f.weights, w)
	}
	return f
}

// formulas are the scale and its inverse.
func (s Scale) formulas() (toMel, toHz func(float64) float64) {
	if s == Slaney {
		const perMel, bend = 200.0 / 3, 1000.0 / (200.0 / 3)
		growth := math.Log(6.4) / 27
		toMel = func(hz float64) float64 {
			if hz < 1000 {
				return hz / perMel
			}
			return bend + math.Log(hz/1000)/growth
		}
		toHz = func(m float64) float64 {
			if m < bend {
				return m * perMel
			}
			return 1000 * math.Exp((m-bend)*growth)
		}
		return toMel, toHz
	}
	toMel = func(hz float64) float64 { return 2595 * math.Log10(1+hz/700) }
	toHz = func(m float64) float64 { return 700 * (math.Pow(10, m/2595) - 1) }
	return toMel, toHz
}
