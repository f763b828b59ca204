package models

import (
	"errors"
	"fmt"
	"slices"

	"corallite/pipeline/audio"
)

// WakeWord says how to run a wake-word model.
type WakeWord struct {
	Kind       string  `yaml:"kind"`       // one of WakeWordKinds
	Threshold  float64 `yaml:"threshold"`  // the score of a detection, above 0 to 1; 0: the manifest's
	Patience   int     `yaml:"patience"`   // openwakeword: consecutive scores needed; 0: 1
	Refractory float64 `yaml:"refractory"` // seconds after a detection without another; 0: the kind's default
}

// The kinds of wake words.
const (
	MicroWakeWord = "micro"        // microWakeWord, with its parameters in Files.Manifest
	OpenWakeWord  = "openwakeword" // openWakeWord, behind Files.Melspectrogram and Files.Embedding
)

// WakeWordKinds returns the kinds of wake words.
func WakeWordKinds() []string { return []string{MicroWakeWord, OpenWakeWord} }

// Keyword says how to run a keyword-spotting model.
type Keyword struct {
	Features   Features           `yaml:"features"`
	Step       float64            `yaml:"step"`       // seconds between runs; 0: the task's default, as below
	Smoothing  float64            `yaml:"smoothing"`  // seconds over which scores are averaged
	Refractory *float64           `yaml:"refractory"` // seconds after a word without the same again
	Threshold  float64            `yaml:"threshold"`  // the score of a detection, above 0 to 1
	Thresholds map[string]float64 `yaml:"thresholds"` // by label
}

// Features are the audio front end's parameters.
type Features = audio.Features

// checkSound checks the keys wakeword and keyword.
func (e Entry) checkSound() error {
	files := e.Files
	switch w := e.WakeWord; {
	case (e.Task == "wakeword") != (w != nil):
		return errors.New("wakeword is required for task wakeword, and not allowed for others")
	case w == nil:
	case w.Kind == MicroWakeWord && (files.Manifest == nil || files.Melspectrogram != nil || files.Embedding != nil):
		return errors.New("a microWakeWord model needs a manifest, and no melspectrogram or embedding")
	case w.Kind == OpenWakeWord && (files.Manifest != nil || files.Melspectrogram == nil || files.Embedding == nil):
		return errors.New("an openWakeWord model needs melspectrogram and embedding, and no manifest")
	case !slices.Contains(WakeWordKinds(), w.Kind):
		return fmt.Errorf("wakeword.kind: %q", w.Kind)
	case !score(w.Threshold), w.Patience < 0, w.Refractory < 0:
		return errors.New("wakeword: threshold, patience or refractory is out of range")
	}
	switch k := e.Keyword; {
	case (e.Task == "keyword") != (k != nil):
		return errors.New("keyword is required for task keyword, and not allowed for others")
	case k == nil:
	case k.Features.Kind == "":
		return errors.New("keyword.features: kind is missing")
	case k.Features.Check() != nil:
		return fmt.Errorf("keyword.features: %w", k.Features.Check())
	case !score(k.Threshold), k.Step < 0, k.Smoothing < 0, k.Refractory != nil && *k.Refractory < 0:
		return errors.New("keyword: threshold, step, smoothing or refractory is out of range")
	default:
		for label, t := range k.Thresholds {
			if t == 0 || !score(t) || len(e.Labels) > 0 && !slices.Contains(e.Labels, label) {
				return fmt.Errorf("keyword.thresholds: %s: %g", label, t)
			}
		}
	}
	return nil
}

// score reports whether t is a valid threshold, or 0 for none.
func score(t float64) bool { return t >= 0 && t <= 1 }
