package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"corallite/internal/panicerr"
)

// sinkQueue is a sink with its queue and its goroutine.
type sinkQueue struct {
	name    string
	sink    Sink
	waits   bool // whether a full queue blocks the stream
	queue   chan Report
	gate    Gate // nil: all reports with events pass
	dropped atomic.Uint64
	taken   atomic.Uint64
	overrun sync.Once // a loss that an AsyncSink reported was counted

	broken bool   // it failed permanently
	outage outage // it failed and is retried

	gateBroken bool // it panicked; the collector's

	closeErr error // written before serve returns
}

func newSinkQueue(n NamedSink, name string, live bool) *sinkQueue {
	length := n.Queue
	if length == 0 {
		length = DefaultQueue
	}
	return &sinkQueue{name: name, sink: n.Sink, gate: n.Gate, waits: !live && n.Sink.Lossless(), queue: make(chan Report, length)}
}

// put queues a report with its own reference to the item. Only the collector calls it, so a freed slot in the queue
// stays free.
func (q *sinkQueue) put(rep Report) {
	rep.Item.Retain()
	if !q.waits && len(q.queue) == cap(q.queue) {
		select {
		case old := <-q.queue:
			old.Item.Release()
			q.dropped.Add(1)
		default: // the sink was quicker
		}
	}
	q.queue <- rep
}

// serve passes queued reports to the sink until the queue is closed, and closes the sink. A sink that failed
// permanently gets no more reports, but the queue is still emptied.
func (q *sinkQueue) serve(ctx context.Context, st *runStats) {
	if d, ok := q.sink.(AsyncSink); ok {
		d.SetReporter(sinkReporter{q, st})
	}
	for rep := range q.queue {
		q.take(ctx, st, rep)
		rep.Item.Release()
	}
	q.outage.end(q.name, st)
	if err := closeSafely(q.sink, "the sink"); err != nil {
		st.logPanic(err)
		q.closeErr = fmt.Errorf("sink %s: close: %w", q.name, err)
	}
}

// take passes one report to the sink, unless it has failed permanently or waits for a retry.
func (q *sinkQueue) take(ctx context.Context, st *runStats, rep Report) {
	if q.broken || q.outage.resting(st) {
		q.lose()
		return
	}
	err := q.consume(ctx, rep)
	switch {
	case err == nil:
		q.taken.Add(1)
		q.outage.over(q.name, st)
	case isItems(err) && !(st.goesOn && isSystems(err)):
		st.errors.add(Failure{Stage: StageSink, Name: q.name, Item: describe(rep.Item.Meta()), Err: err})
	case st.goesOn && mayPass(err):
		q.outage.fail(q.name, st, err)
		q.lose()
	default:
		q.broken = true
		q.lose()
		err = fmt.Errorf("sink %s: %w", q.name, err)
		if st.goesOn && panicerr.Is(err) { // the others continue without it
			st.logPanic(err)
			st.errors.add(Failure{Stage: StageSink, Name: q.name, Err: fmt.Errorf("pipeline %s: %w; this sink is no longer used", st.pipeline, err)})
			return
		}
		st.end(err)
	}
}

// lose counts a report that the sink missed.
func (q *sinkQueue) lose() {
	q.dropped.Add(1)
	q.outage.lost++
}

func (q *sinkQueue) consume(ctx context.Context, rep Report) (err error) {
	defer panicerr.Recover(&err, "the sink")
	return q.sink.Consume(ctx, rep)
}
