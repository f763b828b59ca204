package keyword

import "corallite/pipeline/audio/mel"

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
