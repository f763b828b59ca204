package pipeline

import (
	"context"
	"io"
	"time"
)

// Event is the result of one model for one item, and one line of JSON.
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
	Wanted    bool      `json:"-"` // as in Device: the missing device was requested
	Latency   Latency   `json:"latency_ms"`
	Runs      int       `json:"runs,omitempty"` // of the model on this item, where it may take several (MultiRunTask)
	Result
}

// Latency is the duration of each stage.
type Latency struct {
	Prepare time.Duration // resizing, converting, quantizing
	Invoke  time.Duration // the model
	Decode  time.Duration // outputs to results, and the model's Refiner
	Total   time.Duration // from the source's delivery of the item to the finished event, including waiting
}

// Report is the result for one item: an Event for each model, in the order of the configuration. The item is valid
// while Consume runs; a sink that keeps it longer must Retain it.
type Report struct {
	Item   Item
	Events []Event
}

// Sink takes reports. Consume is called by one goroutine at a time, in the order of the items, or that of its Gate. An *ItemError is
// counted and the stream continues; any other error ends the pipeline. Close flushes; calling it twice is safe.
type Sink interface {
	Consume(ctx context.Context, r Report) error
	// Lossless reports whether the sink must get every report of a source that is not live: a full queue then blocks
	// the source. Other sinks, and all sinks of a live source, drop their oldest queued report instead, which is
	// counted.
	Lossless() bool
	io.Closer
}
