package pipeline

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"corallite/internal/panicerr"
	"corallite/tflite/tensor"
)

// modelStage runs one model: a queue, and a worker for each engine. A worker gives a credit when it can take an
// item; the dispatcher takes one for each item that it puts in the queue, so the queue is never full. After the pipeline
// failed, the workers still empty the queue but only pass the items on.
type modelStage[T Item] struct {
	r     *run[T]
	index int
	model *Model[T]
	task  string

	broken bool // PostProcess panicked; the collector's

	credits chan struct{}
	queue   chan *workItem[T]
}

func newModelStage[T Item](r *run[T], index int) *modelStage[T] {
	m := r.s.Models[index]
	s := &modelStage[T]{r: r, index: index, model: m, task: m.TaskName()}
	ahead := 0
	if !r.live {
		ahead = max(1, len(m.engines))
	}
	room := ahead
	if m.streaming != nil {
		room++
	}
	for _, e := range m.engines {
		room += 1
		if s.overlaps(e) {
			room += s.preparedAhead()
		}
	}
	s.credits = make(chan struct{}, room)
	s.queue = make(chan *workItem[T], room)
	for range ahead {
		s.credits <- struct{}{}
	}
	return s
}

func (s *modelStage[T]) overlaps(e Engine) bool {
	return s.model.options.Overlap || e.Device().LeavesCPUFree
}

// preparedAhead is how many items are prepared ahead of an overlapping engine. One keeps the device busy; for a file
// a second one compensates for occasional delays of the source; for a camera it would only become stale.
func (s *modelStage[T]) preparedAhead() int {
	if s.r.live {
		return 1
	}
	return 2
}

// start starts a worker for each engine, or one for a streaming model.
func (s *modelStage[T]) start(wg *sync.WaitGroup) {
	if s.model.streaming != nil {
		spawn(wg, s.serveStreaming)
	}
	for _, e := range s.model.engines {
		w := &worker[T]{modelStage: s, engine: e, device: e.Device()}
		if s.overlaps(e) {
			w.startOverlapped(wg)
		} else {
			spawn(wg, w.serve)
		}
	}
}

// worker runs one engine of a stage.
type worker[T Item] struct {
	*modelStage[T]
	engine Engine
	device Device // after the last Invoke
}

// serve is the loop of a worker on an engine that computes on the CPU.
func (w *worker[T]) serve() {
	for {
		w.credits <- struct{}{}
		work, more := <-w.queue
		if !more {
			return
		}
		p, n, ok := w.plan(work)
		for ok && w.prepare(work, &p, w.engine.Input(0)) && w.invoke(work, &p) && w.decode(work, p, w.engine) && !p.last {
			p = p.next(n)
		}
		w.finish(work)
	}
}

// prepare writes a part of the item into dst; false if this model has finished with the item.
func (w *worker[T]) prepare(work *workItem[T], p *part, dst tensor.Tensor) bool {
	if w.r.ending() {
		return false
	}
	began := time.Now()
	var err error
	p.place, err = w.prepareSafely(dst, work.item, *p)
	p.took.Prepare = time.Since(began)
	if err != nil {
		w.taskFailed(work, "prepare", err)
	}
	return err == nil
}

// invoke runs the engine; false if this model has finished with the item.
func (w *worker[T]) invoke(work *workItem[T], p *part) bool {
	if w.r.ending() {
		return false
	}
	res, began := &work.results[w.index], time.Now()
	err := w.invokeSafely()
	p.took.Invoke = time.Since(began)
	if err != nil {
		if !w.r.ending() {
			w.r.end(fmt.Errorf("model %s: %s: invoke on %s: %w", w.model.name, describe(work.item.Meta()), w.device.Name, err))
		}
		return false
	}
	device := w.engine.Device()
	w.ranOn(res, w.device, device)
	w.device = device
	return true
}

// ranOn sets the event's device, and logs a change of device.
func (s *modelStage[T]) ranOn(res *modelResult, before, now Device) {
	if now != before {
		s.r.log.Warn("device changed", "model", s.model.name, "from", before.Name, "to", now.Name,
			"degraded", now.Degraded, "reason", now.Reason)
	}
	res.event.Device, res.event.Degraded, res.event.Reason, res.event.Wanted = now.Name, now.Degraded, now.Reason, now.Wanted
}

// decode turns the outputs of the last part into this model's event, and keeps what others gave for it; false if this model
// has finished with the item without an event.
func (w *worker[T]) decode(work *workItem[T], p part, out Outputs) bool {
	res, began := &work.results[w.index], time.Now()
	found, err := w.decodeSafely(out, p)
	ok := err == nil
	if ok && p.last {
		res.event.Result, ok = w.refine(work, found)
	}
	now := time.Now()
	took := &res.event.Latency
	took.Prepare, took.Invoke, took.Decode = took.Prepare+p.took.Prepare, took.Invoke+p.took.Invoke, took.Decode+p.took.Decode+now.Sub(began)
	took.Total = now.Sub(work.at)
	if err != nil {
		w.taskFailed(work, "decode", err)
	}
	if ok && p.last {
		w.sign(res, work.item.Meta())
	}
	return ok
}

// sign sets the origin of an event with a result.
func (s *modelStage[T]) sign(res *modelResult, of *Meta) {
	res.event.Time, res.event.Seq, res.event.Source = of.Time, of.Seq, of.Source
	res.event.PositionS = of.Position.Seconds()
	res.event.Pipeline, res.event.Model, res.event.Task = s.r.s.Name, s.model.name, s.task
	res.ok = true
}

// refine runs the model's Refiner, if any; false when the pipeline ends.
func (w *worker[T]) refine(work *workItem[T], found Result) (Result, bool) {
	if w.model.options.Refiner == nil {
		return found, true
	}
	refined, err := w.refineSafely(work.item, found)
	switch {
	case err == nil:
		return refined, true
	case panicerr.Is(err):
		refined = found
	}
	w.taskFailed(work, "refine", err)
	return refined, !w.r.ending()
}

// finish passes the item on if this model is the last to finish.
func (s *modelStage[T]) finish(work *workItem[T]) {
	if work.pending.Add(-1) == 0 {
		s.r.done <- work
	}
}

// taskFailed counts an item that the task could not handle, or ends the pipeline.
func (s *modelStage[T]) taskFailed(work *workItem[T], step string, err error) {
	meta := work.item.Meta()
	var one *ItemError
	if !errors.As(err, &one) && !panicerr.Is(err) {
		s.r.end(fmt.Errorf("model %s: %s: %s: %w", s.model.name, describe(meta), step, err))
		return
	}
	s.r.errors.add(Failure{Stage: StageModel, Name: s.model.name, Item: describe(meta), Err: err})
}

func (w *worker[T]) invokeSafely() (err error) {
	defer panicerr.Recover(&err, "invoke")
	return w.engine.Invoke(w.r.work)
}

func (w *worker[T]) refineSafely(item T, found Result) (res Result, err error) {
	defer panicerr.Recover(&err, "refine")
	return w.model.options.Refiner.Refine(w.r.work, item, found)
}

// describe names an item in messages: "vtest.avi (item 12)".
func describe(m *Meta) string { return fmt.Sprintf("%s (item %d)", m.Source, m.Seq) }
