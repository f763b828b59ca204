package failover

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// start runs a frame in the background; the inputs are written and want is their answer.
func (r *rig) start(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.Invoke(ctx) }()
	return done
}

// TestWithoutFallback waits for the device and runs the frame again there, also when the first tries fail.
func TestWithoutFallback(t *testing.T) {
	r := newRig(t, with{noFallback: true})
	r.invoke()
	r.Park("hot") // there is nowhere to go
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
	r.device.plan = []fault{openError, openWrong, openSlow}
	for _, f := range runFaults {
		want := r.fill()
		r.Engine.device.Engine.(*fakeEngine).fault = f
		done := r.start(context.Background())
		var err error
		for waits := true; waits; {
			select {
			case err = <-done:
				waits = false
			case <-time.After(20 * time.Microsecond):
				r.giveUpOrNext(t)
			}
		}
		if err != nil {
			t.Fatalf("%v: %v", f, err)
		}
		r.answered(want)
		if d := r.Device(); d.Degraded || d.Name != deviceName {
			t.Errorf("device %+v", d)
		}
	}
	if s := r.Stats(); s.Failovers != 4 || s.Restores != 4 || s.Tries != 6 || s.Rejected != 1 || s.FallbackRuns != 0 || s.Errors != 4 {
		t.Errorf("stats %+v", s)
	}
}

// giveUpOrNext moves the clock to the next try of the device, once that waits, and never to the end of patience.
func (r *rig) giveUpOrNext(t *testing.T) {
	t.Helper()
	if s := r.Stats(); s.State == StateWaiting {
		r.clock.Next(s.Next)
	}
}

// TestFailsOnTheWayBack has the device fail in the very run that waited for it.
func TestFailsOnTheWayBack(t *testing.T) {
	r := newRig(t, with{noFallback: true})
	r.invoke()
	want := r.fill()
	r.primary.fault = runError
	failed := false
	r.o.OnChange = func(c Change) {
		if c.Kind == Restored && !failed {
			failed = true
			r.device.model.mu.Lock()
			defer r.device.model.mu.Unlock()
			r.device.model.engines[len(r.device.model.engines)-1].fault = runDeath
		}
	}
	done := r.start(context.Background())
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			r.answered(want)
			if s := r.Stats(); s.Failovers != 2 || s.Restores != 2 || !failed {
				t.Errorf("stats %+v", s)
			}
			return
		case <-time.After(20 * time.Microsecond):
			r.giveUpOrNext(t)
		}
	}
}

func TestGivesUp(t *testing.T) {
	r := newRig(t, with{noFallback: true, options: Options{GiveUp: 500 * time.Millisecond}})
	r.invoke()
	want := r.fill()
	r.primary.fault = runDeath
	done := r.start(context.Background())
	until(t, "both waits", func() bool { return r.clock.Waiting() == 2 })
	r.clock.Advance(500 * time.Millisecond)
	err := <-done
	if !errors.Is(err, errFake) || !strings.Contains(err.Error(), "has not come back in 500ms, and there is no fallback") {
		t.Errorf("error %v", err)
	}
	// The frame is kept: it is run when the device is back.
	r.advance(500 * time.Millisecond)
	if err := r.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.answered(want)
	if s := r.Stats(); s.Errors != 2 || s.Restores != 1 || s.Degraded != time.Second {
		t.Errorf("stats %+v", s)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	r := newRig(t, with{noFallback: true, options: Options{GiveUp: -1}})
	r.invoke()
	r.fill()
	r.primary.fault = runError
	ctx, cancel := context.WithCancel(context.Background())
	done := r.start(ctx)
	until(t, "the wait", func() bool { return r.clock.Waiting() == 1 }) // only for the next try: there is no end of patience
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	// What the caller writes meanwhile is kept too.
	want := r.fill()
	r.advance(time.Second)
	if err := r.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.answered(want)
}

func TestWaitingEndsWithClose(t *testing.T) {
	r := newRig(t, with{noFallback: true})
	r.invoke()
	r.fill()
	r.primary.fault = runError
	done := r.start(context.Background())
	until(t, "the wait", func() bool { return r.clock.Waiting() == 2 })
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

// TestFirstRunFails leaves nothing to compare with: the device comes back after runs without an error.
func TestFirstRunFails(t *testing.T) {
	r := newRig(t, with{noFallback: true})
	want := r.fill()
	r.primary.fault = runError
	r.device.plan = []fault{openFaulty}
	done := r.start(context.Background())
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			r.answered(want)
			if s := r.Stats(); s.Rejected != 1 || s.Restores != 1 {
				t.Errorf("stats %+v", s)
			}
			return
		case <-time.After(20 * time.Microsecond):
			r.giveUpOrNext(t)
		}
	}
}
