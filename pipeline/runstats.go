package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// runStats is the part of a run that does not depend on the kind of items: what is counted, and how it ends.
type runStats struct {
	pipeline string
	log      *slog.Logger
	errors   *errorLog
	began    time.Time
	sinks    []*sinkQueue

	goesOn    bool          // a sink that fails does not end the pipeline
	sinkRetry time.Duration // how long it rests then
	onResume  func(Resumption)

	work context.Context // ends only when the pipeline failed; then what is in hand is given up
	fail context.CancelCauseFunc

	given       atomic.Uint64 // items that the source gave
	unreadable  atomic.Uint64 // items that it could not give
	dropped     atomic.Uint64 // items replaced by newer ones in the slot
	failed      atomic.Uint64 // items that no model answered
	frames      atomic.Uint64 // items that one did
	reopened    atomic.Uint64
	recovered   atomic.Uint64 // outages of sinks that ended
	interrupted atomic.Bool

	fromSource Stats // set when the source is closed
}

// end ends the pipeline with an error; only the first counts.
func (st *runStats) end(err error) {
	st.logPanic(err)
	st.fail(fmt.Errorf("pipeline %s: %w", st.pipeline, err))
}

// logPanic logs where a panic came from, which its error does not tell.
func (st *runStats) logPanic(err error) {
	var p *PanicError
	if errors.As(err, &p) {
		st.log.Error("panic", "error", err, "stack", string(p.Stack))
	}
}

// ending says whether the pipeline failed and items are given up.
func (st *runStats) ending() bool { return st.work.Err() != nil }

// result is the error of the whole run: what ended it, and what sinks could not flush. Only after all have ended.
func (st *runStats) result() error {
	var errs []error
	if st.ending() {
		errs = append(errs, context.Cause(st.work))
	}
	for _, q := range st.sinks {
		if q.closeErr != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", st.pipeline, q.closeErr))
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

func (st *runStats) sinkDrops() map[string]uint64 {
	drops := make(map[string]uint64, len(st.sinks))
	for _, q := range st.sinks {
		drops[q.name] = q.dropped.Load()
	}
	return drops
}
