package assemble

import (
	"strings"

	"corallite/delegate"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// modelInfo is what a task on pictures is told of a model. Metadata that are damaged are said, and not used.
func modelInfo(model *delegate.Model, e pipeline.Engine, warn func(message string)) vision.ModelInfo {
	info := vision.ModelInfo{Inputs: e.Inputs(), Outputs: e.Outputs(), Graph: model.Graph(), Warn: warn}
	switch about, err := model.Describe(); {
	case err != nil:
		warn(err.Error())
	case about != nil:
		info.Metadata, info.PackedFile = about.Metadata, about.Packed
	}
	for name, text := range model.Notes() {
		if info.Ultralytics == nil {
			var err error
			if info.Ultralytics, err = vision.ParseUltralytics(text); err != nil {
				warn(name + ", which is packed into it: " + err.Error())
			}
		}
	}
	return info
}

func infos(tensors []tensor.Info) string {
	words := make([]string, len(tensors))
	for i, t := range tensors {
		words[i] = t.String()
	}
	return strings.Join(words, ", ")
}
