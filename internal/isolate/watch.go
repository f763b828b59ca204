package isolate

import (
	"context"
	"sync"
	"time"
)

// watch ends a Call when its deadline passes or its context ends. It costs a Call next to nothing: one timer is armed
// for the first deadline and, when it fires, checks how far the deadline has moved; and the same context as in the last
// Call is watched already.
type watch struct {
	expired   func(after time.Duration) // the current Call's deadline has passed
	cancelled func()                    // its context has ended

	mu       sync.Mutex
	active   bool
	closed   bool
	since    time.Time
	deadline time.Time // zero: none
	timer    *time.Timer
	armed    time.Time // when the timer fires; zero: never
	ctx      context.Context
	forget   func() bool // stops watching ctx
	cause    error       // why the current Call was cut short: ctx's error
	cut      bool        // it was cut short
}

// begin starts watching a Call. The error is ctx's, if it has ended.
func (w *watch) begin(ctx context.Context, limit time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	w.active, w.cut, w.cause, w.deadline = true, false, nil, time.Time{}
	if limit > 0 {
		w.since = time.Now()
		w.deadline = w.since.Add(limit)
		w.arm()
	}
	// Contexts are compared by their channels, which are always comparable, and are what matters.
	if w.ctx == nil || ctx.Done() != w.ctx.Done() {
		w.release()
		w.ctx = ctx
		if ctx.Done() != nil {
			w.forget = context.AfterFunc(ctx, func() { w.ended(ctx) })
		}
	}
	return nil
}

// finish stops watching. It reports whether the Call was cut short, and the error if its context did that.
func (w *watch) finish() (cut bool, cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active = false
	return w.cut, w.cause
}

// close releases the timer and the context.
func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.release()
	w.ctx = nil
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) release() {
	if w.forget != nil {
		w.forget()
		w.forget = nil
	}
}

// arm makes the timer fire at the deadline or earlier.
func (w *watch) arm() {
	switch {
	case w.closed || !w.armed.IsZero() && !w.armed.After(w.deadline):
		return
	case w.timer == nil:
		w.timer = time.AfterFunc(time.Until(w.deadline), w.fire)
	default:
		w.timer.Reset(time.Until(w.deadline))
	}
	w.armed = w.deadline
}

func (w *watch) fire() {
	w.mu.Lock()
	w.armed = time.Time{}
	if !w.active || w.cut || w.deadline.IsZero() {
		w.mu.Unlock()
		return
	}
	now := time.Now()
	if now.Before(w.deadline) {
		w.arm()
		w.mu.Unlock()
		return
	}
	w.cut = true
	after := now.Sub(w.since)
	w.mu.Unlock()
	w.expired(after)
}

func (w *watch) ended(ctx context.Context) {
	w.mu.Lock()
	if !w.active || w.cut || w.ctx == nil || w.ctx.Done() != ctx.Done() {
		w.mu.Unlock()
		return
	}
	w.cut, w.cause = true, ctx.Err()
	w.mu.Unlock()
	w.cancelled()
}
