package pipeline

import (
	"errors"
	"fmt"
)

// setUp checks the Stream and creates its channels. Nothing runs yet.
func (r *run[T]) setUp() error {
	if err := r.s.check(); err != nil {
		return err
	}
	r.live = r.s.Source.Live()
	stats := StatsOf(r.s.Source)
	r.goesOn = r.live || stats.Endless
	r.newest = r.live && !stats.Buffered
	if r.sinkRetry <= 0 {
		r.sinkRetry = DefaultSinkRetry
	}
	window := 0
	for i := range r.s.Models {
		s := newModelStage(r, i)
		r.stages = append(r.stages, s)
		window = max(window, cap(s.queue))
	}
	// Two more items than the stages hold may wait for a slow engine or a blocking sink; each occupies an item's
	// memory.
	window += 2
	r.free = make(chan *workItem[T], window)
	r.done = make(chan *workItem[T], window)
	for range window {
		r.free <- newWorkItem[T](len(r.stages))
	}
	r.feed = make(chan timedItem[T], 1)
	seen := map[string]int{}
	for _, n := range r.s.Sinks {
		r.sinks = append(r.sinks, newSinkQueue(n, uniqueName(n.Name, seen), r.live))
	}
	return nil
}

// uniqueName numbers duplicate names: "jsonl", "jsonl#2".
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

// check returns all problems of the Stream.
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
		switch {
		case m == nil:
			errs = append(errs, fmt.Errorf("model %d is nil", i))
			continue
		case names[m.name]:
			errs = append(errs, fmt.Errorf("two models are named %s", m.name))
		}
		names[m.name] = true
	}
	for i, n := range s.Sinks {
		if n.Sink == nil {
			errs = append(errs, fmt.Errorf("sink %d (%s) is nil", i, n.Name))
		}
		if n.Queue < 0 {
			errs = append(errs, fmt.Errorf("sink %d (%s): invalid queue length %d", i, n.Name, n.Queue))
		}
	}
	return errors.Join(errs...)
}
