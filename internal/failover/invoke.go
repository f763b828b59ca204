package failover

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Invoke runs the model once: on the device, or on the fallback when the device is lost, is parked, or fails now. It
// fails when both do, when there is no fallback and the device does not come back in time, and with ctx's error when that
// ends first.
func (e *Engine) Invoke(ctx context.Context) error {
	e.running.Lock()
	defer e.running.Unlock()
	if e.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var giveUp time.Time
	for {
		device, why := e.choose()
		if device != nil {
			lost, err := e.runDevice(ctx, device)
			if !lost {
				return err
			}
			if why, err = e.lose(device, err); err != nil {
				return err
			}
		}
		if e.fallback != nil {
			return e.runFallback(ctx, why)
		}
		if giveUp.IsZero() {
			giveUp = e.clock.Now().Add(e.o.GiveUp)
		}
		if err := e.await(ctx, giveUp, why); err != nil {
			return err
		}
	}
}

// choose gives the device's engine, or why it does not run now.
func (e *Engine) choose() (*unit, *cause) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.device == nil:
		return nil, e.lost
	case e.parked != nil:
		return nil, e.parked
	}
	return e.device, nil
}

// runDevice runs the model on the device. When that is lost the error says why; else it is nil or ctx's.
func (e *Engine) runDevice(ctx context.Context, device *unit) (lost bool, err error) {
	// Taken before the run: a failure that another engine counts meanwhile may be the one that the next run here sees.
	epoch := e.backoff.epoch.Load()
	err = e.runVerified(ctx, device)
	if err != nil {
		if ended := ctx.Err(); ended != nil {
			return false, ended
		}
		return true, err
	}
	if device.epoch != epoch {
		device.epoch = epoch
		e.backoff.works(epoch)
	}
	e.counts.device.Add(1)
	e.show(device.Device())
	return false, nil
}

// runVerified runs the model on the device, and the first few times on the fallback too, to compare the answers.
func (e *Engine) runVerified(ctx context.Context, device *unit) error {
	if !e.toVerify() {
		return e.run(ctx, device)
	}
	before, err := e.before(device)
	if err != nil {
		return err
	}
	if err := e.run(ctx, device); err != nil {
		return err
	}
	if err := e.verify(ctx, device, before); err != nil {
		if stuck := copyInputs(device, before.inputs, len(e.ports.inputs)); stuck != nil { // the fallback is to run them again
			return errors.Join(err, stuck)
		}
		return err
	}
	return nil
}

// before is what a run of the device begins with: the inputs brought to it, and whether they begin a sequence.
func (e *Engine) before(device *unit) (*sample, error) {
	if err := e.move(device); err != nil {
		return nil, err
	}
	return e.newSample(device), nil
}

// runFallback runs the model on the fallback, because of why.
func (e *Engine) runFallback(ctx context.Context, why *cause) error {
	if err := e.run(ctx, e.fallback); err != nil {
		if ended := ctx.Err(); ended != nil {
			return ended
		}
		e.counts.errors.Add(1)
		return fmt.Errorf("the device does not run (%w) and its fallback on %s failed: %w", why.err, e.fallback.Device().Name, err)
	}
	e.counts.fallback.Add(1)
	e.show(e.degradedDevice(why))
	return nil
}

// await returns when the device may be back, or why the frame cannot wait for it any longer.
func (e *Engine) await(ctx context.Context, giveUp time.Time, why *cause) error {
	var over <-chan time.Time // never
	if e.o.GiveUp > 0 {
		timer, stop := e.clock.After(giveUp.Sub(e.clock.Now()))
		defer stop()
		over = timer
	}
	select {
	case <-e.back:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-e.work.Done():
		return ErrClosed
	case <-over:
		e.counts.errors.Add(1)
		return fmt.Errorf("the device does not run (%w), has not come back in %v, and there is no fallback on the CPU: "+
			"put the CPU's model beside the compiled one", why.err, e.o.GiveUp)
	}
}

// run runs u on the inputs that the caller wrote. The first runs are kept for trials.
func (e *Engine) run(ctx context.Context, u *unit) error {
	e.last = nil
	if err := e.move(u); err != nil {
		return err
	}
	var kept *sample
	if e.wantsSample(u) {
		kept = e.newSample(u)
	}
	if err := u.invoke(ctx); err != nil {
		return err
	}
	e.last = u
	if kept != nil {
		e.addOutputs(u, kept)
	}
	return nil
}

// move brings the inputs to u, which begins a new sequence if it did not do the last run.
func (e *Engine) move(u *unit) error {
	if e.front == memory(u) && u.state != interrupted {
		return nil
	}
	if err := u.reset(); err != nil {
		if u != e.fallback {
			return err
		}
		// A stale state is better than no frame.
		e.log.Warn("the fallback goes on with what it remembers", "device", u.Device().Name, "error", err)
	}
	if e.front == memory(u) {
		return nil
	}
	if err := copyInputs(u, e.front, len(e.ports.inputs)); err != nil {
		return err
	}
	e.front = u
	return nil
}

// lose gives the device up after a failure, brings the inputs to where they are safe, and has the device got back in
// the background. It returns why the device does not run from now on; an error says that the frame is lost.
func (e *Engine) lose(device *unit, failure error) (*cause, error) {
	why := causeOf(failure)
	e.counts.errors.Add(1)
	e.last = nil
	var stuck error
	if e.fallback != nil {
		stuck = e.move(e.fallback)
	} else if e.front == memory(device) {
		e.front = saveInputs(device, len(e.ports.inputs))
	}
	e.setLost(why, e.backoff.failed(device.epoch))
	// The inputs are out of it, so it may be closed there.
	e.background.Add(1)
	go e.recovery(device)
	if stuck != nil {
		return nil, fmt.Errorf("the device does not run (%w) and the frame cannot move to its fallback: %w", failure, stuck)
	}
	return why, nil
}
