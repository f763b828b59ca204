package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"corallite/internal/panicerr"
)

// timedItem is an item and the time when the source delivered it.
type timedItem[T Item] struct {
	item T
	at   time.Time
}

// read reads the source until it ends, and puts its items in the feed. ctx ends with the caller's or when the
// pipeline fails.
func (r *run[T]) read(ctx context.Context) {
	defer close(r.feed)
	for ctx.Err() == nil {
		item, err := r.next(ctx)
		if err == nil {
			if r.held(ctx, item) {
				item.Release()
			} else {
				r.put(item)
			}
			continue
		}
		var one *ItemError
		switch {
		case errors.As(err, &one): // before io.EOF: a picture that ends too early is not the end of the source
			r.unreadable.Add(1)
			r.errors.add(Failure{Stage: StageSource, Item: one.Source, Err: err})
		case err == io.EOF:
			return
		case ctx.Err() != nil:
		case !r.reopen(ctx, err):
			return
		}
	}
	r.interrupted.Store(!r.ending())
}

// holdPause is how often a source that waits asks whether it may go on.
const holdPause = 50 * time.Millisecond

// held reports whether an item is left out, because the models are not to run now.
func (r *run[T]) held(ctx context.Context, item T) bool {
	if r.s.Hold == nil || !r.s.Hold() {
		return false
	}
	if r.live {
		if r.s.OnHeld != nil {
			r.s.OnHeld(item)
		}
		return true
	}
	for r.s.Hold() {
		select {
		case <-ctx.Done():
			return true
		case <-time.After(holdPause):
		}
	}
	return false
}

// next is the source's Next; a panic becomes an error.
func (r *run[T]) next(ctx context.Context) (item T, err error) {
	defer panicerr.Recover(&err, "the source")
	return r.source.Next(ctx)
}

// put numbers an item and puts it in the feed: replacing the waiting one if only the newest is kept, otherwise after
// it.
func (r *run[T]) put(item T) {
	meta := item.Meta()
	meta.Seq = r.given.Add(1) - 1
	t := timedItem[T]{item, time.Now()}
	if meta.Time.IsZero() {
		meta.Time = t.at
	}
	if r.newest {
		select {
		case old := <-r.feed:
			old.item.Release()
			r.dropped.Add(1)
		default:
		}
	}
	// If only the newest is kept, this never waits: the slot is empty and has no other writer. Otherwise it ends also
	// when the pipeline fails, because the dispatcher then empties the feed.
	r.feed <- t
}

// reopen replaces a source that was lost; false when the stream must end.
func (r *run[T]) reopen(ctx context.Context, lost error) bool {
	if r.s.Reopen == nil || panicerr.Is(lost) {
		r.end(fmt.Errorf("source: %w", lost))
		return false
	}
	r.log.Warn("source lost", "error", lost)
	r.closeSource()
	source, err := r.s.Reopen(ctx, lost)
	switch {
	case ctx.Err() != nil:
		if err == nil && source != nil {
			r.setSource(source)
		}
		return true // read sees that ctx ended
	case err != nil:
		r.end(fmt.Errorf("source: %w", err))
		return false
	case source == nil || source.Live() != r.live:
		if source != nil {
			r.setSource(source)
		}
		r.end(errors.New("source: the reopened source is not of the same kind (live or not) as the lost one"))
		return false
	}
	r.setSource(source)
	r.reopened.Add(1)
	r.log.Info("source is back")
	return true
}

func (r *run[T]) setSource(s Source[T]) {
	r.sourceMu.Lock()
	defer r.sourceMu.Unlock()
	r.source = s
}

// closeSource closes the source that is open, if one is. Closing loses nothing, so an error is only counted.
func (r *run[T]) closeSource() {
	r.sourceMu.Lock()
	s := r.source
	r.sourceMu.Unlock()
	if err := closeSafely(s, "the source"); err != nil {
		r.errors.add(Failure{Stage: StageSource, Err: fmt.Errorf("close: %w", err)})
	}
}

// closeWhenStuck closes the source if Next does not return after its context has ended.
func (r *run[T]) closeWhenStuck(ctx context.Context, sourceDone <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-sourceDone:
		return
	}
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-sourceDone:
	case <-timer.C:
		r.log.Warn("the source does not stop: closing it")
		r.closeSource()
	}
}

// closeAll closes source and sinks of a Stream that never started.
func (r *run[T]) closeAll() error {
	var errs []error
	if r.source != nil {
		errs = append(errs, closeSafely(r.source, "the source"))
	}
	for _, n := range r.s.Sinks {
		if n.Sink != nil {
			errs = append(errs, closeSafely(n.Sink, "sink "+n.Name))
		}
	}
	return errors.Join(errs...)
}

func closeSafely(c io.Closer, what string) (err error) {
	defer panicerr.Recover(&err, what)
	return c.Close()
}
