package pipeline

import (
	"context"
	"errors"
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
	broken := false
	for rep := range o.queue {
		if broken {
			o.dropped.Add(1)
		} else if err := o.consume(ctx, rep); err != nil {
			var one *ItemError
			if errors.As(err, &one) && !isPanic(err) {
				t.book.add(Failure{Stage: StageSink, Name: o.name, Item: describe(rep.Item.Meta()), Err: err})
			} else {
				broken = true
				o.dropped.Add(1)
				t.end(fmt.Errorf("sink %s: %w", o.name, err))
			}
		}
		rep.Item.Release()
	}
	if err := closeSafely(o.sink, "the sink"); err != nil {
		t.logPanic(err)
		o.closeErr = fmt.Errorf("sink %s: close: %w", o.name, err)
	}
}

func (o *outlet) consume(ctx context.Context, rep Report) (err error) {
	defer recovered(&err, "the sink")
	return o.sink.Consume(ctx, rep)
}
