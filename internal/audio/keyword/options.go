package keyword

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"corallite/internal/audio/mel"
	"corallite/internal/audio/microwakeword"
	"corallite/internal/score"
	"corallite/pipeline/audio"
)

// Options say what a model takes and when its scores are a keyword.
type Options struct {
	Features Features
	// Mel are the features of the model's training, for LogMel. Its Mean and Std are the fixed normalization.
	Mel mel.Options
	// PerWindow, for LogMel, normalizes each bin of each window to (x - m) / (PerWindow × s), with the mean m and standard
	// deviation s over the rows of the window; a constant bin becomes 0. From 0 to 1e6; 0: off.
	PerWindow float64
	// RangeDB, for LogMel, replaces each feature by its height above a floor that is this many dB below the loudest feature
	// of the window, in the unit of Mel (natural logarithms divided by its one Std); lower ones become 0. This removes the
	// loudness of the voice and everything far below it. From 0 to 200; 0: off. Not together with PerWindow.
	RangeDB float64
	// Rate, for Waveform, is the sample rate of the model's training, 1 or more. It has no default.
	Rate int
	// HopMS, for Micro, is the time from one row to the next in milliseconds, from 10 to 30; 0: 20, as for micro_speech.
	HopMS float64

	// Step is the time from one run to the next, rounded to whole rows or samples, at most the window; 0: 100 ms, or half
	// the window for Waveform.
	Step time.Duration

	// Labels are the names of the classes: that of class i is Labels[i+LabelOffset]. An offset of -1 is for a model whose
	// class 0 (none of the words) has no line in the label file.
	Labels      []string
	LabelOffset int
	// Allow, if not empty, are the only labels that are keywords; Deny are labels that are not. Not both. Background labels
	// (IsBackground) are keywords only if Allow names them.
	Allow, Deny []string

	// Activation turns the model's values into scores, with Sensitivity for a sigmoid; see package score.
	Activation  score.Activation
	Sensitivity float64

	// Threshold is the minimum score of a keyword, Thresholds that of single labels. Above 0, at most 1; 0: 0.5.
	Threshold  float32
	Thresholds map[string]float32
	// Now is asked at each chunk for the Threshold, above 0, at most 1; nil: it stays. What has a threshold of its own keeps it.
	Now func() float32
	// Groups make one keyword of several classes. What they are called is a label for Allow, Deny and Thresholds.
	Groups []Group
	// MaxResults is the maximum number of keywords in one run, those with the highest scores; 0: all.
	MaxResults int
	// Smoothing is the time over which scores are averaged, rounded to whole runs, at most a minute; 0: none.
	Smoothing time.Duration
	// Refractory is the time before the same keyword can be reported again, at most an hour; see audio.Spotter.
	Refractory time.Duration

	// Watch gets the scores of all windows, after smoothing; nil: nobody asks.
	Watch audio.Watch

	// Output is the name of the output with the scores; "": the only one, or the only one with a value for each label.
	Output string
}

// Features are a kind of model input.
type Features string

const (
	LogMel   Features = "logmel"   // rows of logarithmic mel bins; the default
	Waveform Features = "waveform" // the samples, full scale ±1
	// Micro are rows of microwakeword.Frontend times microwakeword.Scale: the audio front end of TensorFlow Lite Micro, which the models
	// of its example micro_speech were trained with. Each window's rows depend on the sound before it as well.
	Micro Features = "micro"
)

// Maximum times; the first bounds the memory.
const (
	maxTime       = time.Minute
	maxRefractory = time.Hour
)

// DefaultThreshold is that of Options.
const DefaultThreshold = 0.5

// Coral returns the options for models of Coral's project-keyword-spotter, without the labels: the features of its
// mel_features.py and the post-processing of its model.py.
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
			wrong("invalid rate %d (the mel features have %d)", o.Rate, o.Mel.Rate)
		}
		o.Rate = o.Mel.Rate
	case Micro:
		if o.Rate != 0 && o.Rate != microwakeword.Rate {
			wrong("invalid rate %d for %s features (want %d)", o.Rate, Micro, microwakeword.Rate)
		}
		o.Rate, o.HopMS = microwakeword.Rate, cmp.Or(o.HopMS, 20)
		if !(o.HopMS >= 10 && o.HopMS <= 30) { // rejects NaN
			wrong("invalid hop %g ms for %s features (want 10 to 30)", o.HopMS, Micro)
		}
	case Waveform:
		if o.Rate < 1 {
			wrong("invalid rate %d (want the sample rate of the model's training)", o.Rate)
		}
	default:
		wrong("invalid features %q (want %s, %s or %s)", o.Features, LogMel, Micro, Waveform)
	}
	if o.Features != LogMel && (o.PerWindow != 0 || o.RangeDB != 0) {
		wrong("normalization per window only applies to %s features, not to %s", LogMel, o.Features)
	}
	if o.Features != Micro && o.HopMS != 0 {
		wrong("a hop only applies to %s features, not to %s", Micro, o.Features)
	}
	if !(o.PerWindow >= 0 && o.PerWindow < 1e6) { // rejects NaN
		wrong("invalid normalization per window %g (want 0 to 1e6)", o.PerWindow)
	}
	switch {
	case !(o.RangeDB >= 0 && o.RangeDB <= 200):
		wrong("invalid range %g dB (want 0 to 200)", o.RangeDB)
	case o.RangeDB > 0 && o.PerWindow > 0:
		wrong("a range in dB and normalization per window are mutually exclusive")
	case o.RangeDB > 0 && (len(o.Mel.Mean) > 1 || len(o.Mel.Std) > 1):
		wrong("a range in dB needs one mean and one std for all bins")
	}
	for _, t := range []struct {
		name      string
		value, to time.Duration
	}{{"step", o.Step, maxTime}, {"smoothing", o.Smoothing, maxTime}, {"refractory time", o.Refractory, maxRefractory}} {
		if t.value < 0 || t.value > t.to {
			wrong("invalid %s %v (want 0 to %v)", t.name, t.value, t.to)
		}
	}
	o.Threshold = cmp.Or(o.Threshold, DefaultThreshold)
	return o, errors.Join(errs...)
}
