package models

import (
	"math"

	"corallite/internal/regfile"
	"corallite/internal/schema"
	"corallite/tflite/tensor"
)

// The shape of openWakeWord's word models: [1, rows, 96] in, one score out. Its notebook trains them with 16 rows.
const (
	wordFeatures = 96
	maxWordRows  = 40
	maxWordBytes = 64 << 20 // usual ones have less than 1 MB
)

// WakeWordKindOf says by the shape of a model what kind of wake word it is: OpenWakeWord, or "" for everything else, also
// for a file that cannot be read. (MicroWakeWord needs a manifest, which says it.)
func WakeWordKindOf(path string) string {
	content, err := regfile.Read(path, maxWordBytes)
	if err != nil {
		return ""
	}
	m, err := schema.Read(content)
	if err != nil || len(m.Subgraphs) == 0 {
		return ""
	}
	in, out := m.Main().InputInfos(), m.Main().OutputInfos()
	if len(in) != 1 || len(out) != 1 || in[0].Type != tensor.Float32 || out[0].Type != tensor.Float32 || out[0].Elements() != 1 {
		return ""
	}
	if s := in[0].Shape; len(s) != 3 || s[0] != 1 || s[1] < 1 || s[1] > maxWordRows || s[2] != wordFeatures {
		return ""
	}
	return OpenWakeWord
}

// OpenWakeWordChain returns the two models before openWakeWord's word models, of the first of the catalog that is on this
// machine. Otherwise the error is a *NotPulledError of one that has them, or what is wrong with its files.
func (s *Store) OpenWakeWordChain() (melspectrogram, embedding string, err error) {
	var first error
	for i := range s.catalog.entries {
		e := &s.catalog.entries[i]
		if e.WakeWord == nil || e.WakeWord.Kind != OpenWakeWord {
			continue
		}
		found, err := s.cached(e)
		if err == nil {
			return found.Melspectrogram, found.Embedding, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = &UnknownError{Name: OpenWakeWord}
	}
	return "", "", first
}

// maxSaidBytes bounds the models whose metadata are looked at before they are opened.
const maxSaidBytes = 256 << 20

// SaidThreshold is the score threshold that a model's file recommends (TensorFlow Lite Metadata, score thresholding of the first
// output that has one); false where it says none, also of a file that cannot be read.
func SaidThreshold(path string) (threshold float64, ok bool) {
	content, err := regfile.Read(path, maxSaidBytes)
	if err != nil {
		return 0, false
	}
	m, err := schema.Read(content)
	if err != nil {
		return 0, false
	}
	d, err := m.Describe()
	if err != nil || d == nil {
		return 0, false
	}
	for _, o := range d.Outputs {
		if o.Threshold > 0 && o.Threshold <= 1 {
			return math.Round(float64(o.Threshold)*1e6) / 1e6, true // as it was written, before it became a float32
		}
	}
	return 0, false
}
