package pipeline

import (
	"fmt"
	"time"
)

// progressEvery is how often Progress is called.
const progressEvery = 100 * time.Millisecond

// collect restores the order of the finished jobs and hands them on, until the last worker has ended.
func (r *run[T]) collect(stats *recorder) {
	defer func() {
		for _, o := range r.outlets {
			close(o.queue)
		}
	}()
	var tick <-chan time.Time
	if r.s.Progress != nil {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	// At most cap(free) jobs are out at once and their numbers are dense, so no two fall into one place.
	window := uint64(cap(r.free))
	waiting := make([]*job[T], window)
	next := uint64(0)
	for {
		select {
		case j, more := <-r.done:
			if !more {
				return
			}
			waiting[j.seq%window] = j
			for j := waiting[next%window]; j != nil; j = waiting[next%window] {
				waiting[next%window] = nil
				next++
				r.emit(j, stats)
			}
		case <-tick:
			r.s.Progress(r.progress(stats, false))
		}
	}
}

// progress asks the source anew each time for how many items there are: a video knows it when it has been opened.
func (r *run[T]) progress(stats *recorder, final bool) Progress {
	p := stats.progress(&r.tally, final)
	if c, ok := r.s.Source.(Counted); ok {
		if n, known := c.Total(); known {
			p.Total = n
		}
	}
	return p
}

// emit makes the report of a job, hands it to the sinks and gives the job back.
func (r *run[T]) emit(j *job[T], stats *recorder) {
	r.inOrder(j)
	answered, loud := 0, 0
	for i := range j.answers {
		if a := &j.answers[i]; a.ok {
			answered++
			if !a.event.Quiet {
				loud++
			}
			stats.record(i, &a.event)
		}
	}
	if answered == 0 {
		r.failed.Add(1)
	} else {
		r.frames.Add(1)
	}
	item := j.item
	if loud > 0 {
		events := make([]Event, 0, loud) // sinks may keep it
		for i := range j.answers {
			if a := &j.answers[i]; a.ok && !a.event.Quiet {
				events = append(events, a.event)
			}
		}
		rep := Report{Item: item, Events: events}
		for _, o := range r.outlets {
			o.put(rep)
		}
	}
	j.taken = taken[T]{}
	clear(j.answers)
	item.Release()
	r.free <- j
}

// inOrder runs Model.Ordered on what the models found. What that function holds from item to item may be half done after
// a panic, so the model gives no more events then.
func (r *run[T]) inOrder(j *job[T]) {
	for i, l := range r.lanes {
		a := &j.answers[i]
		if l.model.Ordered == nil || !a.ok {
			continue
		}
		began := time.Now()
		if !l.disordered {
			if err := l.orderedSafely(*j.item.Meta(), &a.event.Result); err != nil {
				l.disordered = true
				r.end(fmt.Errorf("model %s: %s: %w", l.model.Name, describe(j.item.Meta()), err))
			}
		}
		a.ok = !l.disordered
		now := time.Now()
		a.event.Latency.Decode += now.Sub(began)
		a.event.Latency.Total = now.Sub(j.at) // it waited for earlier items as well
	}
}

func (l *lane[T]) orderedSafely(m Meta, res *Result) (err error) {
	defer recovered(&err, "ordered")
	l.model.Ordered(m, res)
	return nil
}
