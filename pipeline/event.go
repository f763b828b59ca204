package pipeline

import (
	"context"
	"io"
	"time"
)

// Event is what one model found in one item, and one line of JSON.
type Event struct {
	Time      time.Time `json:"time"` // Meta.Time, in UTC with milliseconds
	Pipeline  string    `json:"pipeline"`
	Seq       uint64    `json:"seq"`
	Source    string    `json:"source"`
	PositionS float64   `json:"position_s,omitempty"` // seconds into a recording
	Model     string    `json:"model"`
	Task      string    `json:"task"`
	Device    string    `json:"device"`
	Degraded  bool      `json:"degraded"`
	Reason    string    `json:"reason,omitempty"`
	Latency   Latency   `json:"latency_ms"`
	Result
}

// Latency is how long each stage took.
type Latency struct {
	Prepare time.Duration // resizing, converting, quantizing
	Invoke  time.Duration // the model
	Decode  time.Duration // outputs to results
	Total   time.Duration // from the moment the source gave the item to the finished event, waiting included
}

// Result is what a task found; the task fills the fields that are its own and leaves the others nil. A task that
// found nothing sets its field to an empty slice, which JSON shows as [].
type Result struct {
	Detections []Detection `json:"detections,omitzero"`
	Classes    []Class     `json:"classes,omitzero"`
}

// Detection is one object. Box is xmin, ymin, xmax, ymax in pixels of the source picture, inside the picture.
type Detection struct {
	Label     string     `json:"label"`
	Index     int        `json:"index"` // the class as the model numbers it
	Score     float32    `json:"score"` // 0 to 1
	Box       [4]float32 `json:"box"`
	Keypoints []Keypoint `json:"keypoints,omitempty"`
}

// Keypoint is a named point in pixels of the source picture. It may lie outside the picture.
type Keypoint struct {
	Label string  `json:"label"`
	X     float32 `json:"x"`
	Y     float32 `json:"y"`
}

// Class is one class of a classifier's answer.
type Class struct {
	Label string  `json:"label"`
	Index int     `json:"index"`
	Score float32 `json:"score"` // dequantized; 0 to 1 after a softmax
}

// Report is all that one item gave: an Event for each model, in the order of the configuration. The item is valid
// while Consume runs; a sink that keeps it longer must Retain it.
type Report struct {
	Item   Item
	Events []Event
}

// Sink takes reports. Consume is called by one goroutine at a time, in the order of the items. An *ItemError is
// counted and the stream goes on; any other error ends the pipeline. Close flushes; twice is safe.
type Sink interface {
	Consume(ctx context.Context, r Report) error
	// Lossless says that the sink must get every report of a source that is not live: a full queue then holds the
	// source back. A sink that is not lossless, and any sink of a live source, loses its oldest queued report,
	// counted, and holds nobody back.
	Lossless() bool
	io.Closer
}
