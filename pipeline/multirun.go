package pipeline

import (
	"fmt"

	"corallite/internal/panicerr"
	"corallite/tflite/tensor"
)

// MultiRunTask is a Task whose model runs several times on one item, on parts of it: tiles of a picture. A Stream calls Plan
// where it calls Prepare and Decode of other Tasks. Errors are as there.
type MultiRunTask[T Item] interface {
	Task[T]
	// Plan returns the runs that an item needs. n counts the items that the model gets in a Stream, from 0 without gaps. It
	// may be called by several goroutines at once, not in the order of the items.
	Plan(in T, n uint64) (Runs, error)
}

// Runs are the runs that one item needs; the item is valid as long as they are used. Prepare is called with 0, 1 and so on to
// Len, by one goroutine, and Decode as well, possibly by another one while Prepare is ahead of it. Result is called after the
// last Decode, and not after an error.
type Runs interface {
	Len() int // at least 1
	// Prepare writes the input of run i into dst, the model's first input.
	Prepare(i int, dst tensor.Tensor) (Placement, error)
	// Decode reads the outputs of run i, for which Prepare returned p. It keeps nothing of the engine's memory.
	Decode(i int, out Outputs, p Placement) error
	// Result merges the results of all runs.
	Result() (Result, error)
}

// part is one run of a model on an item: the only one, unless the task is a MultiRunTask.
type part struct {
	runs  Runs // nil: the only one
	index int
	last  bool // of the item
	place Placement
	took  Latency // without Total; in the part, because parts of one item are prepared, run and decoded at the same time
}

// plan returns the number of runs that an item needs, and the first of them; false: it failed.
func (s *modelStage[T]) plan(work *workItem[T]) (first part, n int, ok bool) {
	multi, is := s.model.task.(MultiRunTask[T])
	if !is {
		return part{last: true}, 1, true
	}
	runs, err := s.planSafely(multi, work)
	if err != nil {
		s.taskFailed(work, "prepare", err)
		return part{}, 0, false
	}
	if n = runs.Len(); n < 1 {
		s.r.end(fmt.Errorf("model %s: %s: no run is planned for it", s.model.name, describe(work.item.Meta())))
		return part{}, 0, false
	}
	work.results[s.index].event.Runs = n
	return part{runs: runs, last: n == 1}, n, true
}

// next is the part behind p of n.
func (p part) next(n int) part {
	return part{runs: p.runs, index: p.index + 1, last: p.index+2 == n}
}

func (s *modelStage[T]) planSafely(task MultiRunTask[T], work *workItem[T]) (r Runs, err error) {
	defer panicerr.Recover(&err, "prepare")
	return task.Plan(work.item, work.seq)
}

func (s *modelStage[T]) prepareSafely(dst tensor.Tensor, item T, p part) (_ Placement, err error) {
	defer panicerr.Recover(&err, "prepare")
	if p.runs != nil {
		return p.runs.Prepare(p.index, dst)
	}
	return s.model.task.Prepare(dst, item)
}

// decodeSafely decodes the outputs of a part; the result is that of all parts, of the last one.
func (s *modelStage[T]) decodeSafely(out Outputs, p part) (res Result, err error) {
	defer panicerr.Recover(&err, "decode")
	if p.runs == nil {
		return s.model.task.Decode(out, p.place)
	}
	if err := p.runs.Decode(p.index, out, p.place); err != nil || !p.last {
		return Result{}, err
	}
	return p.runs.Result()
}
