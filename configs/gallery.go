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

// checkGallery reports a gallery that is not there, or that nobody has said a threshold for.
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

// CheckThreshold refuses to name pictures after a gallery with a threshold that is nobody's: the model is not one whose
// threshold the catalog has. It is for models whose threshold the user has not given.
func (m Model) CheckThreshold() error {
	if m.Gallery == "" || m.Subject != "" {
		return nil
	}
	return fmt.Errorf("the catalog does not know the model, so nothing says how similar pictures of the same thing are; "+
		"measure it with `corallite embed --calibrate --model %s --gallery %s`", m.Path, m.Gallery)
}

// FaceWarning says that an embedder for things is used to tell faces apart: those that a detector finds (nil: there is
// none), or those of a gallery whose name says so. It is empty where the model is made for faces, where nothing is
// known about it, and where no faces are seen to be involved.
func (m Model) FaceWarning(detector *Model) string {
	switch {
	case m.Subject == "" || m.Subject == models.Faces:
		return ""
	case detector != nil && detector.findsFaces():
	case m.Gallery == "" || !slices.Contains(faceFolders, strings.ToLower(filepath.Base(m.Gallery))):
		return ""
	}
	return fmt.Sprintf("%s was trained to tell %s apart, not faces: strangers get names; use an embedder that was trained on faces",
		filepath.Base(m.Path), m.Subject)
}

// faceFolders are names of galleries that are taken to be of faces.
var faceFolders = []string{"face", "faces", "people", "persons"}

// findsFaces says whether a detector is known to find faces only.
func (m Model) findsFaces() bool {
	labels := m.Labels
	if d := vision.FindDecoder(m.Decoder); d != nil && len(labels) == 0 {
		labels = d.Labels
	}
	return m.Task == TaskDetect && slices.Equal(labels, []string{"face"})
}
