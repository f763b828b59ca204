package pipeline

// Stats is what a source says of itself beside its items. The zero Stats say nothing.
type Stats struct {
	Name string // what Meta.Source is, of a source that has one for all items: "camera:0"

	// Endless says that a source that is not live gives items for as long as the program runs, as a watched folder does.
	// A sink that fails does not end its stream.
	Endless bool
	// Buffered says that a live source keeps its items until they are taken, as one of sound does, where a missing item
	// would tear what is heard. The Stream then reads it no faster than its models take items, and the source drops and
	// counts the oldest when they cannot keep up for long.
	Buffered bool

	Total    int    // items that it will give, those that fail included; 0: not known (yet)
	Skipped  uint64 // items that it left out because it was told to
	Reopened uint64 // how often it was lost and came back by itself
	Lost     string // why it gives nothing now; "": it does, or cannot be lost

	Motion *MotionSummary // nil: it does not look for motion
	Sound  *SoundSummary  // nil: it is not a source of sound
}

// StatsReporter is a Source that has Stats. Stats may be called at any time, also from other goroutines and after
// Close: some things are known only when the source has begun. A source that wraps another one starts from StatsOf it.
type StatsReporter interface {
	Stats() Stats
}

// StatsOf is what a source says of itself; the zero Stats where it does not.
func StatsOf(source any) Stats {
	if r, ok := source.(StatsReporter); ok {
		return r.Stats()
	}
	return Stats{}
}

// MotionSummary is what a source that looks for motion did.
type MotionSummary struct {
	Looked    uint64  `json:"looked"`     // items that were searched for motion
	HeldBack  uint64  `json:"held_back"`  // of those, items without motion: no model saw them
	Share     float64 `json:"share"`      // HeldBack of Looked, 0 to 1
	RunsSaved uint64  `json:"runs_saved"` // runs of the pipeline's models that HeldBack would have taken
	Opened    uint64  `json:"opened"`     // how often motion began; the beginning counts as motion
	Open      bool    `json:"open"`       // whether something moved at last
	Seconds   float64 `json:"seconds"`    // that looking took
}

// SoundSummary is what a source of sound gave.
type SoundSummary struct {
	Seconds   float64 `json:"seconds"`     // of sound that the source gave
	LostS     float64 `json:"lost_s"`      // seconds that came and that nobody took in time
	Overruns  uint64  `json:"overruns"`    // how often that happened
	HeldBackS float64 `json:"held_back_s"` // seconds without a voice, in which no model ran
	LevelDBFS float64 `json:"level_dbfs"`  // root mean square of all of it, in dB of full scale; -120 is digital silence
	PeakDBFS  float64 `json:"peak_dbfs"`   // the loudest sample
}

// withModels is the motion summary of a source with so many models behind it, rounded for people.
func (m *MotionSummary) withModels(models int) *MotionSummary {
	if m == nil {
		return nil
	}
	sum := *m
	sum.RunsSaved = sum.HeldBack * uint64(models)
	sum.Share, sum.Seconds = round(sum.Share, 4), round(sum.Seconds, 3)
	return &sum
}
