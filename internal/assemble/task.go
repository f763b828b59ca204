package assemble

import (
	"strings"

	"corallite/configs"
	"corallite/delegate"
	"corallite/pipeline"
	"corallite/pipeline/score"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// modelInfo is what a task on pictures is told of a model. Metadata that are damaged are said, and not used.
func modelInfo(model *delegate.Model, e pipeline.Engine, warn func(message string)) vision.ModelInfo {
	info := vision.ModelInfo{Inputs: e.Inputs(), Outputs: e.Outputs(), Graph: model.Graph()}
	switch about, err := model.Describe(); {
	case err != nil:
		warn(err.Error())
	case about != nil:
		info.Metadata, info.PackedFile = about.Description, about.Packed
	}
	return info
}

// taskSettings are what a configuration says to a task on pictures.
func taskSettings(m configs.Model, warn func(message string)) vision.Settings {
	return vision.Settings{
		Task: m.Task, Decoder: m.Decoder, Output: m.Output,
		Labels: m.Labels, LabelOffset: m.LabelOffset, Allow: m.CategoryAllowlist, Deny: m.CategoryDenylist,
		Resize: m.Resize, Mean: float32s(m.Mean), Std: float32s(m.Std),
		Activation: score.Activation(m.Activation), Sensitivity: m.Sensitivity, ScoreThreshold: float32(m.ScoreThreshold),
		NMSThreshold: float32(m.NMSThreshold), MaxResults: m.MaxResults,
		KeypointThreshold: float32(m.KeypointThreshold), MinShare: float32(m.MinShare), Vector: m.Vector,
		Warn: warn,
	}
}

func infos(tensors []tensor.Info) string {
	words := make([]string, len(tensors))
	for i, t := range tensors {
		words[i] = t.String()
	}
	return strings.Join(words, ", ")
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
