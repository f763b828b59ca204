package models

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The kinds of Features.
const (
	LogMel   = "logmel"   // rows of logarithms of mel bins
	Coral    = "coral"    // those of Coral's project-keyword-spotter
	Micro    = "micro"    // rows of TensorFlow Lite Micro's audio front end, as micro_speech has them
	Waveform = "waveform" // the samples themselves
)

// FeatureKinds are the kinds of Features.
func FeatureKinds() []string { return []string{LogMel, Coral, Micro, Waveform} }

// Given are the keys that say something, in the order of the fields.
func (f Features) Given() (keys []string) {
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			keys = append(keys, name)
		}
	}
	return keys
}

// Check refuses features that do not say all that a front end needs, or what another kind has. Nothing of it has a
// default: a model hears rightly only with what it was trained with. Only the rate of samples may be left out, where
// the model's metadata say it.
func (f Features) Check() error {
	given := f.Given()
	allowed, needed := given, []string(nil)
	switch f.Kind {
	case "":
		allowed = []string{"rate"}
		if len(given) > 0 && !slices.Equal(given, allowed) {
			return fmt.Errorf("kind is missing: want one of %s", strings.Join(FeatureKinds(), ", "))
		}
	case LogMel:
		needed = []string{"rate", "window_ms", "hop_ms", "bins", "low_hz", "high_hz", "scale", "spectrum"}
		if f.Floor == nil {
			needed = append(needed, "offset")
		}
	case Coral:
		allowed = []string{"kind"}
	case Micro:
		allowed = []string{"kind", "rate", "window_ms", "hop_ms"}
	case Waveform:
		allowed = []string{"kind", "rate"}
	default:
		return fmt.Errorf("there is no kind %q: want one of %s", f.Kind, strings.Join(FeatureKinds(), ", "))
	}
	without := func(all, some []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(key string) bool { return slices.Contains(some, key) })
	}
	if missing := without(needed, given); len(missing) > 0 {
		return fmt.Errorf("%s: missing: %s; they must be as in the model's training", f.Kind, strings.Join(missing, ", "))
	}
	if more := without(given, allowed); len(more) > 0 {
		return fmt.Errorf("%s: leave out %s, which this kind does not have", f.Kind, strings.Join(more, ", "))
	}
	return nil
}
