package vision

import (
	"bytes"
	"errors"
	"fmt"

	"corallite/tflite/tensor"
)

// options are what the settings, the model's metadata and the decoder (nil: none) say to a task. offset is the label
// offset of labels for which the settings say none; nil: 0.
func (s Settings) options(m ModelInfo, d *Decoder, offset func(labels []string) int) (Options, error) {
	if d == nil {
		d = &Decoder{}
	}
	o := Options{
		Labels: s.labels(m, d.Labels), Allow: s.Allow, Deny: s.Deny, Activation: s.Activation, Sensitivity: s.Sensitivity,
		ScoreThreshold: float32(s.ScoreThreshold), MaxResults: s.MaxResults,
	}
	if s.LabelOffset != nil {
		o.LabelOffset = *s.LabelOffset
	} else if offset != nil {
		o.LabelOffset = offset(o.Labels)
	}
	var err error
	o.Input, err = s.input(m, d.Input)
	return o, err
}

// labels are those of the settings, else those that are packed into the model's file, else its exporter's, else the decoder's.
func (s Settings) labels(m ModelInfo, usual []string) []string {
	if len(s.Labels) > 0 {
		return s.Labels
	}
	labels, err := m.packedLabels(s.Output)
	if err != nil {
		m.warn("%v; name a label file with labels: in YAML or --labels on the command line", err)
	}
	if len(labels) > 0 {
		return labels
	}
	if m.Ultralytics != nil && len(m.Ultralytics.Labels) > 0 {
		return m.Ultralytics.Labels
	}
	return usual
}

// packedLabels are the labels that the model's metadata name for the output of that name, else for the first that has any;
// nil: there are none.
func (m ModelInfo) packedLabels(output string) ([]string, error) {
	if m.Metadata == nil || m.PackedFile == nil {
		return nil, nil
	}
	name := ""
	for i, o := range m.Metadata.Outputs {
		if o.Labels != "" && (name == "" || output != "" && i < len(m.Outputs) && m.Outputs[i].Name == output) {
			name = o.Labels
		}
	}
	if name == "" {
		return nil, nil
	}
	text, err := m.PackedFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the labels named in its metadata: %w", err)
	}
	labels, err := ParseLabels(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("cannot read the labels packed into it (%s): %w", name, err)
	}
	return labels, nil
}

// input is how pictures become the model's input: as the settings say, else as the model's metadata, the decoder, or last
// the convention of InputOptions has it. That only the convention is left for an input whose values could mean anything is
// said.
func (s Settings) input(m ModelInfo, usual InputOptions) (InputOptions, error) {
	o := usual
	if s.Resize != "" {
		var err error
		if o.Resize, err = ParseResize(s.Resize); err != nil {
			return o, err
		}
	}
	if len(s.Mean)+len(s.Std) > 0 {
		o.Mean, o.Std = float32s(s.Mean), float32s(s.Std)
		return o, nil
	}
	if len(m.Inputs) != 1 || pixelsAsTheyAre(m.Inputs[0]) {
		return o, nil
	}
	mean, std, err := m.normalization()
	switch {
	case err != nil:
		return o, fmt.Errorf("%w; set mean: and std: in YAML, or --mean and --std on the command line", err)
	case mean != nil:
		o.Mean, o.Std = mean, std
	case o.Mean == nil:
		m.warn("its input is %s and its normalization is unknown: assuming mean 127.5 and std 127.5 (-1 to 1); set mean: and std: in YAML, or --mean and --std on the command line, as in training",
			m.Inputs[0].Type)
	}
	return o, nil
}

// pixelsAsTheyAre says whether pixels have only one way into a tensor where nobody says more: integers of 8 bits, and
// others without a scale.
func pixelsAsTheyAre(in tensor.Info) bool {
	return in.Type == tensor.UInt8 || in.Type == tensor.Int8 || !isFloat(in.Type) && !in.Quantization.Quantized()
}

// normalization is what the model's metadata say of its input's values; nil: nothing.
func (m ModelInfo) normalization() (mean, std []float32, err error) {
	if m.Metadata == nil || len(m.Metadata.Inputs) == 0 {
		return nil, nil, nil
	}
	in := m.Metadata.Inputs[0]
	if len(in.Mean)+len(in.Std) == 0 {
		return nil, nil, nil
	}
	channels := 1
	if shape := m.Inputs[0].Shape; len(shape) == 4 {
		_, _, c := PictureAxes(shape)
		channels = shape[c]
	}
	err = checkNormalization(InputOptions{Mean: in.Mean, Std: in.Std}, channels)
	if len(in.Mean) == 0 || len(in.Std) == 0 {
		err = errors.New("mean or std is missing")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("invalid normalization in its metadata: %w", err)
	}
	return in.Mean, in.Std, nil
}

func float32s(v []float64) []float32 {
	if v == nil {
		return nil
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}
