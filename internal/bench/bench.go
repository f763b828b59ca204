package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"corallite/internal/worker"
	"corallite/tflite"
)

// Case is one way to run a model.
type Case struct {
	Model    string // as the user named it
	Delegate string // as the user named it: "xnnpack"
	Threads  int
	Engines  int
	Open     worker.TimerOptions
}

// Result is what a case gave.
type Result struct {
	Model    string  `json:"model"`
	Delegate string  `json:"delegate"`
	Device   string  `json:"device"`
	Threads  int     `json:"threads"`
	Engines  int     `json:"engines"`
	LoadMS   float64 `json:"load_ms"`  // reading, verifying and opening all engines
	FirstMS  float64 `json:"first_ms"` // the first run
	Stats
	PerSecond float64   `json:"runs_per_second"`
	MemoryMB  float64   `json:"memory_mb,omitempty"`      // by which the process that runs it has grown, without the file itself
	CPU       float64   `json:"cpu_ms_per_run"`           // processor time of all threads
	Joules    *float64  `json:"joules_per_run,omitempty"` // of the whole machine, while it ran
	Operators []OpShare `json:"operators,omitempty"`
	Error     string    `json:"error,omitempty"` // why it does not run

	Times []time.Duration `json:"-"`
}

// OpShare is an operator's part of the time.
type OpShare struct {
	Name    string  `json:"name"`
	Graph   int     `json:"subgraph"`
	Op      int     `json:"operator"`
	Piece   int     `json:"piece"` // of a delegate; -1: the runtime runs it
	Runs    int     `json:"runs"`
	MeanUS  float64 `json:"mean_us"`
	Percent float64 `json:"percent"` // of the operators' time
}

// Options say how long.
type Options struct {
	Seconds float64
	Runs    int // at least
	Warmup  float64
	Meter   *Meter       // nil: none
	Note    func(string) // progress; nil: none
}

func (o Options) note(text string) {
	if o.Note != nil {
		o.Note(text)
	}
}

// Measure opens a case and runs it. What is wrong with the case is in the result; the error is ctx's alone.
func Measure(ctx context.Context, c Case, o Options) (Result, error) {
	r := Result{Model: c.Model, Delegate: c.Delegate, Threads: c.Threads, Engines: c.Engines}
	o.note(fmt.Sprintf("%s on %s, %d × %d", c.Model, c.Delegate, c.Engines, c.Threads))
	t, opened, err := worker.StartTimer(ctx, c.Open)
	if err == nil {
		r.opened(opened)
		err = r.run(ctx, t, o)
		err = errors.Join(err, t.Close())
	}
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	if err != nil {
		r.Error = err.Error()
	}
	return r, nil
}

func (r *Result) opened(o worker.Opened) {
	r.Device, r.Engines = o.Device, o.Engines
	r.LoadMS, r.FirstMS = milliseconds(o.Load), milliseconds(o.First)
}

func (r *Result) run(ctx context.Context, t *worker.Timer, o Options) error {
	if _, err := t.Run(ctx, o.Warmup, 1, false); err != nil {
		return err
	}
	var before Reading
	if o.Meter != nil {
		before = o.Meter.Read()
	}
	timed, err := t.Run(ctx, o.Seconds, o.Runs, true)
	if err != nil {
		return err
	}
	if o.Meter != nil {
		each := o.Meter.Joules(before, o.Meter.Read()) / float64(timed.Count)
		r.Joules = &each
	}
	r.take(timed)
	return nil
}

// take makes figures of the times.
func (r *Result) take(t worker.Timed) {
	r.Times, r.Stats = t.Runs, Of(t.Runs)
	r.PerSecond = float64(t.Count) / t.Elapsed.Seconds()
	r.MemoryMB = float64(t.Grown) / (1 << 20)
	r.CPU = milliseconds(t.CPU) / float64(t.Count)
	r.Operators = shares(t.Times)
}

func shares(times []tflite.OpTime) []OpShare {
	all := time.Duration(0)
	for _, t := range times {
		all += t.Time
	}
	var list []OpShare
	for _, t := range times {
		if t.Runs > 0 {
			list = append(list, OpShare{Name: t.Name, Graph: t.Subgraph, Op: t.Op, Piece: t.Piece, Runs: t.Runs,
				MeanUS: float64(t.Time) / float64(time.Microsecond) / float64(t.Runs), Percent: 100 * float64(t.Time) / float64(max(all, 1))})
		}
	}
	return list
}

// pairTime is how long each side of a pair runs: short, so that both have the same weather.
const pairTime = 0.2

// Compare measures two cases in turn, pair by pair, until each has run for the seconds of o, and gives the ratio of their mean
// times per run: above 1 the second is slower.
func Compare(ctx context.Context, first, second Case, o Options) (a, b Result, ratio Ratio, err error) {
	results := [2]*Result{&a, &b}
	var timers [2]*worker.Timer
	defer func() {
		for _, t := range timers {
			if t != nil {
				err = errors.Join(err, t.Close())
			}
		}
	}()
	for i, c := range []Case{first, second} {
		*results[i] = Result{Model: c.Model, Delegate: c.Delegate, Threads: c.Threads, Engines: c.Engines}
		var opened worker.Opened
		if timers[i], opened, err = worker.StartTimer(ctx, c.Open); err != nil {
			return a, b, ratio, fmt.Errorf("%s on %s: %w", c.Model, c.Delegate, err)
		}
		results[i].opened(opened)
		if _, err = timers[i].Run(ctx, o.Warmup, 1, false); err != nil {
			return a, b, ratio, err
		}
	}
	var sums [2]total
	var means [2][]float64
	for round := 0; round < 2 || float64(round)*pairTime < o.Seconds; round++ {
		o.note(fmt.Sprintf("%s and %s in turn, pair %d", first.Model, second.Model, round+1))
		for k := range 2 {
			i := (k + round) % 2 // neither is always the first
			timed, err := timers[i].Run(ctx, pairTime, 1, true)
			if err != nil {
				return a, b, ratio, err
			}
			means[i] = append(means[i], timed.Elapsed.Seconds()/float64(timed.Count))
			sums[i].add(timed)
		}
	}
	for i := range results {
		results[i].take(sums[i].Timed)
	}
	return a, b, RatioOf(means[0], means[1]), nil
}

// total is the sum of several times of running.
type total struct{ worker.Timed }

func (t *total) add(o worker.Timed) {
	t.Runs = append(t.Runs, o.Runs...)
	t.Count += o.Count
	t.Elapsed += o.Elapsed
	t.CPU += o.CPU
	t.Grown = max(t.Grown, o.Grown)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
