package pipeline

import (
	"fmt"
	"slices"
	"sync"
	"time"
	"unsafe"

	"corallite/tflite/tensor"
)

// startOverlapped serves an engine that leaves the CPU free with three goroutines, so that the device waits only for
// two copies between runs.
func (w *worker[T]) startOverlapped(wg *sync.WaitGroup) {
	ahead := w.preparedAhead()
	o := &overlapped[T]{
		worker: w,
		blank:  make(chan *prepared[T], ahead),
		ready:  make(chan *prepared[T], ahead),
		spare:  make(chan *snapshot[T], 2),
		ran:    make(chan *snapshot[T], 2),
	}
	input := w.engine.Input(0)
	for range ahead {
		o.blank <- &prepared[T]{input: tensor.Tensor{Info: input.Info, Data: alignedBytes(len(input.Data))}}
	}
	for range cap(o.spare) {
		o.spare <- &snapshot[T]{}
	}
	spawn(wg, o.preparing)
	spawn(wg, o.invoking)
	spawn(wg, o.decoding)
}

// overlapped is a worker in three parts. Buffers and snapshots circulate between them: their number limits how far the
// parts get ahead of each other.
type overlapped[T Item] struct {
	*worker[T]
	blank, ready chan *prepared[T] // to prepare into; with a prepared item
	spare, ran   chan *snapshot[T] // snapshots to copy outputs into; snapshots that hold outputs
}

// prepared is a part of an item, prepared in a separate buffer until the engine's input is free.
type prepared[T Item] struct {
	input tensor.Tensor
	work  *workItem[T]
	part  part
	ok    bool // false: it failed, and no part of the item follows
}

func (o *overlapped[T]) preparing() {
	defer close(o.ready)
	for {
		s := <-o.blank
		o.credits <- struct{}{}
		work, more := <-o.queue
		if !more {
			return
		}
		p, n, ok := o.plan(work)
		for {
			ok = ok && o.prepare(work, &p, s.input)
			s.work, s.part, s.ok = work, p, ok
			o.ready <- s
			if !ok || p.last {
				break
			}
			p = p.next(n)
			s = <-o.blank
		}
	}
}

// invoking passes each part on, also one that failed: decoding finishes items, so that all parts before it are done.
func (o *overlapped[T]) invoking() {
	defer close(o.ran)
	failed := false // an earlier part of the same item
	for s := range o.ready {
		work, p := s.work, s.part
		ok := !failed && s.ok && o.load(s, &p)
		last := p.last || !s.ok
		s.work, s.part = nil, part{}
		o.blank <- s
		ok = ok && o.invoke(work, &p)
		n := <-o.spare
		if ok {
			began := time.Now()
			n.take(o.engine)
			p.took.Decode = time.Since(began)
		}
		n.work, n.part, n.ok, n.last = work, p, ok, last
		failed = !ok && !last
		o.ran <- n
	}
}

func (o *overlapped[T]) decoding() {
	failed := false // an earlier part of the same item
	for n := range o.ran {
		work, p, last := n.work, n.part, n.last
		failed = failed || !n.ok || !o.decode(work, p, n)
		n.work, n.part = nil, part{}
		o.spare <- n
		if last {
			failed = false
			o.finish(work)
		}
	}
}

// load copies a prepared item into the engine's input.
func (o *overlapped[T]) load(s *prepared[T], p *part) bool {
	began := time.Now()
	input := o.engine.Input(0)
	if len(input.Data) != len(s.input.Data) {
		o.r.end(fmt.Errorf("model %s: %s: the engine's input has %d bytes now and had %d when the stream began",
			o.model.name, describe(s.work.item.Meta()), len(input.Data), len(s.input.Data)))
		return false
	}
	copy(input.Data, s.input.Data)
	p.took.Prepare += time.Since(began)
	return true
}

// snapshot is a copy of an engine's outputs, so that they can be decoded while the engine runs again. Its memory is
// reused for the next one.
type snapshot[T Item] struct {
	work    *workItem[T]
	part    part
	ok      bool // there are outputs
	last    bool // of the item's parts
	infos   []tensor.Info
	tensors []tensor.Tensor
}

// take copies the outputs of e.
func (s *snapshot[T]) take(e Engine) {
	infos := e.Outputs()
	if len(s.tensors) != len(infos) {
		s.infos, s.tensors = make([]tensor.Info, len(infos)), make([]tensor.Tensor, len(infos))
	}
	for i := range infos {
		s.infos[i] = keepInfo(s.infos[i], infos[i])
		out, t := e.Output(i), &s.tensors[i]
		t.Info = keepInfo(t.Info, out.Info)
		if cap(t.Data) < len(out.Data) {
			t.Data = alignedBytes(len(out.Data))
		}
		t.Data = t.Data[:len(out.Data)]
		copy(t.Data, out.Data)
	}
}

// keepInfo copies now with its shape, because outputs of some models change their shape with each run.
func keepInfo(kept, now tensor.Info) tensor.Info {
	if slices.Equal(kept.Shape, now.Shape) {
		now.Shape = kept.Shape
	} else {
		now.Shape = slices.Clone(now.Shape)
	}
	return now
}

// Outputs describes the outputs as they were when they were copied.
func (s *snapshot[T]) Outputs() []tensor.Info { return s.infos }

// Output is the copy of output i.
func (s *snapshot[T]) Output(i int) tensor.Tensor { return s.tensors[i] }

// alignment is that of the runtime's own tensors, which tasks may rely on.
const alignment = 64

// alignedBytes is n bytes whose address is a multiple of alignment.
func alignedBytes(n int) []byte {
	b := make([]byte, n+alignment)
	// The address is only used to compute the offset; Go does not move heap memory.
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (alignment - 1))
	return b[off : off+n : off+n]
}
