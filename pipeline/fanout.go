package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// outlet is a sink with its queue and its goroutine.
type outlet struct {
	name    string
	sink    Sink
	waits   bool // whether a full queue holds the stream back
	queue   chan Report
	dropped atomic.Uint64
	overrun sync.Once // a loss that a Deferred sink told of was booked

	broken bool   // it failed for good
	outage outage // it failed and is tried again

	closeErr error // written before serve returns
}

func newOutlet(n NamedSink, name string, live bool) *outlet {
	length := n.Queue
	if length == 0 {
		length = DefaultQueue
	}
	return &outlet{name: name, sink: n.Sink, waits: !live && n.Sink.Lossless(), queue: make(chan Report, length)}
}

// put queues a report with a reference of its own to the item. Only the collector calls it, so a place that was
// made in the queue is still there.
func (o *outlet) put(rep Report) {
	rep.Item.Retain()
	if !o.waits && len(o.queue) == cap(o.queue) {
		select {
		case old := <-o.queue:
			old.Item.Release()
			o.dropped.Add(1)
		default: // the sink was quicker
		}
	}
	o.queue <- rep
}

// serve gives the sink what is in the queue until it is closed, and closes the sink. A sink that failed for good
// gets nothing more, and the queue is still emptied.
func (o *outlet) serve(ctx context.Context, t *tally) {
	if d, ok := o.sink.(Deferred); ok {
		d.Tell(later{o, t})
	}
	for rep := range o.queue {
		o.take(ctx, t, rep)
		rep.Item.Release()
	}
	o.outage.end(o.name, t)
	if err := closeSafely(o.sink, "the sink"); err != nil {
		t.logPanic(err)
		o.closeErr = fmt.Errorf("sink %s: close: %w", o.name, err)
	}
}

// take gives the sink one report, unless it has failed for good or rests after a failure.
func (o *outlet) take(ctx context.Context, t *tally, rep Report) {
	if o.broken || o.outage.resting(t) {
		o.lose()
		return
	}
	err := o.consume(ctx, rep)
	switch {
	case err == nil:
		o.outage.over(o.name, t)
	case isItems(err) && !(t.goesOn && isSystems(err)):
		t.book.add(Failure{Stage: StageSink, Name: o.name, Item: describe(rep.Item.Meta()), Err: err})
	case t.goesOn && mayPass(err):
		o.outage.fail(o.name, t, err)
		o.lose()
	default:
		o.broken = true
		o.lose()
		err = fmt.Errorf("sink %s: %w", o.name, err)
		if t.goesOn && isPanic(err) { // the others go on without it
			t.logPanic(err)
			t.book.add(Failure{Stage: StageSink, Name: o.name, Err: fmt.Errorf("pipeline %s: %w; the sink gets nothing more", t.pipeline, err)})
			return
		}
		t.end(err)
	}
}

// lose counts a report that the sink did not take.
func (o *outlet) lose() {
	o.dropped.Add(1)
	o.outage.lost++
}

func (o *outlet) consume(ctx context.Context, rep Report) (err error) {
	defer recovered(&err, "the sink")
	return o.sink.Consume(ctx, rep)
}
