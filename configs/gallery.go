package configs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"corallite/internal/key"
	"corallite/models"
	"corallite/pipeline/vision"
)

// checkGallery reports a gallery that does not exist or has no threshold.
func (s *layers) checkGallery(m *Model, p path) {
	switch {
	case m.Gallery == "":
	case !isFolder(m.Gallery):
		s.problem(p.to("gallery"), key.CodeMissingFile, "there is no folder %s", m.Gallery)
	case m.Task == TaskEmbed && m.Path != "" && !s.given(p, "score_threshold"):
		if err := m.CheckThreshold(); err != nil {
			s.problem(p.to("score_threshold"), key.CodeMissingKey, "required key is missing: %v", err)
		}
	}
}

// CheckThreshold returns an error if the model uses a gallery and the catalog does not have its threshold. Call it for
// models without a threshold from the user.
func (m Model) CheckThreshold() error {
	if m.Gallery == "" || m.Subject != "" {
		return nil
	}
	return fmt.Errorf("the catalog does not know the model, so it is unknown how similar pictures of the same thing are; "+
		"measure it with `corallite embed --calibrate --model %s --gallery %s`", m.Path, m.Gallery)
}

// FaceWarning returns a warning if an embedding model for things is used on faces: those of a face detector before it
// (nil: none), or of a gallery named so. It is empty if the model is for faces or unknown to the catalog, or if nothing
// suggests faces.
func (m Model) FaceWarning(detector *Model) string {
	switch {
	case m.Subject == "" || m.Subject == models.Faces:
		return ""
	case detector != nil && detector.findsFaces():
	case m.Gallery == "" || !slices.Contains(faceFolders, strings.ToLower(filepath.Base(m.Gallery))):
		return ""
	}
	return fmt.Sprintf("%s was trained on %s, not on faces: strangers will get names; use an embedding model trained on faces",
		filepath.Base(m.Path), m.Subject)
}

// faceFolders has names of folders that are assumed to contain faces.
var faceFolders = []string{"face", "faces", "people", "persons"}

// findsFaces reports whether the model is known to be a face detector.
func (m Model) findsFaces() bool {
	labels := m.Labels
	if d := vision.FindDecoder(m.Decoder); d != nil && len(labels) == 0 {
		labels = d.Labels
	}
	return m.Task == TaskDetect && slices.Equal(labels, []string{"face"})
}
