package pipeline

import (
	"fmt"
	"time"

	"corallite/internal/panicerr"
)

// Gate stands in front of a sink and decides what the sink gets: which events, and when. It may keep items, with Retain,
// and pass reports later than they came. The Stream calls it on one goroutine, before the sink's queue, so that no gate
// misses what a slow sink loses.
type Gate interface {
	// Pass takes the report for an item and calls put with each report for the sink; put retains the item. It is called for
	// each item in their order, also when no model has an event; only the events of the call's reports may be kept.
	Pass(r Report, put func(Report))
	// End is called when the stream has ended. It releases what the gate has kept, after it passed what remains.
	End(put func(Report))
}

// LossGate is a Gate that wants to know when a live source is lost: no item says then that time goes on.
type LossGate interface {
	Gate
	// Lost is called now and then, on the goroutine of Pass and between its calls, while the source is lost and all of its
	// items were passed. The last one was silent ago.
	Lost(silent time.Duration, put func(Report))
}

// lossEvery is how often a LossGate is asked.
const lossEvery = 500 * time.Millisecond

// lost tells the gate that the source is lost.
func (q *sinkQueue) lost(silent time.Duration) error {
	g, ok := q.gate.(LossGate)
	if !ok {
		return nil
	}
	return q.throughGate(func() { g.Lost(silent, q.put) })
}

// offer passes a report to the sink's queue, through its gate.
func (q *sinkQueue) offer(rep Report) error {
	switch {
	case q.gate != nil:
		return q.throughGate(func() { q.gate.Pass(rep, q.put) })
	case len(rep.Events) > 0:
		q.put(rep)
	}
	return nil
}

// end ends what the gate holds, and the queue.
func (q *sinkQueue) end() error {
	defer close(q.queue)
	if q.gate == nil {
		return nil
	}
	return q.throughGate(func() { q.gate.End(q.put) })
}

// throughGate calls a gate. One that panicked is not called again, and its sink gets no more reports.
func (q *sinkQueue) throughGate(call func()) (err error) {
	if q.gateBroken {
		return nil
	}
	defer func() {
		if err != nil {
			q.gateBroken = true
			err = fmt.Errorf("sink %s: %w", q.name, err)
		}
	}()
	defer panicerr.Recover(&err, "the gate")
	call()
	return nil
}
