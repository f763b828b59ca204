package failover

import (
	"errors"

	"corallite/internal/panicerr"
)

// recovery gets the device back. lost is the engine that failed, or nil. It returns when the device is back or the
// Engine is closed.
func (e *Engine) recovery(lost *unit) {
	defer e.background.Done()
	// Before it is opened again: a device serves one engine.
	e.closeUnused(lost)
	for e.backoff.wait(e.work) == nil {
		epoch := e.backoff.epoch.Load()
		u, rejected, err := e.try()
		if e.work.Err() != nil {
			e.closeUnused(u)
			return
		}
		if err == nil {
			u.epoch = epoch
			e.backoff.works(epoch)
			e.takeBack(u)
			return
		}
		e.failedAgain(causeOf(err), rejected, e.backoff.failed(epoch))
	}
}

// closeUnused closes an engine that will not run the model; nil is safe.
func (e *Engine) closeUnused(u *unit) {
	if err := u.close(); err != nil {
		e.log.Debug("the device's engine did not close in order", "error", err)
	}
}

// try opens the device and puts it on trial. An engine that does not pass is closed.
func (e *Engine) try() (u *unit, rejected bool, err error) {
	e.enter(StateOpening)
	e.counts.tries.Add(1)
	if u, err = e.open(); err != nil {
		return nil, false, err
	}
	e.enter(StateTrial)
	if err = e.trial(u); err != nil {
		e.closeUnused(u)
		return nil, true, err
	}
	return u, false, nil
}

func (e *Engine) open() (u *unit, err error) {
	defer panicerr.Recover(&err, "the engine")
	opened, err := e.o.Open(e.work)
	if err != nil {
		return nil, err
	}
	if opened == nil {
		return nil, errors.New("opening the device gave no engine")
	}
	return &unit{Engine: opened}, nil
}

// enter says what is done to get the device back.
func (e *Engine) enter(phase State) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.phase = phase
}
