package assemble

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/audio/keyword"
	"corallite/internal/audio/mel"
	"corallite/internal/audio/microwakeword"
	"corallite/internal/schema"
	"corallite/pipeline/audio"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// frontEnd sets the features that a sound model takes: those of the configuration, completed by the catalog's; else those
// of the model's metadata; else those that its graph leaves no doubt about. Without any of these the model is refused,
// because with other features than in its training it would still give results, and mostly wrong ones.
func frontEnd(o *keyword.Options, f configs.Features, model *delegate.Model, about *delegate.Description) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("features: %w", err)
	}
	var sound *schema.Audio
	if about != nil && len(about.Inputs) > 0 {
		sound = about.Inputs[0].Audio
	}
	kind := f.Kind
	switch {
	case kind != "":
	case sound != nil || framesItself(model.Graph()):
		kind = audio.Waveform
	default:
		in := model.Graph().InputInfos()
		return fmt.Errorf("the model file does not describe its input features (%s): %s", infos(in), guess(in))
	}
	switch kind {
	case audio.Coral:
		coral := keyword.Coral()
		o.Features, o.Mel, o.PerWindow, o.Step = coral.Features, coral.Mel, coral.PerWindow, coral.Step
		o.LabelOffset, o.Threshold, o.MaxResults = coral.LabelOffset, coral.Threshold, coral.MaxResults
	case audio.Micro:
		if f.Rate != 0 && f.Rate != microwakeword.Rate || f.WindowMS != 0 && f.WindowMS != 1000*microwakeword.Window/microwakeword.Rate {
			return fmt.Errorf("features: kind micro always has %d samples per second and windows of %d ms: remove rate and window_ms, or use another kind",
				microwakeword.Rate, 1000*microwakeword.Window/microwakeword.Rate)
		}
		o.Features, o.HopMS = keyword.Micro, f.HopMS
	case audio.Waveform:
		o.Features, o.Rate = keyword.Waveform, f.Rate
		if sound != nil {
			if sound.Channels > 1 {
				return fmt.Errorf("its metadata describe an input of %d audio channels (want one)", sound.Channels)
			}
			o.Rate = cmp.Or(o.Rate, sound.Rate)
		}
		if o.Rate == 0 {
			return fmt.Errorf("its input is samples, but their rate is unknown: %s", writeFeatures("kind", audio.Waveform, "rate", "16000"))
		}
		if limit := configs.FlagOf("models", "features", "rate"); f.Rate == 0 && !limit.Allows(o.Rate) {
			return fmt.Errorf("its metadata give %d samples per second (want %s): set features.rate", o.Rate, limit.Expects())
		}
	default:
		o.Features, o.PerWindow, o.RangeDB = keyword.LogMel, f.PerWindow, f.RangeDB
		o.Mel = mel.Options{
			Rate: f.Rate, WindowMS: f.WindowMS, HopMS: f.HopMS, FFT: f.FFT, Bins: f.Bins, LowHz: *f.LowHz, HighHz: f.HighHz,
			Scale: mel.Scale(f.Scale), Spectrum: mel.Spectrum(f.Spectrum), Mean: f.Mean, Std: f.Std,
		}
		if f.Floor != nil {
			o.Mel.Floor = *f.Floor
		}
		if f.Offset != nil {
			o.Mel.Offset = *f.Offset
		}
	}
	return nil
}

// framesItself reports whether a graph takes samples beyond doubt: its input is one row of values, and its operators compute
// a spectrum.
func framesItself(g *schema.Subgraph) bool {
	in := g.InputInfos()
	if len(in) != 1 || len(in[0].Shape) == 0 || in[0].Elements() != in[0].Shape[len(in[0].Shape)-1] {
		return false
	}
	return slices.ContainsFunc([]string{"RFFT2D", "FlexRFFT", "AudioSpectrogram", "AUDIO_SPECTROGRAM"}, func(name string) bool { return g.Find(name) != nil })
}

// writeFeatures says how to name the features of a model, in YAML and on the command line, with an example: keys and
// values, the kind first.
func writeFeatures(example ...string) string {
	var yaml, flags []string
	for i := 0; i < len(example); i += 2 {
		key, value := example[i], example[i+1]
		yaml = append(yaml, key+": "+value)
		if i == 0 {
			flags = append(flags, "--features "+value)
			continue
		}
		flags = append(flags, "--features-"+strings.ReplaceAll(key, "_", "-")+" "+value)
	}
	return fmt.Sprintf("write features: {%s} in YAML, or %s on the command line, with the values that the model was trained with",
		strings.Join(yaml, ", "), strings.Join(flags, " "))
}

// writeLogMel is writeFeatures for log-mel features with that many bands.
func writeLogMel(bins int) string {
	return writeFeatures("kind", audio.LogMel, "rate", "16000", "window_ms", "25", "hop_ms", "10", "bins", strconv.Itoa(bins),
		"low_hz", "60", "high_hz", "3800", "scale", "htk", "spectrum", "magnitude", "offset", "0.001")
}

// guess says what an input may be, and what to write then.
func guess(in []tensor.Info) string {
	if len(in) != 1 {
		return fmt.Sprintf("it has %d inputs (want one)", len(in))
	}
	micro := fmt.Sprintf("if they are micro_speech's, %s; if they are log-mel features, ", writeFeatures("kind", audio.Micro))
	var d []int // the dimensions that are not 1
	for _, n := range in[0].Shape {
		if n != 1 {
			d = append(d, n)
		}
	}
	samples := writeFeatures("kind", audio.Waveform, "rate", "16000")
	switch {
	case len(d) == 2 && d[1] <= 20:
		return fmt.Sprintf("%d rows of %d values look like MFCC, which are not supported: use a model that was trained on log-mel features or on samples; if these are log-mel features, %s",
			d[0], d[1], writeLogMel(d[1]))
	case len(d) == 2 && d[1] == microwakeword.Channels:
		return fmt.Sprintf("%d rows of %d values may be features of kind micro or logmel: %s", d[0], d[1], micro+writeLogMel(d[1]))
	case len(d) == 2:
		return fmt.Sprintf("%d rows of %d values may be log-mel features: %s; for a model of Coral's keyword project, kind coral is enough",
			d[0], d[1], writeLogMel(d[1]))
	case len(d) == 1 && d[0]%microwakeword.Channels == 0:
		return fmt.Sprintf("%d values may be samples, or %d rows of %d features: if they are samples, %s; %s",
			d[0], d[0]/microwakeword.Channels, microwakeword.Channels, samples, micro+"describe them with kind logmel (docs/configuration.md, models.NAME.features)")
	case len(d) == 1:
		return fmt.Sprintf("%d values may be samples, or rows of features: if they are samples, %s", d[0], samples)
	}
	return "no supported features have this shape (want samples, or rows of features)"
}

// soundLabels returns the labels of a sound model: those of the configuration or the catalog, else those packed into its
// file.
func soundLabels(m configs.Model, about *delegate.Description) ([]string, error) {
	if len(m.Labels) > 0 {
		return m.Labels, nil
	}
	if about != nil {
		for _, o := range about.Outputs {
			if o.Labels == "" {
				continue
			}
			text, err := about.Packed(o.Labels)
			if err != nil {
				return nil, err
			}
			labels, err := vision.ParseLabels(bytes.NewReader(text))
			if err != nil {
				return nil, fmt.Errorf("label file %s in the model: %w", o.Labels, err)
			}
			return labels, nil
		}
	}
	return nil, errors.New("it has no labels: name its label file with labels: in YAML or --labels on the command line; if it is a microWakeWord model, put its manifest beside it")
}
