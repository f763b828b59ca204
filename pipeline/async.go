package pipeline

import (
	"errors"
	"fmt"
)

// AsyncSink is a Sink that continues working after Consume has returned: it starts programs or sends requests to a
// server. It reports failures later through an ErrorReporter. The Stream calls SetReporter once, before the first
// Consume; outside a Stream it is not called, and the sink must work without it.
type AsyncSink interface {
	Sink
	SetReporter(to ErrorReporter)
}

// EventSink is a Sink that uses the events of a Report and its Item's Meta, never what the Item contains: for it, a picture
// need not be decoded in full.
type EventSink interface {
	Sink
	EventsOnly()
}

// ErrorReporter receives the late failures of an AsyncSink, from any goroutine, until the sink's Close returns.
type ErrorReporter interface {
	// Failed counts and logs a failure as if Consume had returned it as an ItemError. item names the item concerned.
	Failed(item string, err error)
	// Lost counts work that Consume accepted but the sink never did, because of overload or lack of time. It is part of
	// the sink's drops in the Summary. The first loss is also reported as a failure.
	Lost(n int)
}

// ErrOverrun is in the failure by which the first loss of an AsyncSink is reported.
var ErrOverrun = errors.New("too much at once: the oldest work is dropped (the summary says how much)")

// sinkReporter is the ErrorReporter of one sink.
type sinkReporter struct {
	q  *sinkQueue
	st *runStats
}

func (r sinkReporter) Failed(item string, err error) {
	r.st.errors.add(Failure{Stage: StageSink, Name: r.q.name, Item: item, Err: &ItemError{Source: item, Err: err}})
}

func (r sinkReporter) Lost(n int) {
	if n <= 0 {
		return
	}
	r.q.dropped.Add(uint64(n))
	r.q.overrun.Do(func() {
		r.st.errors.add(Failure{Stage: StageSink, Name: r.q.name, Err: fmt.Errorf("sink %s: %w", r.q.name, ErrOverrun)})
	})
}
