package pipeline

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"corallite/internal/panicerr"
)

// DefaultSinkRetry is the default delay before a failed sink is retried.
const DefaultSinkRetry = time.Second

// FinalError is a failure of a sink that a retry cannot fix, such as standard output whose reader is gone. It ends the
// pipeline, even a live one.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }
func (e *FinalError) Unwrap() error { return e.Err }

// Resumption describes a sink that recovered.
type Resumption struct {
	Name  string        // of the sink
	Lost  uint64        // reports that it missed
	After time.Duration // since its first failure
}

// outage is the time from a sink's first failure until it recovers, in a stream that continues without it. Only the
// sink's goroutine uses it.
type outage struct {
	began time.Time // zero: there is none
	tried time.Time
	lost  uint64
}

// resting reports whether the sink is waiting for its next retry.
func (o *outage) resting(st *runStats) bool {
	return !o.began.IsZero() && time.Since(o.tried) < st.sinkRetry
}

// fail records a failure. The first one of an outage is counted and reported.
func (o *outage) fail(sink string, st *runStats, err error) {
	o.tried = time.Now()
	if !o.began.IsZero() {
		return
	}
	o.began, o.lost = o.tried, 0
	st.errors.add(Failure{Stage: StageSink, Name: sink, Err: fmt.Errorf(
		"pipeline %s: sink %s: %w; the pipeline continues, and results for this sink are lost until it works again", st.pipeline, sink, err)})
}

// over ends the outage, if any: the sink accepted a report.
func (o *outage) over(sink string, st *runStats) {
	if o.began.IsZero() {
		return
	}
	st.recovered.Add(1)
	r := Resumption{Name: sink, Lost: o.lost, After: time.Since(o.began)}
	*o = outage{}
	st.log.Warn("sink works again", "sink", sink, "lost", r.Lost, "after", r.After.Round(time.Millisecond))
	if st.onResume != nil {
		st.onResume(r)
	}
}

// end counts and reports an outage that lasts until the end of the run.
func (o *outage) end(sink string, st *runStats) {
	if o.began.IsZero() {
		return
	}
	st.errors.add(Failure{Stage: StageSink, Name: sink, Err: fmt.Errorf(
		"pipeline %s: sink %s: it did not work again before the end of the run: %d results lost in %v",
		st.pipeline, sink, o.lost, time.Since(o.began).Round(time.Second))})
}

// isItems reports whether an error concerns one item only.
func isItems(err error) bool {
	var one *ItemError
	return errors.As(err, &one) && !panicerr.Is(err)
}

// isSystems reports whether an error comes from the operating system: a full or broken disk, a missing folder. Such an
// error is not caused by the item.
func isSystems(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number)
}

// mayPass reports whether a retry may succeed.
func mayPass(err error) bool {
	var final *FinalError
	return !panicerr.Is(err) && !errors.As(err, &final)
}
