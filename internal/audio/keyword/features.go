package keyword

import (
	"math"

	"corallite/internal/audio/mel"
	"corallite/internal/audio/microwakeword"
)

// frontEnd is what makes a model's input of samples.
type frontEnd struct {
	features
	name   Features
	width  int   // values of a unit
	unit   int64 // samples from one unit to the next
	window int64 // samples that a unit looks at
}

// samples is how many samples units look at together.
func (f frontEnd) samples(units int64) int64 { return (units-1)*f.unit + f.window }

// newFrontEnd makes the front end of complete options.
func newFrontEnd(o Options) (frontEnd, error) {
	switch o.Features {
	case LogMel:
		m, err := mel.New(o.Mel)
		if err != nil {
			return frontEnd{}, err
		}
		return frontEnd{newLogMel(m), LogMel, m.Bins(), int64(m.Hop()), int64(m.Window())}, nil
	case Micro:
		hop := int(math.Round(o.HopMS * microwakeword.Rate / 1000))
		f, err := microwakeword.NewFrontendEvery(hop)
		if err != nil {
			return frontEnd{}, err
		}
		return frontEnd{&microRows{front: f, hop: hop}, Micro, microwakeword.Channels, int64(hop), microwakeword.Window}, nil
	}
	return frontEnd{&waveform{}, Waveform, 1, 1, 1}, nil
}

// features make units of samples: unit i is complete with sample (i+1) × the samples of a unit.
type features interface {
	// start begins anew, as if digital silence had come before.
	start(h *history)
	// add takes the next samples and adds the units that became whole.
	add(h *history, samples []int16)
}

// waveform has the samples themselves as units.
type waveform struct{ buf []float32 }

func (w *waveform) start(h *history) { h.clear([]float32{0}) }

func (w *waveform) add(h *history, samples []int16) {
	w.buf = w.buf[:0]
	for _, s := range samples {
		w.buf = append(w.buf, float32(s)*(1.0/32768))
	}
	h.add(w.buf)
}

// logMel has rows of mel features as units.
type logMel struct {
	mel       *mel.Mel
	silence   []float32 // a row
	stillness []int16   // samples of silence, as many as a row is made of
	buf       []float32
}

func newLogMel(m *mel.Mel) *logMel {
	return &logMel{mel: m, silence: m.Silence(), stillness: make([]int16, m.Window())}
}

func (l *logMel) start(h *history) {
	h.clear(l.silence)
	l.mel.Reset()
	l.buf = l.mel.Process(l.buf[:0], l.stillness) // the next row is whole a hop from here
}

func (l *logMel) add(h *history, samples []int16) {
	l.buf = l.mel.Process(l.buf[:0], samples)
	h.add(l.buf)
}

// microRows has rows of the audio front end of TensorFlow Lite Micro as units.
type microRows struct {
	front *microwakeword.Frontend
	hop   int
	rows  []uint16
	buf   []float32
}

func (m *microRows) start(h *history) {
	h.clear(make([]float32, microwakeword.Channels)) // the logarithms of silence are 0
	m.front.Reset()
	m.rows = m.front.Process(m.rows[:0], make([]int16, microwakeword.Window-m.hop)) // so the next row is whole a hop from here
}

func (m *microRows) add(h *history, samples []int16) {
	m.rows, m.buf = m.front.Process(m.rows[:0], samples), m.buf[:0]
	for _, v := range m.rows {
		m.buf = append(m.buf, float32(v)*microwakeword.Scale)
	}
	h.add(m.buf)
}
