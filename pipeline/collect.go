package pipeline

import (
	"fmt"
	"slices"
	"time"

	"corallite/internal/panicerr"
)

// progressEvery is how often Progress is called.
const progressEvery = 100 * time.Millisecond

// collect restores the order of the finished items and hands them on, until the last worker has ended.
func (r *run[T]) collect(stats *recorder) {
	defer func() {
		for _, q := range r.sinks {
			if err := q.end(); err != nil {
				r.end(err)
			}
		}
	}()
	var tick <-chan time.Time
	if r.s.Progress != nil {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	var asks <-chan time.Time
	if r.live && slices.ContainsFunc(r.sinks, func(q *sinkQueue) bool { _, ok := q.gate.(LossGate); return ok }) {
		ticker := time.NewTicker(lossEvery)
		defer ticker.Stop()
		asks = ticker.C
	}
	last := time.Now() // when an item was passed
	// At most cap(free) items are in progress and their numbers have no gaps, so no two share a slot.
	window := uint64(cap(r.free))
	waiting := make([]*workItem[T], window)
	next := uint64(0)
	for {
		select {
		case work, more := <-r.done:
			if !more {
				return
			}
			waiting[work.seq%window] = work
			for work := waiting[next%window]; work != nil; work = waiting[next%window] {
				waiting[next%window] = nil
				next++
				r.emit(work, stats)
				last = time.Now()
			}
		case <-asks:
			if next == r.dispatched.Load() && len(r.feed) == 0 {
				r.tellLoss(time.Since(last))
			}
		case <-tick:
			r.s.Progress(r.progress(stats, false))
		}
	}
}

// tellLoss tells the gates when the source is lost.
func (r *run[T]) tellLoss(silent time.Duration) {
	if StatsOf(r.s.Source).Lost == "" {
		return
	}
	for _, q := range r.sinks {
		if err := q.lost(silent); err != nil {
			r.end(err)
		}
	}
}

// progress asks the source for the number of items each time: a video knows it only once it is open.
func (r *run[T]) progress(stats *recorder, final bool) Progress {
	p := stats.progress(&r.runStats, final)
	p.Total, p.Reopened = StatsOf(r.s.Source).Total, r.reopened.Load()
	for _, q := range r.sinks {
		p.Sinks = append(p.Sinks, SinkProgress{q.name, q.taken.Load(), q.dropped.Load(), len(q.queue)})
	}
	return p
}

// emit builds the report of an item, passes it to the sinks and returns the workItem to the pool.
func (r *run[T]) emit(work *workItem[T], stats *recorder) {
	r.postProcess(work)
	answered, loud := 0, 0
	for i := range work.results {
		if res := &work.results[i]; res.ok {
			answered++
			if !res.event.Suppress {
				loud++
			}
			stats.record(i, &res.event)
		}
	}
	if answered == 0 {
		r.failed.Add(1)
	} else {
		r.frames.Add(1)
	}
	item := work.item
	var events []Event
	if loud > 0 {
		events = make([]Event, 0, loud) // a new slice: sinks may keep it
		for i := range work.results {
			if res := &work.results[i]; res.ok && !res.event.Suppress {
				events = append(events, res.event)
			}
		}
	}
	for _, q := range r.sinks {
		if err := q.offer(Report{Item: item, Events: events}); err != nil {
			r.end(err)
		}
	}
	work.timedItem = timedItem[T]{}
	clear(work.results)
	item.Release()
	r.free <- work
}

// postProcess runs ModelOptions.PostProcess on the results. After a panic the state of that function may be
// inconsistent, so the model gives no more events.
func (r *run[T]) postProcess(work *workItem[T]) {
	for i, s := range r.stages {
		res := &work.results[i]
		if s.model.options.PostProcess == nil || !res.ok {
			continue
		}
		began := time.Now()
		if !s.broken {
			if err := s.postProcessSafely(work.item, &res.event.Result); err != nil {
				s.broken = true
				r.end(fmt.Errorf("model %s: %s: %w", s.model.name, describe(work.item.Meta()), err))
			}
		}
		res.ok = !s.broken
		now := time.Now()
		res.event.Latency.Decode += now.Sub(began)
		res.event.Latency.Total = now.Sub(work.at) // it waited for earlier items as well
	}
}

func (s *modelStage[T]) postProcessSafely(item T, res *Result) (err error) {
	defer panicerr.Recover(&err, "post-processing")
	s.model.options.PostProcess(item, res)
	return nil
}
