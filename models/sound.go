package models

import (
	"errors"
	"fmt"
	"slices"
)

// WakeWord says how a model of one word is to be run.
type WakeWord struct {
	Kind       string  `yaml:"kind"`       // one of WakeWordKinds
	Threshold  float64 `yaml:"threshold"`  // the score that is the word, above 0 to 1; 0: what the manifest says
	Patience   int     `yaml:"patience"`   // openwakeword: so many scores in a row; 0: 1
	Refractory float64 `yaml:"refractory"` // seconds for which it is not heard again; 0: the kind's own
}

// The kinds of wake words.
const (
	MicroWakeWord = "micro"        // microWakeWord: Files.Manifest has its parameters
	OpenWakeWord  = "openwakeword" // openWakeWord: after Files.Melspectrogram and Files.Embedding
)

// WakeWordKinds are all of them.
func WakeWordKinds() []string { return []string{MicroWakeWord, OpenWakeWord} }

// Keyword says how a model of several words is to be run.
type Keyword struct {
	Features   Features           `yaml:"features"`
	Step       float64            `yaml:"step"`       // seconds from one run to the next; 0: the task's own, as with the rest
	Smoothing  float64            `yaml:"smoothing"`  // seconds over which scores are means
	Refractory *float64           `yaml:"refractory"` // seconds for which a word is not heard again
	Threshold  float64            `yaml:"threshold"`  // the score that is a word, above 0 to 1
	Thresholds map[string]float64 `yaml:"thresholds"` // those of single labels
}

// Features say how sound becomes a model's input, in the words of a configuration's key features. Zero and nil: not
// said.
type Features struct {
	Kind      string    `yaml:"kind,omitempty"` // one of FeatureKinds
	Rate      int       `yaml:"rate,omitempty"` // samples a second
	WindowMS  float64   `yaml:"window_ms,omitempty"`
	HopMS     float64   `yaml:"hop_ms,omitempty"`
	FFT       int       `yaml:"fft,omitempty"` // samples
	Bins      int       `yaml:"bins,omitempty"`
	LowHz     *float64  `yaml:"low_hz,omitempty"`
	HighHz    float64   `yaml:"high_hz,omitempty"`
	Scale     string    `yaml:"scale,omitempty"`    // htk, slaney
	Spectrum  string    `yaml:"spectrum,omitempty"` // power, magnitude
	Floor     *float64  `yaml:"floor,omitempty"`
	Offset    *float64  `yaml:"offset,omitempty"`
	Mean      []float64 `yaml:"mean,flow,omitempty"` // one, or one a bin; as std
	Std       []float64 `yaml:"std,flow,omitempty"`
	PerWindow float64   `yaml:"per_window,omitempty"`
	RangeDB   float64   `yaml:"range_db,omitempty"`
}

// checkSound refuses an entry that listens and does not say how.
func (e Entry) checkSound() error {
	files := e.Files
	switch w := e.WakeWord; {
	case (e.Task == "wakeword") != (w != nil):
		return errors.New("wakeword must be given for that task, and for no other")
	case w == nil:
	case w.Kind == MicroWakeWord && (files.Manifest == nil || files.Melspectrogram != nil || files.Embedding != nil):
		return errors.New("a microWakeWord model has a manifest, and no melspectrogram or embedding")
	case w.Kind == OpenWakeWord && (files.Manifest != nil || files.Melspectrogram == nil || files.Embedding == nil):
		return errors.New("an openWakeWord model has a melspectrogram and an embedding, and no manifest")
	case !slices.Contains(WakeWordKinds(), w.Kind):
		return fmt.Errorf("wakeword.kind: %q", w.Kind)
	case !score(w.Threshold), w.Patience < 0, w.Refractory < 0:
		return errors.New("wakeword: threshold, patience or refractory is out of its range")
	}
	switch k := e.Keyword; {
	case (e.Task == "keyword") != (k != nil):
		return errors.New("keyword must be given for that task, and for no other")
	case k == nil:
	case k.Features.Kind == "":
		return errors.New("keyword.features: kind is missing")
	case k.Features.Check() != nil:
		return fmt.Errorf("keyword.features: %w", k.Features.Check())
	case !score(k.Threshold), k.Step < 0, k.Smoothing < 0, k.Refractory != nil && *k.Refractory < 0:
		return errors.New("keyword: threshold, step, smoothing or refractory is out of its range")
	default:
		for label, t := range k.Thresholds {
			if t == 0 || !score(t) || len(e.Labels) > 0 && !slices.Contains(e.Labels, label) {
				return fmt.Errorf("keyword.thresholds: %s: %g", label, t)
			}
		}
	}
	return nil
}

// score says whether t can be a threshold, or is 0 for none.
func score(t float64) bool { return t >= 0 && t <= 1 }
