package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultQueue is the default queue length of a sink, in reports. Each keeps its item in memory.
const DefaultQueue = 4

// DefaultMaxErrors is the default number of failures that a Summary keeps in full.
const DefaultMaxErrors = 20

// stopGrace is how long Next may take to notice that its context ended before the source is closed.
const stopGrace = time.Second

// Stream is one pipeline: a source, the models that process its items, and the sinks that receive their results. The
// package comment describes the path of an item. A Stream is run once.
type Stream[T Item] struct {
	Name   string // the pipeline's name in events, logs and errors
	Source Source[T]
	Models []*Model[T] // at least one
	Sinks  []NamedSink

	// Logger logs failures and changes; nil: nothing is logged.
	Logger *slog.Logger

	// Progress, when set, is called about ten times a second and once at the end, one call at a time. It must
	// return soon: the stream waits for it.
	Progress func(Progress)

	// OnError, when set, is called for every failure that is counted, one call at a time. The first DefaultMaxErrors
	// (or MaxErrors) are in the Summary as well.
	OnError func(Failure)

	// OnResume, when set, is called when a failed sink recovers.
	OnResume func(Resumption)

	// Hold, when set, is asked for each item of the source whether the models are to leave it out now. A live source's
	// item then goes to OnHeld, if that is set, and is released; any other source waits.
	Hold func() bool
	// OnHeld gets the items that Hold leaves out, on the source's goroutine. An item that is kept must be retained.
	OnHeld func(T)

	// SinkRetry is the delay before a failed sink is retried, in a stream that continues without it; 0:
	// DefaultSinkRetry.
	SinkRetry time.Duration

	// MaxErrors is how many failures the Summary keeps in full; 0 means DefaultMaxErrors. All are counted.
	MaxErrors int

	// Reopen, when set, is asked for a new source after Next returned an error that is neither io.EOF nor an
	// *ItemError. The lost source is closed before. Reopen decides how long to wait between attempts; it must return
	// when ctx ends. An error from it ends the pipeline. The new source must be live if the first was.
	Reopen func(ctx context.Context, lost error) (Source[T], error)
}

// NamedSink is a sink of a Stream.
type NamedSink struct {
	Name  string // in the summary, logs and errors; duplicates get "#2" and so on; "sink" if empty
	Sink  Sink
	Queue int  // queue length in reports; 0 means DefaultQueue
	Gate  Gate // what decides which reports the sink gets; nil: all
}

// Runner is a Stream of any item type.
type Runner interface {
	Run(ctx context.Context) (Summary, error)
}

// run is one run of a Stream.
type run[T Item] struct {
	runStats
	s      *Stream[T]
	live   bool
	newest bool // the feed keeps only the newest item

	feed   chan timedItem[T]
	free   chan *workItem[T] // unused ones: the window
	done   chan *workItem[T] // finished by all models
	stages []*modelStage[T]

	dispatched atomic.Uint64 // items that the models got

	sourceMu sync.Mutex // for closing the source while Next runs
	source   Source[T]
}

// Run runs the stream until its source ends, ctx ends (then it finishes what it has and returns no error) or it
// fails. It closes Source and Sinks, and returns when all of its goroutines have ended. Failed items are in the Summary
// and not in Run's error. The Summary is valid even if there is an error.
func (s *Stream[T]) Run(ctx context.Context) (Summary, error) {
	work, fail := context.WithCancelCause(context.WithoutCancel(ctx))
	defer fail(nil)
	log := s.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("pipeline", s.Name)
	r := &run[T]{s: s, source: s.Source, runStats: runStats{
		pipeline: s.Name, log: log, errors: newErrorLog(log, s.MaxErrors, s.OnError),
		began: time.Now(), work: work, fail: fail, sinkRetry: s.SinkRetry, onResume: s.OnResume,
	}}
	if err := r.setUp(); err != nil {
		err = errors.Join(fmt.Errorf("pipeline %s: %w", s.Name, err), r.closeAll())
		return Summary{Error: err.Error()}, err
	}
	return r.run(ctx)
}

// run starts every stage and waits for them in the order in which they end.
func (r *run[T]) run(ctx context.Context) (Summary, error) {
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	defer context.AfterFunc(r.work, stopReading)()

	stats := newRecorder(r)
	var workers, rest sync.WaitGroup
	for _, q := range r.sinks {
		spawn(&rest, func() { q.serve(context.WithoutCancel(ctx), &r.runStats) })
	}
	for _, s := range r.stages {
		s.start(&workers)
	}
	spawn(&rest, func() { r.collect(stats) })
	spawn(&rest, r.dispatch)
	sourceDone := make(chan struct{})
	spawn(&rest, func() { r.closeWhenStuck(reading, sourceDone) })

	r.read(reading)
	close(sourceDone)
	r.closeSource()
	workers.Wait()
	close(r.done)
	rest.Wait()

	err := r.result()
	r.fromSource = StatsOf(r.s.Source)
	r.fromSource.Motion = r.fromSource.Motion.withModels(len(r.s.Models))
	if r.s.Progress != nil {
		r.s.Progress(r.progress(stats, true))
	}
	return stats.summary(&r.runStats, err), err
}

// spawn runs f in a goroutine that wg waits for.
func spawn(wg *sync.WaitGroup, f func()) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		f()
	}()
}
