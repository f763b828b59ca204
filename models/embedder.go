package models

import (
	"errors"
	"fmt"
	"slices"
)

// Embed describes an embedding model.
type Embed struct {
	Subject string `yaml:"subject"` // one of Subjects: what it was trained on
	// ScoreThreshold is the cosine similarity, above 0 to 1, from which two pictures show the same. The model card says
	// how it was measured; `corallite embed --calibrate` measures it on your own pictures.
	ScoreThreshold float64 `yaml:"score_threshold"`
}

// The subjects of embedding models.
const (
	Things = "things"
	Faces  = "faces"
)

// Subjects returns all values of Embed.Subject.
func Subjects() []string { return []string{Things, Faces} }

// checkEmbed checks the key embed.
func (e Entry) checkEmbed() error {
	switch m := e.Embed; {
	case (e.Task == "embed") != (m != nil):
		return errors.New("embed is required for task embed, and not allowed for others")
	case m == nil:
	case !slices.Contains(Subjects(), m.Subject):
		return fmt.Errorf("embed.subject: %q", m.Subject)
	case m.ScoreThreshold == 0 || !score(m.ScoreThreshold):
		return fmt.Errorf("embed.score_threshold: %g", m.ScoreThreshold)
	}
	return nil
}
