package tflite

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Invoke runs the model once. When ctx ends first, the runtime is told to stop after the operator at hand (a
// delegate's part counts as one), its end is waited for, and ctx's error is returned; what the outputs hold is then
// undefined, and the interpreter can be used again. Invoke allocates nothing, save once for each new ctx that can be
// cancelled.
func (i *Interpreter) Invoke(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	if err := i.watch.begin(ctx, i.cancel); err != nil {
		return err
	}
	if i.profile != nil {
		i.profile.Start()
	}
	op, s := "TfLiteInterpreterInvoke", OK
	if i.entry != nil {
		op, s = "TfLiteSignatureRunnerInvoke", Status(i.entry.Invoke())
	} else {
		s = Status(i.interp.Invoke())
	}
	i.watch.end()
	// Looked at also when the run failed: tensors of changing size may have moved before.
	err := i.refreshAfterRun()
	return i.ended(ctx, op, s, err)
}

// ended is the error of a run that gave the status s, and then the error views.
func (i *Interpreter) ended(ctx context.Context, op string, s Status, views error) error {
	if err := ctx.Err(); err != nil {
		i.drainLog()
		return err
	}
	if s != OK {
		return i.failed(op, s)
	}
	if !i.log.Empty() {
		i.drainLog()
	}
	return views
}

// Cancel stops a run that another goroutine has under way, of the interpreter or one of its signatures, and returns
// when the runtime has stopped. That run's Invoke fails with the status [Cancelled], unless it was as good as done.
func (i *Interpreter) Cancel() { i.watch.stop() }

// drainLog hands the runtime's messages to the logger and returns them.
func (i *Interpreter) drainLog() string {
	if i.log == nil || i.log.Empty() {
		return ""
	}
	said := lines(i.log.Take())
	if i.logger != nil {
		for _, line := range said {
			i.logger.Debug("tflite: "+line, slog.String("device", i.device.Name))
		}
	}
	return strings.Join(slices.Compact(said), "; ")
}

// watch cancels runs. It knows at most one run at a time, and keeps its place in a context's list of things to do
// from run to run, as the same context mostly comes again: so that a run costs neither a goroutine nor memory.
//
// It must not reach the Interpreter: a context may live longer, and would keep a leaked interpreter from being seen.
type watch struct {
	mu     sync.Mutex
	run    uint64          // counts begins and ends: odd while a run is under way
	done   <-chan struct{} // of the context of that run
	cancel func()          // tells the runtime to stop that run
	closed bool            // no run begins any more

	// Used by begin and close alone.
	watched <-chan struct{} // of the last context that could end
	leave   func() bool     // takes the watch out of that context
}

// begin says that a run is about to begin, or returns the error for which it must not.
func (w *watch) begin(ctx context.Context, cancel func()) error {
	done := ctx.Done()
	if done != nil && done != w.watched {
		if w.leave != nil {
			w.leave()
		}
		w.watched, w.leave = done, context.AfterFunc(ctx, func() { w.over(done) })
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	w.run++
	w.done, w.cancel = done, cancel
	w.mu.Unlock()
	// A context that ended before this line is seen here; one that ends later finds the run counted.
	if err := ctx.Err(); err != nil {
		w.end()
		return err
	}
	return nil
}

// end says that the run is over. After it, nothing calls cancel.
func (w *watch) end() {
	w.mu.Lock()
	w.run++
	w.mu.Unlock()
}

// over is called when a context has ended.
func (w *watch) over(done <-chan struct{}) {
	w.mu.Lock()
	run, mine := w.run, w.done == done
	w.mu.Unlock()
	if mine {
		w.until(run)
	}
}

// stop cancels the run that is under way, if any, and waits for its end.
func (w *watch) stop() {
	w.mu.Lock()
	run := w.run
	w.mu.Unlock()
	w.until(run)
}

// close lets no further run begin, and stops the one under way.
func (w *watch) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.stop()
}

// until cancels that run again and again until it is over: the runtime forgets a cancellation that comes before its
// Invoke has begun.
func (w *watch) until(run uint64) {
	for {
		w.mu.Lock()
		over := w.run != run || run%2 == 0
		if !over {
			w.cancel()
		}
		w.mu.Unlock()
		if over {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
