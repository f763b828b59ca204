package microwakeword

import (
	"fmt"
	"math"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// memory is how many rows of features the answer of a model depends on. Of the models in the package pymicro-wakeword
// it is 150 to 179: 1.5 to 1.8 s.
const memory = 180

// Options of NewWakeWord. What is 0 is as the manifest says.
type Options struct {
	Label         string        // of the keywords; "": the wake word
	Cutoff        float32       // the mean probability that a wake word exceeds, at most 1
	SlidingWindow int           // of how many probabilities that is the mean
	Refractory    time.Duration // as audio.SpotterOptions has it; 0: until the mean was lower
}

// WakeWord is a microWakeWord model as a Flow. It is made by NewWakeWord.
type WakeWord struct {
	name    string
	model   *model
	spotter *audio.Spotter
	levels  *audio.Levels

	begin int64    // the index of the sample that row 0 begins with
	end   int64    // the index behind the last sample
	row   int64    // the number of the next row that the model takes
	held  []uint16 // rows that it has not taken, the oldest first
	keep  int      // of how many rows held has room while the voice gate holds back
	deaf  int64    // rows before this number are only taken to fill the model's memory

	recent []int // the last answers, a ring
	filled int   // of recent
	at     int   // where the next one goes
	sum    int   // of recent
	score  [1]float32
}

// NewWakeWord makes a Flow of a model and the engine that has it open. It listens to the rows of features that a Stage
// has put into the chunks, as pymicro-wakeword does: the model runs once for each N new rows (its input's shape), and
// its last SlidingWindow probabilities are averaged. While there are fewer, it says nothing. A keyword is when the mean
// exceeds the cutoff; its score is the mean then, its end that of the sound heard, and its start as far back as models
// look, 1.8 s.
//
// A chunk that is First makes the engine begin anew (tensor.Resetter); one that is not a Resetter hears silence first,
// which gives slightly other answers in the first 1.8 s than a model that was just opened. While Chunk.Voice is false
// nothing runs. When it is true again, the last 1.8 s and the sliding window are caught up on, after which everything
// is as if the model had listened all along.
//
// With the runtime's built-in kernels (delegate none) the probabilities are pymicro-wakeword's to the last step of the
// output's quantization. XNNPACK is more than twice as fast and rounds otherwise inside of the model: one answer in a
// hundred is another, by up to 18 steps of 256 in the recordings of the tests, where it finds the same words.
//
// The errors say which model, what was expected of it, and what it has. The engine stays with the caller.
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
		return nil, fmt.Errorf("a sliding window of %d probabilities is not possible: want 1 to %d", o.SlidingWindow, maxSlidingWindow)
	}
	if !(o.Cutoff > 0 && o.Cutoff <= 1) { // refuses what is not a number
		return nil, fmt.Errorf("a cutoff of %g is not possible: want more than 0, at most 1", o.Cutoff)
	}
	spotter, err := audio.NewSpotter(audio.SpotterOptions{
		Labels: []string{o.Label}, Thresholds: []float32{above(o.Cutoff)}, Refractory: o.Refractory,
	})
	if err != nil {
		return nil, err
	}
	run, err := newModel(e)
	if err != nil {
		return nil, err
	}
	w := &WakeWord{name: m.Model, model: run, spotter: spotter, levels: audio.NewLevels(span), recent: make([]int, o.SlidingWindow)}
	// Whole strides, so that the model takes the same rows together as without a gap.
	w.keep = (run.strides(memory) + o.SlidingWindow) * run.stride
	w.held = make([]uint16, 0, 2*w.keep*Channels)
	return w, nil
}

// above is the least float32 above a cutoff, because a Spotter also fires at its threshold; not above 1.
func above(cutoff float32) float32 { return min(math.Nextafter32(cutoff, 2), 1) }

// Name is "wakeword".
func (w *WakeWord) Name() string { return "wakeword" }

// Device is what runs the model.
func (w *WakeWord) Device() pipeline.Device { return w.model.engine.Device() }
