package pipeline

import (
	"context"
	"time"

	"corallite/internal/panicerr"
)

// StreamingModel is a model that keeps state from item to item, or looks at windows that are longer than an item: it may
// run its engines several times for one item, or not at all. Where a Task is asked before and after one run of an engine
// that the Stream makes, a StreamingModel makes its runs itself.
//
// It serves one Stream, and owns nothing that must be closed: its engines stay with whoever opened them.
type StreamingModel[T Item] interface {
	// Name is the task as the configuration and the events name it: "wakeword", "keyword".
	Name() string
	// Process takes the next item and returns what there is to report now. One call at a time, in the order of the items.
	// A Result that is Quiet gives no event. An *ItemError, or a panic, is counted and the next item comes; any other
	// error ends the pipeline.
	Process(ctx context.Context, in T) (Result, error)
	// Device is what ran the model last.
	Device() Device
}

// serveStreaming is the whole work of a stage whose model is a streaming one: one worker, so that items come in order.
func (s *modelStage[T]) serveStreaming() {
	device := s.model.streaming.Device()
	for {
		s.credits <- struct{}{}
		work, more := <-s.queue
		if !more {
			return
		}
		if !s.r.ending() {
			device = s.process(work, device)
		}
		s.finish(work)
	}
}

// process gives an item to the streaming model and makes this model's event. It returns what ran the model.
func (s *modelStage[T]) process(work *workItem[T], before Device) Device {
	res, began := &work.results[s.index], time.Now()
	found, err := s.processSafely(work.item)
	now := time.Now()
	res.event.Latency.Invoke, res.event.Latency.Total = now.Sub(began), now.Sub(work.at)
	if err != nil {
		if !s.r.ending() {
			s.taskFailed(work, "process", err)
		}
		return before
	}
	device := s.model.streaming.Device()
	s.ranOn(res, before, device)
	res.event.Result = found
	s.sign(res, work.item.Meta())
	return device
}

func (s *modelStage[T]) processSafely(item T) (res Result, err error) {
	defer panicerr.Recover(&err, "process")
	return s.model.streaming.Process(s.r.work, item)
}
