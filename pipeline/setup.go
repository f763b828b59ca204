package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"corallite/tflite/tensor"
)

// setUp checks the Stream and lays out its channels. Nothing runs yet.
func (r *run[T]) setUp() error {
	if err := r.s.check(); err != nil {
		return err
	}
	r.live = r.s.Source.Live()
	r.goesOn = r.live
	if e, ok := r.s.Source.(Endless); ok && e.Endless() {
		r.goesOn = true
	}
	if r.sinkRetry <= 0 {
		r.sinkRetry = DefaultSinkRetry
	}
	_, keeps := r.s.Source.(Audible)
	r.newest = r.live && !keeps
	window := 0
	for i := range r.s.Models {
		l := newLane(r, i)
		r.lanes = append(r.lanes, l)
		window = max(window, cap(l.queue))
	}
	// Two more than the lanes hold may wait for one slow engine or a sink that holds the stream back; each holds an
	// item's memory.
	window += 2
	r.free = make(chan *job[T], window)
	r.done = make(chan *job[T], window)
	for range window {
		r.free <- newJob[T](len(r.lanes))
	}
	r.feed = make(chan taken[T], 1)
	seen := map[string]int{}
	for _, n := range r.s.Sinks {
		r.outlets = append(r.outlets, newOutlet(n, uniqueName(n.Name, seen), r.live))
	}
	return nil
}

// uniqueName numbers names that were seen before: "jsonl", "jsonl#2".
func uniqueName(name string, seen map[string]int) string {
	if name == "" {
		name = "sink"
	}
	seen[name]++
	if n := seen[name]; n > 1 {
		return uniqueName(fmt.Sprintf("%s#%d", name, n), seen)
	}
	return name
}

// check returns all that is wrong with the Stream, at once.
func (s *Stream[T]) check() error {
	var errs []error
	if s.Source == nil {
		errs = append(errs, errors.New("no source"))
	}
	if len(s.Models) == 0 {
		errs = append(errs, errors.New("no model"))
	}
	names := map[string]bool{}
	for i, m := range s.Models {
		if m.Name == "" {
			errs = append(errs, fmt.Errorf("model %d has no name", i))
		} else if names[m.Name] {
			errs = append(errs, fmt.Errorf("two models are named %s", m.Name))
		}
		names[m.Name] = true
		if err := m.check(); err != nil {
			errs = append(errs, fmt.Errorf("model %s %w", m.Name, err))
		}
	}
	for i, n := range s.Sinks {
		if n.Sink == nil {
			errs = append(errs, fmt.Errorf("sink %d (%s) is nil", i, n.Name))
		}
		if n.Queue < 0 {
			errs = append(errs, fmt.Errorf("sink %d (%s): a queue of %d is not possible", i, n.Name, n.Queue))
		}
	}
	return errors.Join(errs...)
}

// check says what keeps a model from being run.
func (m *Model[T]) check() error {
	switch {
	case m.Flow != nil && (m.Task != nil || m.Refiner != nil || len(m.Engines) > 0):
		return errors.New("has a flow, which runs engines itself, and a task, a refiner or engines as well")
	case m.Flow != nil:
		return nil
	case m.Task == nil:
		return errors.New("has no task")
	}
	return checkEngines(m.Engines)
}

// checkEngines says what keeps engines from running one model side by side.
func checkEngines(engines []Engine) error {
	if len(engines) == 0 {
		return errors.New("has no engine")
	}
	for i, e := range engines {
		switch {
		case e == nil:
			return fmt.Errorf("has a nil engine at %d", i)
		case len(e.Inputs()) == 0:
			return fmt.Errorf("has no input tensor to put an item into (engine %d, %s)", i, e.Device().Name)
		case !sameInfos(e.Inputs(), engines[0].Inputs()) || !sameInfos(e.Outputs(), engines[0].Outputs()):
			return fmt.Errorf("has engines of different inputs or outputs (engine %d, %s, and engine 0, %s)",
				i, e.Device().Name, engines[0].Device().Name)
		}
		for _, earlier := range engines[:i] {
			if earlier == e {
				return fmt.Errorf("has the same engine twice (engine %d): an engine serves one worker", i)
			}
		}
	}
	return nil
}

func sameInfos(a, b []tensor.Info) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Same(b[i]) {
			return false
		}
	}
	return true
}

// usesCPU says whether a device computes on the CPU, by the names of delegate's devices: "cpu:…", "edgetpu:…".
func usesCPU(d Device) bool {
	return d.Name != "edgetpu" && !strings.HasPrefix(d.Name, "edgetpu:")
}
