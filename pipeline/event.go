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
	Wanted    bool      `json:"-"` // as of Device: somebody counts on what is missing
	Latency   Latency   `json:"latency_ms"`
	Result
}

// Latency is how long each stage took.
type Latency struct {
	Prepare time.Duration // resizing, converting, quantizing
	Invoke  time.Duration // the model
	Decode  time.Duration // outputs to results, and the model's Refiner
	Total   time.Duration // from the moment the source gave the item to the finished event, waiting included
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
