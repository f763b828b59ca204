package assemble

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"corallite/configs"
	"corallite/delegate"
	"corallite/models"
	"corallite/pipeline/audio/keyword"
	"corallite/pipeline/audio/mel"
	"corallite/pipeline/audio/microwakeword"
	"corallite/pipeline/vision"
	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

// sayFeatures is where a user says what a model takes of sound.
const sayFeatures = "say it as in the model's training, with features: in YAML or --features… on the command line"

// frontEnd sets what makes a model's input of sound. It is what the configuration says, with the catalog's under it;
// else what the model's metadata say; else what its graph leaves no doubt of. A model of which nobody says it is
// refused: with another front end than in its training it would hear something, and mostly something wrong.
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
		kind = models.Waveform
	default:
		return fmt.Errorf("its file does not say what its input (%s) is made of: %s; %s", infos(model.Graph().InputInfos()), guess(model.Graph().InputInfos()), sayFeatures)
	}
	switch kind {
	case models.Coral:
		coral := keyword.Coral()
		o.Features, o.Mel, o.PerWindow, o.Step = coral.Features, coral.Mel, coral.PerWindow, coral.Step
		o.LabelOffset, o.Threshold, o.MaxResults = coral.LabelOffset, coral.Threshold, coral.MaxResults
	case models.Micro:
		if f.Rate != 0 && f.Rate != microwakeword.Rate || f.WindowMS != 0 && f.WindowMS != 1000*microwakeword.Window/microwakeword.Rate {
			return fmt.Errorf("features: micro has %d samples a second and windows of %d ms, and no others: leave out rate and window_ms, or use another kind",
				microwakeword.Rate, 1000*microwakeword.Window/microwakeword.Rate)
		}
		o.Features, o.HopMS = keyword.Micro, f.HopMS
	case models.Waveform:
		o.Features, o.Rate = keyword.Waveform, f.Rate
		if sound != nil {
			if sound.Channels > 1 {
				return fmt.Errorf("its metadata say that it takes %d channels of sound: want one", sound.Channels)
			}
			o.Rate = cmp.Or(o.Rate, sound.Rate)
		}
		if o.Rate == 0 {
			return fmt.Errorf("it takes samples, and nothing says how many a second: add features.rate; %s", sayFeatures)
		}
		if limit := configs.FlagOf("models", "features", "rate"); f.Rate == 0 && !limit.Allows(o.Rate) {
			return fmt.Errorf("its metadata say %d samples a second: want %s; add features.rate", o.Rate, limit.Expects())
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

// framesItself says whether a graph takes samples beyond doubt: one row of values, of which its operators make a
// spectrum.
func framesItself(g *schema.Subgraph) bool {
	in := g.InputInfos()
	if len(in) != 1 || len(in[0].Shape) == 0 || in[0].Elements() != in[0].Shape[len(in[0].Shape)-1] {
		return false
	}
	return slices.ContainsFunc([]string{"RFFT2D", "FlexRFFT", "AudioSpectrogram", "AUDIO_SPECTROGRAM"}, func(name string) bool { return g.Find(name) != nil })
}

// guess says what an input might be made of, for a message.
func guess(in []tensor.Info) string {
	if len(in) != 1 {
		return fmt.Sprintf("it has %d inputs, and a window of sound is one", len(in))
	}
	var d []int // the dimensions that are not 1
	for _, n := range in[0].Shape {
		if n != 1 {
			d = append(d, n)
		}
	}
	switch {
	case len(d) == 2 && d[1] <= 20:
		return fmt.Sprintf("%d rows of %d values look like MFCC, which are not made here: use a model trained on log-mel features or on samples", d[0], d[1])
	case len(d) == 2 && d[1] == microwakeword.Channels:
		return fmt.Sprintf("%d rows of %d values may be of kind micro (as micro_speech) or logmel", d[0], d[1])
	case len(d) == 2:
		return fmt.Sprintf("%d rows of %d values may be of kind logmel or coral", d[0], d[1])
	case len(d) == 1 && d[0]%microwakeword.Channels == 0:
		return fmt.Sprintf("%d values may be samples (kind waveform), or %d rows of %d features (kind micro, as micro_speech, or logmel)",
			d[0], d[0]/microwakeword.Channels, microwakeword.Channels)
	case len(d) == 1:
		return fmt.Sprintf("%d values may be samples (kind waveform) or rows of features (kind logmel)", d[0])
	}
	return "it looks like nothing that is made of sound here"
}

// soundLabels are the labels of a model that listens: the configuration's or the catalog's, else those packed into its
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
				return nil, fmt.Errorf("%s, which is packed into it: %w", o.Labels, err)
			}
			return labels, nil
		}
	}
	return nil, errors.New("it has no labels: name its label file with labels: in YAML or --labels on the command line; if it is a microWakeWord model, put its manifest beside it")
}
