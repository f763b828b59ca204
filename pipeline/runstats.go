package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// runStats is the part of a run that does not depend on the type of items: its counters and how it ends.
type runStats struct {
	pipeline string
	log      *slog.Logger
	errors   *errorLog
	began    time.Time
	sinks    []*sinkQueue

	goesOn    bool          // a failing sink does not end the pipeline
	sinkRetry time.Duration // delay before a retry
	onResume  func(Resumption)

	work context.Context // ends only when the pipeline failed; items in progress are then abandoned
	fail context.CancelCauseFunc

	given       atomic.Uint64 // items from the source
	unreadable  atomic.Uint64 // items that could not be read
	dropped     atomic.Uint64 // items replaced by newer ones in the slot
	failed      atomic.Uint64 // items on which all models failed
	frames      atomic.Uint64 // items with a result
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

// logPanic logs the stack of a panic, which its error does not contain.
func (st *runStats) logPanic(err error) {
	var p *PanicError
	if errors.As(err, &p) {
		st.log.Error("panic", "error", err, "stack", string(p.Stack))
	}
}

// ending reports whether the pipeline failed and items are abandoned.
func (st *runStats) ending() bool { return st.work.Err() != nil }

// result is the error of the whole run: the one that ended it, and those of flushing sinks. Call it after all have
// ended.
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
