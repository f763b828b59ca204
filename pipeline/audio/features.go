package audio

import (
	"fmt"
	"slices"
	"strings"

	"corallite/internal/key"
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

// Features are the audio front end's parameters, with the names of the configuration key features, which Keys describes.
// Zero and nil mean unset. The yaml tags are those of the catalog.
type Features struct {
	Kind      string    `yaml:"kind,omitempty"` // one of FeatureKinds
	Rate      int       `yaml:"rate,omitempty"` // samples per second
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
	Mean      []float64 `yaml:"mean,flow,omitempty"` // one, or one per bin; so std
	Std       []float64 `yaml:"std,flow,omitempty"`
	PerWindow float64   `yaml:"per_window,omitempty"`
	RangeDB   float64   `yaml:"range_db,omitempty"`
}

// Keys describes the keys of the features.
func (f *Features) Keys() key.Table {
	return key.Table{
		key.String(&f.Kind, "kind").Choices(FeatureKinds()...).DefaultDoc("the catalog's; otherwise `waveform` if the metadata or the model's own Fourier transform say so").Example("logmel").
			Doc("`logmel`: a log-mel spectrogram; needs the keys `rate` to `spectrum` except `fft`, and `floor` or `offset`. `coral`: that of Coral's project-keyword-spotter, without other keys. `micro`: the audio front end of TensorFlow Lite Micro, rows of 40 values, as in micro_speech. `waveform`: raw samples from -1 to 1; only with `rate`."),
		key.Int(&f.Rate, "rate").Min(1000).Max(192000).DefaultDoc("the catalog's or the metadata's; always 16000 with `micro`").Example("8000").
			Doc("The sample rate in samples per second. Sound is resampled to it."),
		key.Number(&f.WindowMS, "window_ms").Above(0).Max(1000).DefaultDoc("the catalog's; always 30 with `micro`").Example("32").
			Doc("The window of a row in milliseconds."),
		key.Number(&f.HopMS, "hop_ms").Above(0).Max(1000).DefaultDoc("the catalog's; 20 with `micro`, as in micro_speech").Example("20").
			Doc("The hop from row to row in milliseconds; 10 to 30 with `micro`."),
		key.Int(&f.FFT, "fft").Min(0).Max(65536).DefaultDoc("0: the smallest power of two that holds the window").Example("512").
			Doc("The length of the Fourier transform in samples."),
		key.Int(&f.Bins, "bins").Min(1).Max(4096).DefaultDoc("the catalog's").Example("64").
			Doc("The number of mel bands."),
		key.Optional(&f.LowHz, "low_hz").Min(0).Max(96000).DefaultDoc("the catalog's").Example("60").
			Doc("The lower edge of the lowest band."),
		key.Number(&f.HighHz, "high_hz").Above(0).Max(96000).DefaultDoc("the catalog's").Example("3800").
			Doc("The upper edge of the highest band."),
		key.String(&f.Scale, "scale").Choices("htk", "slaney").DefaultDoc("the catalog's").Example("slaney").
			Doc("The mel scale: `htk` as in TensorFlow, `slaney` as in librosa."),
		key.String(&f.Spectrum, "spectrum").Choices("power", "magnitude").DefaultDoc("the catalog's").Example("magnitude").
			Doc("The spectrum that the bands sum."),
		key.Optional(&f.Floor, "floor").Min(0).Max(1).DefaultDoc("0 with `offset`").Example("0.000001").
			Doc("The minimum of a band before the logarithm."),
		key.Optional(&f.Offset, "offset").Min(0).Max(1).DefaultDoc("0 with `floor`").Example("0.001").
			Doc("Added to each band before the logarithm."),
		key.Numbers(&f.Mean, "mean").Example("-6.5").
			Doc("Subtracted from each logarithm before dividing by `std`: one number, or one per band."),
		key.Numbers(&f.Std, "std").Above(0).Example("4").
			Doc("As `mean`."),
		key.Number(&f.RangeDB, "range_db").Above(0).Max(200).Example("32").
			Doc("Values are relative to a floor this many dB below the loudest value of the model's window, and 0 below it. Not together with `per_window`."),
		key.Number(&f.PerWindow, "per_window").Above(0).Max(1000).Example("3").
			Doc("Each band of the model's window is normalized to mean 0, with this many standard deviations as 1."),
	}
}

// Given returns the keys that are set, in the order of the table.
func (f Features) Given() (keys []string) {
	for _, one := range f.Keys() {
		if one.IsShown() {
			keys = append(keys, one.Key().Name)
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
