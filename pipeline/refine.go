package pipeline

import "context"

// Refiner adds to what a Model's Task found in an item, with the item at hand: what a second model says of each
// object, say. It may run engines, which stay with whoever opened them, and may be called by several goroutines at
// once, one for each engine of the Model. It may change found, whose slices nobody else has, and must not keep the
// item.
//
// An *ItemError is the fault of one item: it is counted, and the item goes on with the Result that came with it. After
// a panic, which is counted too, it goes on with what the Task found. Any other error ends the pipeline.
type Refiner[T Item] interface {
	// Refine returns found with more in it. Its time is part of the event's Latency.Decode. ctx ends when the pipeline
	// failed and the item is given up.
	Refine(ctx context.Context, in T, found Result) (Result, error)
}

// refine lets the model's Refiner, if it has one, add to what was found; false when the pipeline ends.
func (w *worker[T]) refine(j *job[T], found Result) (Result, bool) {
	if w.model.Refiner == nil {
		return found, true
	}
	refined, err := w.refineSafely(j.item, found)
	switch {
	case err == nil:
		return refined, true
	case isPanic(err):
		refined = found
	}
	w.taskFailed(j, "refine", err)
	return refined, !w.r.ending()
}

func (w *worker[T]) refineSafely(item T, found Result) (res Result, err error) {
	defer recovered(&err, "refine")
	return w.model.Refiner.Refine(w.r.work, item, found)
}
