package pipeline

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"corallite/tflite/tensor"
)

// job is one item on its way through the lanes. A job is used again for a later item.
type job[T Item] struct {
	taken[T]
	seq     uint64 // dense, counted by the dispatcher: what order is restored by
	pending atomic.Int32
	answers []answer // one a lane; each lane writes only its own
}

// answer is what one model found in one item.
type answer struct {
	place Placement
	event Event
	ok    bool
}

func newJob[T Item](lanes int) *job[T] { return &job[T]{answers: make([]answer, lanes)} }

// dispatch gives each item to all lanes, when all have room for it.
func (r *run[T]) dispatch() {
	defer func() {
		for _, l := range r.lanes {
			close(l.queue)
		}
	}()
	for seq := uint64(0); ; seq++ {
		for _, l := range r.lanes {
			<-l.credits
		}
		j := <-r.free
		t, more := <-r.feed
		if !more {
			return
		}
		j.taken, j.seq = t, seq
		j.pending.Store(int32(len(r.lanes)))
		clear(j.answers)
		for _, l := range r.lanes {
			l.queue <- j
		}
	}
}

// lane is one model: a queue, and a worker for each engine. A worker gives a credit when it could take an item; the
// dispatcher takes one for each item that it puts in the queue, so the queue is never full. After the pipeline
// failed workers still empty the queue, and only pass the jobs on.
type lane[T Item] struct {
	r     *run[T]
	index int
	model Model[T]
	task  string

	disordered bool // Model.Ordered panicked; the collector's

	credits chan struct{}
	queue   chan *job[T]
}

func newLane[T Item](r *run[T], index int) *lane[T] {
	m := r.s.Models[index]
	l := &lane[T]{r: r, index: index, model: m, task: m.taskName()}
	ahead := 0
	if !r.live {
		ahead = max(1, len(m.Engines))
	}
	room := ahead
	if m.Flow != nil {
		room++
	}
	for _, e := range m.Engines {
		room += 1
		if l.overlaps(e) {
			room += l.stages()
		}
	}
	l.credits = make(chan struct{}, room)
	l.queue = make(chan *job[T], room)
	for range ahead {
		l.credits <- struct{}{}
	}
	return l
}

func (l *lane[T]) overlaps(e Engine) bool { return l.model.Overlap || !usesCPU(e.Device()) }

// stages is how many items are prepared ahead of an overlapping engine. One keeps the device busy; behind a file a
// second one evens out a source that is now and then slow, behind a camera it would only grow old.
func (l *lane[T]) stages() int {
	if l.r.live {
		return 1
	}
	return 2
}

// start starts a worker for each engine, or one for a Flow.
func (l *lane[T]) start(wg *sync.WaitGroup) {
	if l.model.Flow != nil {
		spawn(wg, l.serveFlow)
	}
	for _, e := range l.model.Engines {
		w := &worker[T]{lane: l, engine: e, device: e.Device()}
		if l.overlaps(e) {
			w.startOverlapped(wg)
		} else {
			spawn(wg, w.serve)
		}
	}
}

// worker runs one engine of a lane.
type worker[T Item] struct {
	*lane[T]
	engine Engine
	device Device // after the last Invoke
}

// serve is the whole work on an engine that computes on the CPU.
func (w *worker[T]) serve() {
	for {
		w.credits <- struct{}{}
		j, more := <-w.queue
		if !more {
			return
		}
		if w.prepare(j, w.engine.Input(0)) && w.invoke(j) {
			w.decode(j, w.engine)
		}
		w.finish(j)
	}
}

// prepare writes the item into dst; false when the job is over for this lane.
func (w *worker[T]) prepare(j *job[T], dst tensor.Tensor) bool {
	if w.r.ending() {
		return false
	}
	a, began := &j.answers[w.index], time.Now()
	var err error
	a.place, err = w.prepareSafely(dst, j.item)
	a.event.Latency.Prepare = time.Since(began)
	if err != nil {
		w.taskFailed(j, "prepare", err)
	}
	return err == nil
}

// invoke runs the engine; false when the job is over for this lane.
func (w *worker[T]) invoke(j *job[T]) bool {
	if w.r.ending() {
		return false
	}
	a, began := &j.answers[w.index], time.Now()
	err := w.invokeSafely()
	a.event.Latency.Invoke = time.Since(began)
	if err != nil {
		if !w.r.ending() {
			w.r.end(fmt.Errorf("model %s: %s: invoke on %s: %w", w.model.Name, describe(j.item.Meta()), w.device.Name, err))
		}
		return false
	}
	device := w.engine.Device()
	w.ranOn(a, w.device, device)
	w.device = device
	return true
}

// ranOn puts the device into the event, and logs when it is another than before.
func (l *lane[T]) ranOn(a *answer, before, now Device) {
	if now != before {
		l.r.log.Warn("device changed", "model", l.model.Name, "from", before.Name, "to", now.Name,
			"degraded", now.Degraded, "reason", now.Reason)
	}
	a.event.Device, a.event.Degraded, a.event.Reason, a.event.Wanted = now.Name, now.Degraded, now.Reason, now.Wanted
}

// decode turns outputs into this lane's event.
func (w *worker[T]) decode(j *job[T], out Outputs) {
	a, began := &j.answers[w.index], time.Now()
	found, err := w.decodeSafely(out, a.place)
	ok := false
	if err == nil {
		a.event.Result, ok = w.refine(j, found)
	}
	now := time.Now()
	a.event.Latency.Decode += now.Sub(began)
	a.event.Latency.Total = now.Sub(j.at)
	if err != nil {
		w.taskFailed(j, "decode", err)
	}
	if !ok {
		return
	}
	w.sign(a, j.item.Meta())
}

// sign puts into an event whose it is. The model has answered.
func (l *lane[T]) sign(a *answer, of *Meta) {
	a.event.Time, a.event.Seq, a.event.Source = of.Time, of.Seq, of.Source
	a.event.PositionS = of.Position.Seconds()
	a.event.Pipeline, a.event.Model, a.event.Task = l.r.s.Name, l.model.Name, l.task
	a.ok = true
}

// finish hands the job on when this lane is the last.
func (l *lane[T]) finish(j *job[T]) {
	if j.pending.Add(-1) == 0 {
		l.r.done <- j
	}
}

// taskFailed counts an item that the task could not handle, or ends the pipeline.
func (l *lane[T]) taskFailed(j *job[T], step string, err error) {
	meta := j.item.Meta()
	var one *ItemError
	if !errors.As(err, &one) && !isPanic(err) {
		l.r.end(fmt.Errorf("model %s: %s: %s: %w", l.model.Name, describe(meta), step, err))
		return
	}
	l.r.book.add(Failure{Stage: StageModel, Name: l.model.Name, Item: describe(meta), Err: err})
}

func (l *lane[T]) prepareSafely(dst tensor.Tensor, item T) (p Placement, err error) {
	defer recovered(&err, "prepare")
	return l.model.Task.Prepare(dst, item)
}

func (w *worker[T]) invokeSafely() (err error) {
	defer recovered(&err, "invoke")
	return w.engine.Invoke(w.r.work)
}

func (l *lane[T]) decodeSafely(out Outputs, p Placement) (res Result, err error) {
	defer recovered(&err, "decode")
	return l.model.Task.Decode(out, p)
}

// describe names an item in messages: "vtest.avi (item 12)".
func describe(m *Meta) string { return fmt.Sprintf("%s (item %d)", m.Source, m.Seq) }
