package pipeline

import (
	"context"
	"io"
	"time"
)

// Meta says where an item came from.
type Meta struct {
	Time     time.Time     // when it was captured; for a file, when it was read; when zero, the Stream sets it
	Source   string        // "camera:0", or the file's path as the user gave it
	Seq      uint64        // counted from 0 within the pipeline; the Stream sets it when it takes the item
	Position time.Duration // within a recording; 0 for pictures and live sources
}

// Item is one frame or one window of sound on its way through a Stream. It is shared by several models and sinks
// and counted: made with one reference, kept with Retain, given back with Release. After its last Release its
// memory is used for another item. Nobody changes an item's contents; who wants to draw copies first.
type Item interface {
	Meta() *Meta
	Retain()
	Release()
}

// Source gives items one after another.
//
// Next gives one reference to the caller. It returns io.EOF itself, unwrapped, when there is no more, and again when it
// is called again; ctx's error when ctx ended first; an *ItemError when one item could not be read but the next may be
// (the stream counts it and goes on); and any other error when the source is lost. Close may be called while Next runs
// and makes it return; twice is safe. A Source that has more to say of itself is a
// StatsReporter.
type Source[T Item] interface {
	Next(ctx context.Context) (T, error)
	// Live says that items come in their own time: what nobody takes is dropped, the newest wins. A source that is
	// not live waits instead, and nothing is dropped.
	Live() bool
	io.Closer
}

// ItemError is one item that failed, in a source, a task or a sink, while the rest goes on.
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
