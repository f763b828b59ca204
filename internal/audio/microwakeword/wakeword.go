package microwakeword

import (
	"fmt"
	"math"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// memory is the number of feature rows that a model's answer depends on: 150 to 179 (1.5 to 1.8 s) for the models in
// the package pymicro-wakeword.
const memory = 180

// Options are the options of NewWakeWord. Zero values: those of the manifest.
type Options struct {
	Label         string        // of the keywords; "": the wake word
	Cutoff        float32       // the mean probability that a wake word must exceed, above 0, at most 1
	SlidingWindow int           // number of probabilities in that mean, from 1 to 333
	Refractory    time.Duration // as in audio.SpotterOptions; 0: until the mean has fallen

	// Now is asked at each chunk for the cutoff, above 0, at most 1; nil: it stays.
	Now func() float32

	Watch audio.Watch // gets all means; nil: nobody asks
}

// WakeWord is a microWakeWord model as a pipeline.StreamingModel, made by NewWakeWord.
type WakeWord struct {
	name    string
	model   *model
	hop     int           // samples from one row to the next
	span    time.Duration // length of a keyword
	front   *Frontend     // of a model with another hop than a Stage has; nil: the rows come with the chunks
	quiet   []int16       // the Padding, for front
	spotter *audio.Spotter
	levels  *audio.Levels
	cutoff  float32
	now     func() float32 // the cutoff; nil: it stays

	begin       int64    // index of the first sample of row 0
	end         int64    // index after the last sample
	row         int64    // number of the next row for the model
	held        []uint16 // rows not yet processed, oldest first
	keep        int      // capacity of held, in rows, while there is no voice
	warmupUntil int64    // answers to rows before this one are ignored: they only fill the model's state

	recent []int // the last answers, a ring
	filled int   // of recent
	at     int   // where the next one goes
	sum    int   // of recent
	score  [1]float32
}

// NewWakeWord returns a streaming model on an open engine. It uses the rows of features that a Stage adds to the chunks,
// unless its manifest has another hop (Manifest.Shares), and works like pymicro-wakeword: the model runs once per N new rows (N is in its input's shape), and its last
// SlidingWindow probabilities are averaged; with fewer, there is no result. A keyword is reported when the mean exceeds
// the cutoff. Its score is that mean, its end the end of the sound so far, and its start 1.8 s earlier, the length of
// sound that the models use.
//
// A chunk that is First resets the engine (tensor.Resetter). An engine without Reset gets silence instead, which gives
// slightly different answers in the first 1.8 s. While Chunk.Voice is false, nothing runs. When voice begins, the last
// 1.8 s and the sliding window are processed first, so that the results are as if the model had run all the time.
//
// With the runtime's built-in kernels (delegate none) the probabilities equal pymicro-wakeword's exactly. XNNPACK is
// more than twice as fast and rounds differently inside the model: one answer in a hundred differs, by up to 18 of 256
// steps in the test recordings, where it detects the same words at the same times (TestXNNPACKHearsTheSame).
//
// Errors name the model, what was expected and what it has. The caller closes the engine.
func NewWakeWord(m Manifest, e pipeline.Engine, o Options) (*WakeWord, error) {
	w, err := newWakeWord(m, e, o)
	if err != nil {
		return nil, fmt.Errorf("wake-word model %s: %w", m.Model, err)
	}
	return w, nil
}

func newWakeWord(m Manifest, e pipeline.Engine, o Options) (*WakeWord, error) {
	if o.Label == "" {
		o.Label = m.WakeWord
	}
	if o.Cutoff == 0 {
		o.Cutoff = m.Cutoff
	}
	if o.SlidingWindow == 0 {
		o.SlidingWindow = m.SlidingWindow
	}
	if o.SlidingWindow < 1 || o.SlidingWindow > maxSlidingWindow {
		return nil, fmt.Errorf("invalid sliding window %d (want 1 to %d probabilities)", o.SlidingWindow, maxSlidingWindow)
	}
	if err := checkCutoff(o.Cutoff); err != nil {
		return nil, err
	}
	spotter, err := audio.NewSpotter(audio.SpotterOptions{
		Labels: []string{o.Label}, Thresholds: []float32{above(o.Cutoff)}, Refractory: o.Refractory, Watch: o.Watch,
	})
	if err != nil {
		return nil, err
	}
	run, err := newModel(e)
	if err != nil {
		return nil, err
	}
	w := &WakeWord{name: m.Model, model: run, hop: m.hop(), spotter: spotter, cutoff: o.Cutoff, now: o.Now, recent: make([]int, o.SlidingWindow)}
	if !m.Shares() {
		if w.front, err = NewFrontendEvery(w.hop); err != nil {
			return nil, err
		}
		w.quiet = make([]int16, Padding*Rate/time.Second)
	}
	w.span = time.Duration((memory*Hop/w.hop-1)*w.hop+Window) * time.Second / Rate
	w.levels = audio.NewLevels(w.span)
	// Whole strides, so that runs take the same rows as without a gap.
	w.keep = (run.strides(memory) + o.SlidingWindow) * run.stride
	w.held = make([]uint16, 0, 2*w.keep*Channels)
	return w, nil
}

func checkCutoff(c float32) error {
	if !(c > 0 && c <= 1) { // rejects NaN
		return fmt.Errorf("invalid cutoff %g (want more than 0, at most 1)", c)
	}
	return nil
}

// above returns the smallest float32 above a cutoff, but at most 1, because a Spotter also fires at its threshold.
func above(cutoff float32) float32 { return min(math.Nextafter32(cutoff, 2), 1) }

// Name is "wakeword".
func (w *WakeWord) Name() string { return "wakeword" }

// Device is the device that runs the model.
func (w *WakeWord) Device() pipeline.Device { return w.model.engine.Device() }
