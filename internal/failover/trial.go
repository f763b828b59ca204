package failover

import (
	"fmt"
	"slices"

	"corallite/tflite/tensor"
)

// sample is one run: what went in and what came out.
type sample struct {
	begins  bool // the first of a sequence
	inputs  savedInputs
	outputs []tensor.Tensor
}

// firsts are the first runs of the model, as many as a trial has: the device's and, before it has done any, the
// fallback's. Samples do not change. Only Invoke adds some, which is why it may look without the lock.
type firsts struct {
	device, fallback []*sample
	enough           chan struct{} // closed when the fallback's are complete
}

// wantsSample says whether a run of u is to be a sample.
func (e *Engine) wantsSample(u *unit) bool {
	if u == e.fallback {
		return len(e.firsts.device) == 0 && len(e.firsts.fallback) < e.o.Trial
	}
	return !e.o.Verify && len(e.firsts.device) < e.o.Trial // else the fallback's are the right ones
}

// newSample copies the inputs, before the run.
func (e *Engine) newSample(u *unit) *sample {
	return &sample{begins: u.state == justReset, inputs: saveInputs(u, len(e.ports.inputs))}
}

// addOutputs adds the outputs, after the run.
func (e *Engine) addOutputs(u *unit, s *sample) {
	for i := range e.ports.outputs {
		t := u.Output(i)
		s.outputs = append(s.outputs, tensor.Tensor{Info: cloneInfo(t.Info), Data: slices.Clone(t.Data)})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if u != e.fallback {
		e.firsts.device, e.firsts.fallback = append(e.firsts.device, s), nil
		return
	}
	if len(e.firsts.fallback) >= e.o.Trial {
		return
	}
	if e.firsts.fallback = append(e.firsts.fallback, s); len(e.firsts.fallback) == e.o.Trial {
		close(e.firsts.enough)
	}
}

// reference gives the runs that the device must repeat, and whether to the bit. Where they are the fallback's it waits
// for them. There are none when there is nothing to compare with.
func (e *Engine) reference() (runs []*sample, exact bool, err error) {
	e.mu.Lock()
	runs = e.firsts.device
	e.mu.Unlock()
	if len(runs) > 0 || e.fallback == nil {
		return runs, true, nil
	}
	select {
	case <-e.firsts.enough:
	case <-e.work.Done():
		return nil, false, e.work.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.firsts.fallback, false, nil
}

// trial says why u must not run the model; nil when it answered rightly each time.
func (e *Engine) trial(u *unit) error {
	if err := e.ports.check(u); err != nil {
		return fmt.Errorf("the device came back with other tensors: %w", err)
	}
	runs, exact, err := e.reference()
	if err != nil {
		return err
	}
	for i := range e.o.Trial {
		if err := e.repeat(u, runs, i, exact); err != nil {
			return fmt.Errorf("the device came back, but run %d of %d on trial failed: %w", i+1, e.o.Trial, err)
		}
	}
	return u.reset()
}

// repeat is the trial's run i. Where there are fewer runs than the trial has they begin again.
func (e *Engine) repeat(u *unit, runs []*sample, i int, exact bool) error {
	if len(runs) == 0 {
		for i := range e.ports.inputs {
			clear(u.Input(i).Data)
		}
		return u.invoke(e.work)
	}
	s := runs[i%len(runs)]
	if s.begins {
		if err := u.reset(); err != nil {
			return err
		}
	}
	if err := copyInputs(u, s.inputs, len(e.ports.inputs)); err != nil {
		return err
	}
	if err := u.invoke(e.work); err != nil {
		return err
	}
	for i, want := range s.outputs {
		if err := e.compare(u.Output(i), want, exact); err != nil {
			return fmt.Errorf("output %d (%s) %w", i, want.Name, err)
		}
	}
	return nil
}
