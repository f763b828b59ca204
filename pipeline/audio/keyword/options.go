package keyword

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"corallite/pipeline/audio/mel"
	"corallite/pipeline/audio/microwakeword"
	"corallite/pipeline/score"
)

// Options say how a model hears and when a score is a word.
type Options struct {
	Features Features
	// Mel are the features that the model was trained on, with LogMel. Its Mean and Std are the fixed normalization.
	Mel mel.Options
	// PerWindow, with LogMel, brings each bin of each window to (x - m) / (PerWindow × s), with its mean m and standard
	// deviation s over the window's rows; a bin that does not change becomes 0. 0: leave the rows as they are.
	PerWindow float64
	// RangeDB, with LogMel, gives each feature by how far it lies above a floor, which is so many dB below the loudest
	// feature of the window, in the unit of Mel (natural logarithms divided by its one Std); what is lower is 0. So
	// neither the loudness of a voice counts nor what lies far below it. 0: leave the rows as they are. Not together with
	// PerWindow.
	RangeDB float64
	// Rate, with Waveform, is how many samples a second the model was trained with. It has no default.
	Rate int
	// HopMS, with Micro, is the time from one row to the next in milliseconds, from 10 to 30. Default: 20, as micro_speech
	// was trained.
	HopMS float64

	// Step is the time from one run to the next, rounded to whole rows or samples; at most the window, or words would be
	// missed. Default: 100 ms with rows of features, half the window with Waveform.
	Step time.Duration

	// Labels are the names of the classes; the label of class i is Labels[i+LabelOffset]. An offset of -1 is for a
	// model whose class 0, for none of the words, has no line in the label file.
	Labels      []string
	LabelOffset int
	// Allow, when not empty, are the only labels that are keywords; Deny are none. Not both. Labels that stand for no
	// word (IsBackground) are keywords only when Allow names them.
	Allow, Deny []string

	// Activation turns the model's values into scores, with Sensitivity for a sigmoid; see package score.
	Activation  score.Activation
	Sensitivity float64

	// Threshold is the score from which a label is a keyword; Thresholds have that of single labels. Above 0, at most 1.
	// Default: 0.5.
	Threshold  float32
	Thresholds map[string]float32
	// MaxResults is how many labels can be heard at once: of the keywords that reach their thresholds in a run, only so
	// many with the highest scores count. 0: all.
	MaxResults int
	// Smoothing is over how much time scores are averaged, rounded to whole runs; 0: each run stands for itself.
	Smoothing time.Duration
	// Refractory is for how long a label that was heard is not heard again; see audio.Spotter.
	Refractory time.Duration

	// Output names the output with the scores; "": the only one, or the only one with a value for each label. The others
	// are not read.
	Output string
}

// Features are what a model is given of the sound.
type Features string

const (
	LogMel   Features = "logmel"   // rows of logarithmic mel bins; the default
	Waveform Features = "waveform" // the samples, full scale ±1
	// Micro are rows of microwakeword.Frontend times microwakeword.Scale: the audio front end of TensorFlow Lite Micro, which the models
	// of its example micro_speech were trained with. Each window's rows depend on the sound before it as well.
	Micro Features = "micro"
)

// The longest times that can be asked for; the first bounds the memory.
const (
	maxTime       = time.Minute
	maxRefractory = time.Hour
)

// Coral is what the models of Coral's project-keyword-spotter want, but for the labels: its features
// (mel_features.py) and what its model.py does with them.
func Coral() Options {
	return Options{
		Features: LogMel,
		Mel: mel.Options{
			Rate: 16000, WindowMS: 25, HopMS: 10, FFT: 512, Bins: 32, LowHz: 60, HighHz: 3800,
			Scale: mel.HTK, Spectrum: mel.Magnitude, Offset: 0.001,
		},
		PerWindow: 3, Step: 330 * time.Millisecond, LabelOffset: -1, Threshold: 0.4, MaxResults: 1,
	}
}

// complete fills in the defaults that do not depend on the model and checks the rest.
func (o Options) complete() (Options, error) {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch o.Features {
	case "", LogMel:
		o.Features = LogMel
		if o.Rate != 0 && o.Rate != o.Mel.Rate {
			wrong("a rate of %d for the samples and of %d for the mel features exclude each other", o.Rate, o.Mel.Rate)
		}
		o.Rate = o.Mel.Rate
	case Micro:
		if o.Rate != 0 && o.Rate != microwakeword.Rate {
			wrong("features of %s are made of %d samples a second, not of %d", Micro, microwakeword.Rate, o.Rate)
		}
		o.Rate, o.HopMS = microwakeword.Rate, cmp.Or(o.HopMS, 20)
		if !(o.HopMS >= 10 && o.HopMS <= 30) { // refuses what is not a number
			wrong("features of %s cannot have a row each %g ms: want 10 to 30", Micro, o.HopMS)
		}
	case Waveform:
		if o.Rate < 1 {
			wrong("a rate of %d samples a second is not possible: say that of the model's training", o.Rate)
		}
	default:
		wrong("there are no features %q: want %s, %s or %s", o.Features, LogMel, Micro, Waveform)
	}
	if o.Features != LogMel && (o.PerWindow != 0 || o.RangeDB != 0) {
		wrong("a normalization for each window is for features of %s, not of %s", LogMel, o.Features)
	}
	if o.Features != Micro && o.HopMS != 0 {
		wrong("a time from row to row of its own is for features of %s, not of %s", Micro, o.Features)
	}
	if !(o.PerWindow >= 0 && o.PerWindow < 1e6) { // refuses what is not a number
		wrong("a normalization by %g standard deviations is not possible", o.PerWindow)
	}
	switch {
	case !(o.RangeDB >= 0 && o.RangeDB <= 200):
		wrong("a range of %g dB is not possible: want 0 to 200", o.RangeDB)
	case o.RangeDB > 0 && o.PerWindow > 0:
		wrong("a range in dB and a normalization by standard deviations exclude each other")
	case o.RangeDB > 0 && (len(o.Mel.Mean) > 1 || len(o.Mel.Std) > 1):
		wrong("a range in dB needs one mean and one std for all bins: with one each they have no common loudest")
	}
	for _, t := range []struct {
		name      string
		value, to time.Duration
	}{{"step", o.Step, maxTime}, {"smoothing", o.Smoothing, maxTime}, {"refractory time", o.Refractory, maxRefractory}} {
		if t.value < 0 || t.value > t.to {
			wrong("a %s of %v is not possible: want 0 to %v", t.name, t.value, t.to)
		}
	}
	if o.Threshold == 0 {
		o.Threshold = 0.5
	}
	return o, errors.Join(errs...)
}
