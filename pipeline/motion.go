package pipeline

// Gated is a Source that may hold items back while nothing moves in them.
type Gated interface {
	// Motion is what it did so far, for the Summary; false where it holds nothing back. It may be called at any time.
	Motion() (MotionSummary, bool)
}

// MotionSummary is what looking for motion came to.
type MotionSummary struct {
	Looked    uint64  `json:"looked"`     // items that were looked at
	HeldBack  uint64  `json:"held_back"`  // of those, in which nothing moved: no model saw them
	Share     float64 `json:"share"`      // HeldBack of Looked, 0 to 1
	RunsSaved uint64  `json:"runs_saved"` // runs of the pipeline's models that HeldBack would have taken
	Opened    uint64  `json:"opened"`     // how often motion began; the beginning counts as motion
	Open      bool    `json:"open"`       // whether something moved at last
	Seconds   float64 `json:"seconds"`    // that looking took
}

// motionOf is the summary of a source with so many models behind it; nil where nothing is held back.
func motionOf(g Gated, models int) *MotionSummary {
	m, gated := g.Motion()
	if !gated {
		return nil
	}
	m.RunsSaved = m.HeldBack * uint64(models)
	m.Share, m.Seconds = round(m.Share, 4), round(m.Seconds, 3)
	return &m
}
