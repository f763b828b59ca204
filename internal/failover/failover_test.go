package failover

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/internal/pipetest"
	"corallite/tflite/tensor"
)

// TestOverAndBack takes each kind of failure through the whole diagram.
func TestOverAndBack(t *testing.T) {
	for _, f := range runFaults {
		t.Run(f.String(), func(t *testing.T) {
			r := newRig(t, with{})
			for range 5 {
				if on := r.invoke(); on != deviceName {
					t.Fatalf("ran on %s", on)
				}
			}
			r.primary.fault = f
			if on := r.invoke(); on != fallbackName {
				t.Fatalf("the frame in hand ran on %s", on)
			}
			if reason := r.Device().Reason; !strings.Contains(reason, "fake fault") {
				t.Errorf("reason %q", reason)
			}
			r.settle()
			if n := r.primary.closed.Load(); n != 1 {
				t.Errorf("the lost engine was closed %d times", n)
			}
			s := r.Stats()
			if s.State != StateWaiting || s.Next != r.clock.Now().Add(time.Second) || s.Reason != r.Device().Reason {
				t.Errorf("stats %+v", s)
			}
			r.advance(999 * time.Millisecond)
			if on := r.invoke(); on != fallbackName || len(r.device.opened) > 0 {
				t.Fatalf("ran on %s; opened at %v, too early", on, r.device.opened)
			}
			r.advance(time.Millisecond)
			// The device is back, but no frame has run on it yet.
			if s := r.Stats(); s.State != StateWorking || s.Reason != "" || !r.Device().Degraded {
				t.Errorf("stats %+v, device %+v", s, r.Device())
			}
			if on := r.invoke(); on != deviceName {
				t.Fatalf("ran on %s after the trial", on)
			}
			s = r.Stats()
			want := Stats{
				State: StateWorking, Runs: 8, DeviceRuns: 6, FallbackRuns: 2, Errors: 1, Failovers: 1, Restores: 1, Tries: 1,
				Degraded: time.Second,
			}
			if s != want {
				t.Errorf("stats %+v, want %+v", s, want)
			}
			if got := r.kinds(); !slices.Equal(got, []Kind{Failover, Restored}) {
				t.Errorf("changes %v", got)
			}
		})
	}
}

// TestTries lets opening fail in each way and the device come back then.
func TestTries(t *testing.T) {
	for _, c := range []struct {
		fault  fault
		kind   Kind
		reason string
	}{
		{openError, OpenFailed, "it is not there"},
		{openPanic, OpenFailed, "the engine panicked: open"},
		{openNothing, OpenFailed, "opening the device gave no engine"},
		{openWrong, Rejected, "run 1 of 3 on trial failed: output 0 (scores) is wrong: 8 of 8 bytes differ"},
		{openOther, Rejected, "other tensors: input 0 is picture uint8[1,16] scale 0.25 zero 0, not picture uint8[1,16] scale 0.5 zero 128"},
		{openFaulty, Rejected, "run 2 of 3 on trial failed: fake fault"},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			r := newRig(t, with{})
			r.invoke()
			r.device.plan = []fault{c.fault}
			r.primary.fault = runError
			r.invoke()
			r.advance(time.Second)
			r.mu.Lock()
			last := r.changes[len(r.changes)-1]
			r.mu.Unlock()
			if last.Kind != c.kind || !strings.Contains(last.Reason, c.reason) || last.Model != "coco" || last.Device != deviceName ||
				last.Next != r.clock.Now().Add(2*time.Second) {
				t.Errorf("change %+v", last)
			}
			s := r.Stats()
			if s.State != StateWaiting || s.Tries != 1 || (s.Rejected == 1) != (c.kind == Rejected) || s.Restores != 0 {
				t.Errorf("stats %+v", s)
			}
			// Events go on saying why the device was lost.
			if on := r.invoke(); on != fallbackName || !strings.Contains(r.Device().Reason, "fake fault: error") {
				t.Errorf("ran on %s, device %+v", on, r.Device())
			}
			r.advance(2 * time.Second)
			if on := r.invoke(); on != deviceName {
				t.Errorf("ran on %s", on)
			}
		})
	}
}

func TestBothFail(t *testing.T) {
	r := newRig(t, with{})
	r.invoke()
	r.fill()
	r.primary.fault, r.fallback.fault = runDeath, runPanic
	err := r.Invoke(context.Background())
	if !errors.Is(err, errFake) || !strings.Contains(err.Error(), "death") || !strings.Contains(err.Error(), fallbackName+" failed: the engine panicked") {
		t.Errorf("error %v", err)
	}
	if out := r.Output(0); out.Data != nil || len(r.Outputs()) != 2 {
		t.Errorf("outputs of a run that failed: %v, %v", out, r.Outputs())
	}
	// The fallback is tried with each frame, and the reason stays in the error.
	r.fallback.fault = runError
	if err := r.Invoke(context.Background()); err == nil || !strings.Contains(err.Error(), "death") {
		t.Errorf("error %v", err)
	}
	if on := r.invoke(); on != fallbackName {
		t.Errorf("ran on %s", on)
	}
	if s := r.Stats(); s.Errors != 3 || s.Failovers != 1 || s.Runs != 2 {
		t.Errorf("stats %+v", s)
	}
}

// TestOwnEnd ends the context of a run: that is no failure of the device, nor of the fallback.
func TestOwnEnd(t *testing.T) {
	r := newRig(t, with{})
	cut := func(e *fakeEngine) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		e.onInvoke = func(context.Context) error {
			cancel()
			return errors.New("the process was killed")
		}
		r.fill()
		if err := r.Invoke(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		e.onInvoke = nil
		if err := r.Invoke(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error of an ended context %v", err)
		}
	}
	cut(r.primary)
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
	r.primary.fault = runError
	r.invoke()
	cut(r.fallback)
	if on := r.invoke(); on != fallbackName {
		t.Errorf("ran on %s", on)
	}
	if s := r.Stats(); s.Errors != 1 || s.Failovers != 1 {
		t.Errorf("stats %+v", s)
	}
	// An engine that says so of itself has failed.
	r.advance(time.Second)
	r.invoke()
	r.mu.Lock()
	r.changes = nil
	r.mu.Unlock()
	r.Engine.device.Engine.(*fakeEngine).onInvoke = func(context.Context) error { return context.DeadlineExceeded }
	if on := r.invoke(); on != fallbackName || !slices.Equal(r.kinds(), []Kind{Failover}) {
		t.Errorf("ran on %s", on)
	}
}

// TestContract runs the suite for engines, in each state.
func TestContract(t *testing.T) {
	model := &model{}
	device := &fakeDevice{model: model, clock: clocktest.New(time.Unix(1e9, 0))}
	open := func(prepare func(primary *fakeEngine, e *Engine)) func() (tensor.Engine, error) {
		return func() (tensor.Engine, error) {
			primary := device.engine()
			e, err := New(primary, nil, Options{
				Open: device.open, Fallback: model.engine(fallbackName), Backoff: NewBackoff(BackoffOptions{Clock: device.clock}),
			})
			if err == nil {
				prepare(primary, e)
			}
			return e, err
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(primary *fakeEngine, e *Engine)
	}{
		{"working", func(*fakeEngine, *Engine) {}},
		{"parked", func(_ *fakeEngine, e *Engine) { e.Park("hot") }},
		{"failing", func(p *fakeEngine, _ *Engine) { p.fault = runError }},
	} {
		t.Run(c.name, func(t *testing.T) { pipetest.TestEngine(t, pipetest.EngineCase{Open: open(c.prepare)}) })
	}
	model.check(t)
}
