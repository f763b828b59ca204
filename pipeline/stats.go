package pipeline

// Stats describes a source and its statistics. The zero Stats mean unknown.
type Stats struct {
	Name string // Meta.Source of all items, if they share one: "camera:0"

	// Endless means that a source that is not live delivers items for as long as the program runs, as a watched folder
	// does. A failing sink does not end its stream.
	Endless bool
	// Buffered means that a live source buffers its items until they are read, as sound sources do, because a missing
	// item would interrupt the sound. The Stream then reads it no faster than its models process items, and the source
	// drops and counts the oldest when they cannot keep up.
	Buffered bool

	Total    int    // number of items, including those that fail; 0: unknown (so far)
	Skipped  uint64 // items skipped as configured
	Reopened uint64 // how often it was lost and reconnected
	Lost     string // why it is silent now; "": it is not, or cannot be lost

	Motion *MotionSummary // nil: no motion detection
	Sound  *SoundSummary  // nil: not a sound source
}

// StatsReporter is a Source that has Stats. Stats may be called at any time, also from other goroutines and after
// Close: some values are known only after the start. A source that wraps another one starts from StatsOf it.
type StatsReporter interface {
	Stats() Stats
}

// StatsOf returns the Stats of a source, or the zero Stats if it is not a StatsReporter.
func StatsOf(source any) Stats {
	if r, ok := source.(StatsReporter); ok {
		return r.Stats()
	}
	return Stats{}
}

// MotionSummary is the result of a source's motion detection.
type MotionSummary struct {
	Looked    uint64  `json:"looked"`     // items that were searched for motion
	HeldBack  uint64  `json:"held_back"`  // of those, skipped items without motion
	Share     float64 `json:"share"`      // HeldBack of Looked, 0 to 1
	RunsSaved uint64  `json:"runs_saved"` // runs of the pipeline's models that HeldBack would have taken
	Opened    uint64  `json:"opened"`     // how often motion began; the start counts as motion
	Open      bool    `json:"open"`       // whether there was motion at the end
	Seconds   float64 `json:"seconds"`    // spent on motion detection
}

// SoundSummary is the summary of a sound source.
type SoundSummary struct {
	Seconds   float64 `json:"seconds"`     // of sound from the source
	LostS     float64 `json:"lost_s"`      // seconds that were not read in time
	Overruns  uint64  `json:"overruns"`    // how often sound was lost
	HeldBackS float64 `json:"held_back_s"` // seconds without a voice, skipped by the VAD
	LevelDBFS float64 `json:"level_dbfs"`  // root mean square of all of it, in dB of full scale; -120 is digital silence
	PeakDBFS  float64 `json:"peak_dbfs"`   // the loudest sample
}

// withModels is the motion summary of a source that feeds that many models, rounded for display.
func (m *MotionSummary) withModels(models int) *MotionSummary {
	if m == nil {
		return nil
	}
	sum := *m
	sum.RunsSaved = sum.HeldBack * uint64(models)
	sum.Share, sum.Seconds = round(sum.Share, 4), round(sum.Seconds, 3)
	return &sum
}
