// Package background does what sinks do after Consume has returned: a bounded number of jobs at a time, in the order in
// which they came, with a bounded number waiting.
package background

import (
	"context"
	"errors"
	"sync"
	"time"

	"corallite/internal/clock"
)

// ErrEnd is the cause with which a job's context ends when Close will wait no longer.
var ErrEnd = errors.New("the run has ended")

// Options of New.
type Options[T any] struct {
	// Do does one job. It must return soon after ctx ends.
	Do       func(ctx context.Context, job T)
	Parallel int       // jobs at a time, at least 1
	Queue    int       // jobs that may wait for that, at least 1
	Lost     func(int) // is told of jobs that were never begun, on the goroutine of Put or Close
	Clock    clock.Clock
}

// Queue does jobs. It has goroutines only while there is something to do. Put and Close may be called by any goroutine.
type Queue[T any] struct {
	o    Options[T]
	work context.Context
	end  context.CancelCauseFunc
	busy sync.WaitGroup

	mu      sync.Mutex
	waiting []T
	running int
	closed  bool
}

// New makes a Queue.
func New[T any](o Options[T]) *Queue[T] {
	q := &Queue[T]{o: o}
	q.work, q.end = context.WithCancelCause(context.Background())
	return q
}

// Put has a job done and returns at once. When too many wait, the one that waits longest is lost. It says whether the
// job was taken, which it is until Close.
func (q *Queue[T]) Put(job T) bool {
	q.mu.Lock()
	lost := 0
	if q.closed {
		q.mu.Unlock()
		return false
	}
	if q.running < q.o.Parallel {
		q.running++
		q.busy.Add(1)
		go q.serve(job)
	} else {
		if len(q.waiting) == q.o.Queue {
			q.waiting = append(q.waiting[:0], q.waiting[1:]...)
			lost = 1
		}
		q.waiting = append(q.waiting, job)
	}
	q.mu.Unlock()
	if lost > 0 {
		q.o.Lost(lost)
	}
	return true
}

// Closed says whether Close was called.
func (q *Queue[T]) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// serve does a job, and others until none waits.
func (q *Queue[T]) serve(job T) {
	defer q.busy.Done()
	for more := true; more; job, more = q.next() {
		q.o.Do(q.work, job)
	}
}

func (q *Queue[T]) next() (job T, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.running--
		return job, false
	}
	job = q.waiting[0]
	q.waiting = append(q.waiting[:0], q.waiting[1:]...)
	return job, true
}

// Close takes no more jobs and waits for those that there are, for so long; then what waits is lost, and the contexts
// of what is being done end with ErrEnd. It returns when all jobs have returned. Twice is safe.
func (q *Queue[T]) Close(wait time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		q.busy.Wait()
		close(idle)
	}()
	passed, stop := q.o.Clock.After(wait)
	defer stop()
	select {
	case <-idle:
	case <-passed:
		q.mu.Lock()
		lost := len(q.waiting)
		q.waiting = nil
		q.mu.Unlock()
		q.end(ErrEnd)
		if lost > 0 {
			q.o.Lost(lost)
		}
		<-idle
	}
	q.end(ErrEnd)
}
