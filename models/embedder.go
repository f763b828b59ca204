package models

import (
	"errors"
	"fmt"
	"slices"
)

// Embed says what an embedder's vectors are good for.
type Embed struct {
	Subject string `yaml:"subject"` // one of Subjects: what it was trained to tell apart
	// ScoreThreshold is the cosine similarity, above 0 to 1, from which two pictures show the same. The model's card
	// says how it was measured; `corallite embed --calibrate` measures it on pictures of one's own.
	ScoreThreshold float64 `yaml:"score_threshold"`
}

// What embedders are made for.
const (
	Things = "things"
	Faces  = "faces"
)

// Subjects are all that Embed.Subject can be.
func Subjects() []string { return []string{Things, Faces} }

// checkEmbed refuses an embedder that does not say what it is for.
func (e Entry) checkEmbed() error {
	switch m := e.Embed; {
	case (e.Task == "embed") != (m != nil):
		return errors.New("embed must be given for that task, and for no other")
	case m == nil:
	case !slices.Contains(Subjects(), m.Subject):
		return fmt.Errorf("embed.subject: %q", m.Subject)
	case m.ScoreThreshold == 0 || !score(m.ScoreThreshold):
		return fmt.Errorf("embed.score_threshold: %g", m.ScoreThreshold)
	}
	return nil
}
