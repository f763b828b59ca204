package pipeline

import "sync/atomic"

// workItem is one item in progress. It is reused for later items.
type workItem[T Item] struct {
	timedItem[T]
	seq     uint64 // dispatch sequence number without gaps; the collector reorders by it
	pending atomic.Int32
	results []modelResult // one per model; each stage writes only its own
}

// modelResult is the result of one model for one item.
type modelResult struct {
	event Event
	ok    bool
}

func newWorkItem[T Item](models int) *workItem[T] {
	return &workItem[T]{results: make([]modelResult, models)}
}

// dispatch passes each item to all stages once all have room for it.
func (r *run[T]) dispatch() {
	defer func() {
		for _, s := range r.stages {
			close(s.queue)
		}
	}()
	for seq := uint64(0); ; seq++ {
		for _, s := range r.stages {
			<-s.credits
		}
		w := <-r.free
		t, more := <-r.feed
		if !more {
			return
		}
		w.timedItem, w.seq = t, seq
		r.dispatched.Store(seq + 1)
		w.pending.Store(int32(len(r.stages)))
		clear(w.results)
		for _, s := range r.stages {
			s.queue <- w
		}
	}
}
