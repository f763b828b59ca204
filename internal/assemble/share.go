package assemble

import (
	"context"
	"sync"

	"corallite/pipeline"
)

// shared is a sink that two streams give their reports, one call at a time. It is closed when both have closed it.
type shared struct {
	sink  pipeline.Sink
	order *order        // of the reports; nil: as they come
	ready chan struct{} // closed when the first stream has begun or ended, if the sink is asynchronous

	mu   sync.Mutex
	open int // how many have not closed it
}

// share is a sink for two streams. The first is the one that an asynchronous sink reports to. With an order, both streams
// must have its gates.
func share(sink pipeline.Sink, o *order) (first, second pipeline.Sink) {
	s := &shared{sink: sink, order: o, open: 2, ready: make(chan struct{})}
	one, two := &half{shared: s}, &half{shared: s, side: 1, waits: true}
	if a, ok := sink.(pipeline.AsyncSink); ok {
		return &asyncHalf{half: one, sink: a}, two
	}
	close(s.ready)
	return one, two
}

// half is a shared sink as one of the streams has it.
type half struct {
	*shared
	side   int  // in the order
	waits  bool // until the sink is ready
	closed sync.Once
}

func (h *half) Consume(ctx context.Context, r pipeline.Report) error {
	if h.waits {
		<-h.ready // the other stream always begins or ends
	}
	if h.order != nil {
		h.order.turn(h.side)
		defer h.order.taken(h.side)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sink.Consume(ctx, r)
}

func (h *half) Lossless() bool { return h.sink.Lossless() }

func (h *half) Close() error {
	var err error
	h.closed.Do(func() {
		if h.order != nil {
			h.order.end(h.side)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.open--; h.open == 0 {
			err = h.sink.Close()
		}
	})
	return err
}

// asyncHalf is the half that gets what an asynchronous sink reports.
type asyncHalf struct {
	*half
	sink  pipeline.AsyncSink
	begun sync.Once
}

// SetReporter is called before the sink's first report.
func (h *asyncHalf) SetReporter(to pipeline.ErrorReporter) {
	h.sink.SetReporter(to)
	h.begun.Do(func() { close(h.ready) })
}

// Close also ends the waiting for a stream that never began.
func (h *asyncHalf) Close() error {
	h.begun.Do(func() { close(h.ready) })
	return h.half.Close()
}
