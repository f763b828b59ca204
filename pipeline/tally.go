package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// tally is the part of a run that does not depend on the kind of items: what is counted, and how it ends.
type tally struct {
	pipeline string
	log      *slog.Logger
	book     *errorBook
	began    time.Time
	outlets  []*outlet

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
	skipped     uint64        // set when the source is closed
	lost        string        // why the source gave nothing at the end
	sound       *SoundSummary // the same
	reopened    atomic.Uint64
	interrupted atomic.Bool

	motion *MotionSummary // set when the source is closed; nil: it holds nothing back
}

// end ends the pipeline with an error; only the first counts.
func (t *tally) end(err error) {
	t.logPanic(err)
	t.fail(fmt.Errorf("pipeline %s: %w", t.pipeline, err))
}

// logPanic logs where a panic came from, which its error does not tell.
func (t *tally) logPanic(err error) {
	var p *PanicError
	if errors.As(err, &p) {
		t.log.Error("panic", "error", err, "stack", string(p.Stack))
	}
}

// ending says whether the pipeline failed and items are given up.
func (t *tally) ending() bool { return t.work.Err() != nil }

// result is the error of the whole run: what ended it, and what sinks could not flush. Only after all have ended.
func (t *tally) result() error {
	var errs []error
	if t.ending() {
		errs = append(errs, context.Cause(t.work))
	}
	for _, o := range t.outlets {
		if o.closeErr != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", t.pipeline, o.closeErr))
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

func (t *tally) sinkDrops() map[string]uint64 {
	drops := make(map[string]uint64, len(t.outlets))
	for _, o := range t.outlets {
		drops[o.name] = o.dropped.Load()
	}
	return drops
}
