package pipeline

import (
	"math"
	"time"
)

// Summary is the result of a run of a Stream. Its JSON is that of `corallite run --summary`, one object per pipeline.
// Items that the source gave = Frames + Dropped + Failed.
type Summary struct {
	Frames          uint64         `json:"frames"`            // items (frames, chunks of sound) with a result
	Dropped         uint64         `json:"dropped"`           // items of a live source that no model saw
	Seconds         float64        `json:"seconds"`           // from the start of Run until the last sink was closed
	FramesPerSecond float64        `json:"frames_per_second"` // Frames in Seconds
	Device          string         `json:"device"`            // last device of the first model
	Degraded        bool           `json:"degraded"`
	Reason          string         `json:"reason"`
	Latency         LatencySummary `json:"latency_ms"` // of the first model

	Failed      uint64                  `json:"failed"`         // items on which all models failed
	Interrupted bool                    `json:"interrupted"`    // whether Run's context ended before the source did
	Skipped     uint64                  `json:"skipped"`        // items skipped as configured
	Reopened    uint64                  `json:"reopened"`       // how often a lost source was reopened
	Lost        string                  `json:"lost,omitempty"` // why the source was lost at the end; "": it was not
	Sound       *SoundSummary           `json:"sound,omitempty"`
	Drops       DropSummary             `json:"drops"`
	Errors      ErrorSummary            `json:"errors"`
	Models      map[string]ModelSummary `json:"models"`
	Motion      *MotionSummary          `json:"motion,omitempty"` // of a source with motion detection
	Error       string                  `json:"error,omitempty"`  // what ended the pipeline, when it failed
}

// DropSummary counts what was dropped, by where.
type DropSummary struct {
	Source uint64            `json:"source"` // items; the same as Summary.Dropped
	Sinks  map[string]uint64 `json:"sinks"`  // reports, by the sink's name
}

// ErrorSummary counts the failures after which the stream continued, and keeps the first ones.
type ErrorSummary struct {
	Total     uint64       `json:"total"`
	Recovered uint64       `json:"recovered,omitempty"` // of those, failures of sinks that recovered later
	First     []ErrorEntry `json:"first"`
}

// ErrorEntry is a Failure in a Summary.
type ErrorEntry struct {
	Stage string `json:"stage"`
	Name  string `json:"name,omitempty"`
	Item  string `json:"item,omitempty"`
	Error string `json:"error"`
}

// ModelSummary is one model's part of a Summary. Devices counts items by device; a streaming model
// without results for an item gave no event.
type ModelSummary struct {
	Task     string            `json:"task"`
	Events   uint64            `json:"events"`
	Device   string            `json:"device"` // of the last event
	Degraded bool              `json:"degraded"`
	Reason   string            `json:"reason"`
	Devices  map[string]uint64 `json:"devices"` // items by device
	Latency  LatencySummary    `json:"latency_ms"`

	// Of a model that may run several times on one item (tiles of a picture); 0: not one.
	Runs        uint64  `json:"runs,omitempty"`          // in all
	RunsPerItem float64 `json:"runs_per_item,omitempty"` // mean
}

// LatencySummary is the duration of each stage.
type LatencySummary struct {
	Prepare Quantiles `json:"prepare"`
	Invoke  Quantiles `json:"invoke"`
	Decode  Quantiles `json:"decode"`
	Total   Quantiles `json:"total"`
}

// Quantiles are in milliseconds, within 1 %; 0 when nothing was measured.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// round rounds to a number of decimals.
func round(x float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(x*p) / p
}

// perSecond is n in d, 0 when no time has passed.
func perSecond(n uint64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
