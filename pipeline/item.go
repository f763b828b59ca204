package pipeline

import (
	"context"
	"io"
	"time"
)

// Meta describes the origin of an item.
type Meta struct {
	Time     time.Time     // when it was captured; for a file, when it was read; when zero, the Stream sets it
	Source   string        // "camera:0", or the file's path as the user gave it
	Seq      uint64        // counted from 0 within the pipeline; the Stream sets it when it takes the item
	Position time.Duration // within a recording; 0 for pictures and live sources
}

// Item is one frame or one window of sound in a Stream. It is shared by models and sinks and reference-counted: created
// with one reference, kept with Retain, returned with Release. After the last Release its memory is reused for another
// item. An item's contents must not be changed; copy it to draw on it.
type Item interface {
	Meta() *Meta
	Retain()
	Release()
}

// Source delivers items one at a time.
//
// Next passes one reference to the caller. It returns io.EOF itself, unwrapped, at the end, and again on further calls;
// ctx's error when ctx ended first; an *ItemError when one item could not be read but the next may be (the stream
// counts it and continues); and any other error when the source is lost. Close may be called while Next runs and makes
// it return; calling it twice is safe. A Source with statistics is a StatsReporter.
type Source[T Item] interface {
	Next(ctx context.Context) (T, error)
	// Live reports whether items arrive in real time: only the newest is kept and the others are dropped. A source that
	// is not live waits instead, and nothing is dropped.
	Live() bool
	io.Closer
}

// ItemError is the failure of one item in a source, a task or a sink; the stream continues.
type ItemError struct {
	Source string // the file or device it came from
	Err    error
}

func (e *ItemError) Error() string {
	if e.Err == nil {
		return e.Source + ": failed"
	}
	if e.Source == "" {
		return e.Err.Error()
	}
	return e.Source + ": " + e.Err.Error()
}

func (e *ItemError) Unwrap() error { return e.Err }
