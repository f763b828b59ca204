package failover

import "corallite/tflite/tensor"

var _ tensor.Resetter = (*Engine)(nil)

// Reset begins a new sequence of runs, on whatever makes the next one; an engine that is no [tensor.Resetter] goes on
// with what it remembers. A device that can not be reset is lost, as one that can not run. What runs the model otherwise
// later begins anew in any case.
func (e *Engine) Reset() error {
	e.running.Lock()
	defer e.running.Unlock()
	if e.closed.Load() {
		return ErrClosed
	}
	device, _ := e.choose()
	e.last = nil
	if device != nil {
		err := device.reset()
		if err == nil {
			return nil
		}
		if _, err := e.lose(device, err); err != nil {
			return err
		}
	}
	if e.fallback != nil {
		return e.fallback.reset()
	}
	return nil // what comes back was reset after its trial
}
