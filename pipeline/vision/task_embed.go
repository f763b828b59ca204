package vision

import (
	"fmt"

	"corallite/internal/key"
)

// EmbedSettings are the settings that only models of embeddings have.
type EmbedSettings struct {
	Gallery string // a folder of labelled pictures; "": none
	Vector  *bool  // whether vectors are in the results; nil: without a gallery
}

// Keys describes the keys of the settings.
func (s *EmbedSettings) Keys() key.Table {
	return key.Table{
		key.String(&s.Gallery, "gallery").
			Flag("gallery folder with a sub-folder of pictures per label; each picture gets the label of the most similar one").
			Example("people").
			Doc("For `embed`: a folder of labelled pictures, with a sub-folder (`people/ada/1.jpg`) or a file (`ada.jpg`) for each label. Results have the label of the most similar picture."),
		key.Optional(&s.Vector, "vector").DefaultDoc("true without a gallery").Example("true").
			Doc("For `embed`: whether results include the vector."),
	}
}

func newEmbedTask(m ModelInfo, s Settings) (Task, error) {
	if m.Gallery == nil { // without which there is nothing to compare or to count
		s.ScoreThreshold, s.MaxResults = 0, 0
	}
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	o.Labels = nil // the gallery has them
	return asTask(NewEmbed(m.Inputs, m.Outputs, EmbedOptions{
		Options: o, Output: s.Output, Gallery: m.Gallery, NoVector: m.Gallery != nil && (s.Vector == nil || !*s.Vector),
	}))
}
