package failover

import (
	"context"
	"fmt"
)

// verify runs the fallback on what the device has just answered, and says how the answers differ; s has the inputs of the run,
// as they were before it. The fallback's answers are kept for trials.
func (e *Engine) verify(ctx context.Context, device *unit, s *sample) error {
	if s.begins {
		if err := e.fallback.reset(); err != nil {
			return nil // with another state behind it the fallback's answer says nothing
		}
	}
	if err := copyInputs(e.fallback, s.inputs, len(e.ports.inputs)); err != nil {
		return err
	}
	answer := *s
	if err := e.fallback.invoke(ctx); err != nil {
		e.log.Warn("the device's answers cannot be compared with the CPU's, which fails", "error", err)
		e.verified = e.o.Trial
		return nil
	}
	e.addOutputs(e.fallback, &answer)
	for i, want := range answer.outputs {
		if err := e.compare(device.Output(i), want, false); err != nil {
			return &wrongAnswer{device.Device().Name, fmt.Errorf("output %d (%s) %w", i, want.Name, err)}
		}
	}
	e.verified++
	return nil
}

// wrongAnswer is a device that answered otherwise than the CPU.
type wrongAnswer struct {
	device string
	err    error
}

func (w *wrongAnswer) Error() string {
	return fmt.Sprintf("%s gives other answers than the CPU: %v", w.device, w.err)
}

func (w *wrongAnswer) Unwrap() error { return w.err }

// Reason is the error, whole.
func (w *wrongAnswer) Reason() string { return w.Error() }

// toVerify says whether a device's run is to be compared with the fallback's.
func (e *Engine) toVerify() bool { return e.o.Verify && e.fallback != nil && e.verified < e.o.Trial }
