package models

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// The kinds of Features.
const (
	LogMel   = "logmel"   // log-mel spectrogram
	Coral    = "coral"    // that of Coral's project-keyword-spotter
	Micro    = "micro"    // TensorFlow Lite Micro's audio front end, as in micro_speech
	Waveform = "waveform" // raw samples
)

// FeatureKinds returns the kinds of Features.
func FeatureKinds() []string { return []string{LogMel, Coral, Micro, Waveform} }

// Given returns the keys that are set, in the order of the fields.
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

// Check returns an error for missing parameters of the front end, or those of another kind. They have no defaults,
// because a model works only with the front end it was trained with; only the sample rate may be omitted, if the model's
// metadata has it.
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
		return fmt.Errorf("unknown kind %q: want one of %s", f.Kind, strings.Join(FeatureKinds(), ", "))
	}
	without := func(all, some []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(key string) bool { return slices.Contains(some, key) })
	}
	if missing := without(needed, given); len(missing) > 0 {
		return fmt.Errorf("%s: missing %s; they must match the model's training", f.Kind, strings.Join(missing, ", "))
	}
	if more := without(given, allowed); len(more) > 0 {
		return fmt.Errorf("%s: remove %s, which this kind does not have", f.Kind, strings.Join(more, ", "))
	}
	return nil
}
