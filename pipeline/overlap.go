package pipeline

import (
	"fmt"
	"slices"
	"sync"
	"time"
	"unsafe"

	"corallite/tflite/tensor"
)

// startOverlapped works on an engine that leaves the CPU free with three goroutines, so that the device waits only
// for two copies between two runs.
func (w *worker[T]) startOverlapped(wg *sync.WaitGroup) {
	stages := w.stages()
	o := &overlapped[T]{
		worker: w,
		blank:  make(chan *stage[T], stages),
		ready:  make(chan *stage[T], stages),
		spare:  make(chan *snapshot[T], 2),
		ran:    make(chan *snapshot[T], 2),
	}
	input := w.engine.Input(0)
	for range stages {
		o.blank <- &stage[T]{input: tensor.Tensor{Info: input.Info, Data: alignedBytes(len(input.Data))}}
	}
	for range cap(o.spare) {
		o.spare <- &snapshot[T]{}
	}
	spawn(wg, o.preparing)
	spawn(wg, o.invoking)
	spawn(wg, o.decoding)
}

// overlapped is a worker in three parts. Stages and snapshots go round between them: their number bounds how far the
// parts run ahead of each other.
type overlapped[T Item] struct {
	*worker[T]
	blank, ready chan *stage[T]    // stages to prepare into; stages that hold a prepared item
	spare, ran   chan *snapshot[T] // snapshots to copy outputs into; snapshots that hold outputs
}

// stage is an item prepared in memory of its own, until the engine's input is free.
type stage[T Item] struct {
	input tensor.Tensor
	job   *job[T]
}

func (o *overlapped[T]) preparing() {
	defer close(o.ready)
	for {
		s := <-o.blank
		o.credits <- struct{}{}
		j, more := <-o.queue
		if !more {
			return
		}
		if !o.prepare(j, s.input) {
			o.finish(j)
			o.blank <- s
			continue
		}
		s.job = j
		o.ready <- s
	}
}

func (o *overlapped[T]) invoking() {
	defer close(o.ran)
	for s := range o.ready {
		j, ok := s.job, o.load(s)
		s.job = nil
		o.blank <- s
		if !ok || !o.invoke(j) {
			o.finish(j)
			continue
		}
		n := <-o.spare
		n.job = j
		began := time.Now()
		n.take(o.engine)
		j.answers[o.index].event.Latency.Decode = time.Since(began)
		o.ran <- n
	}
}

func (o *overlapped[T]) decoding() {
	for n := range o.ran {
		j := n.job
		n.job = nil
		o.decode(j, n)
		o.spare <- n
		o.finish(j)
	}
}

// load copies a prepared item into the engine's input.
func (o *overlapped[T]) load(s *stage[T]) bool {
	began := time.Now()
	input := o.engine.Input(0)
	if len(input.Data) != len(s.input.Data) {
		o.r.end(fmt.Errorf("model %s: %s: the engine's input has %d bytes now and had %d when the stream began",
			o.model.Name, describe(s.job.item.Meta()), len(input.Data), len(s.input.Data)))
		return false
	}
	copy(input.Data, s.input.Data)
	s.job.answers[o.index].event.Latency.Prepare += time.Since(began)
	return true
}

// snapshot is a copy of an engine's outputs, so that they can be decoded while the engine runs again. Its memory is
// used again for the next one.
type snapshot[T Item] struct {
	job     *job[T]
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

// keepInfo is now, with a shape that the engine cannot change: outputs of some models have another shape after each
// run.
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

// alignedBytes is n bytes of which the first stands at a multiple of alignment.
func alignedBytes(n int) []byte {
	b := make([]byte, n+alignment)
	// The address is only looked at, to find how far off it is; Go does not move what is on the heap.
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (alignment - 1))
	return b[off : off+n : off+n]
}
