package pipeline

import (
	"context"
	"time"

	"corallite/internal/panicerr"
)

// StreamingModel is a model that keeps state from item to item, or looks at windows that are longer than an item: it may
// run its engines several times for one item, or not at all. With a Task the Stream runs
// the engine; a StreamingModel runs its engines itself.
//
// It serves one Stream, and has nothing to close: its engines are closed by whoever opened them.
type StreamingModel[T Item] interface {
	// Name is the task as the configuration and the events name it: "wakeword", "keyword".
	Name() string
	// Process processes the next item and returns the results that are ready. One call at a time, in the order of the
	// items. A Result with Suppress gives no event. An *ItemError, or a panic, is counted and the next item comes; any
	// other error ends the pipeline.
	Process(ctx context.Context, in T) (Result, error)
	// Device is the device of the last run.
	Device() Device
}

// serveStreaming is the loop of a stage with a streaming model: one worker, so that items stay in order.
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

// process passes an item to the streaming model and fills in its event. It returns the device.
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
