package failover

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/internal/panicerr"
	"corallite/tflite/tensor"
)

// TestCloseAtAnyTime closes the engine in each state; newRig checks that all engines are closed once, and goleak that
// no goroutine stays.
func TestCloseAtAnyTime(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r *rig)
	}{
		{"at once", func(*rig) {}},
		{"working", func(r *rig) { r.invoke() }},
		{"parked", func(r *rig) {
			r.invoke()
			r.Park("hot")
			r.invoke()
		}},
		{"waiting", func(r *rig) {
			r.invoke()
			r.primary.fault = runDeath
			r.invoke()
		}},
		{"waiting again", func(r *rig) {
			r.device.plan = []fault{openError, openWrong, openOther}
			r.primary.fault = runDeath
			r.invoke()
			r.invoke()
			r.invoke()
			r.advance(4 * time.Second)
		}},
		{"back, not used yet", func(r *rig) {
			r.invoke()
			r.primary.fault = runError
			r.invoke()
			r.advance(time.Second)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, with{})
			c.do(r)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if err := r.Invoke(context.Background()); !errors.Is(err, ErrClosed) {
				t.Errorf("Invoke after Close: %v", err)
			}
			r.Park("hot")
			r.Unpark()
			if s := r.Stats(); s.State != StateClosed {
				t.Errorf("state %s", s.State)
			}
			if r.Device().Name == "" || r.Input(0).Data != nil || r.Output(0).Data != nil || len(r.Outputs()) != 2 {
				t.Error("what is there after Close")
			}
		})
	}
}

// TestCloseWaitsForTheReference closes while a device on trial waits for frames to compare with.
func TestCloseWaitsForTheReference(t *testing.T) {
	r := newRig(t, with{unavailable: errNoDevice})
	r.invoke()
	r.settle()
	if s := r.Stats(); s.State != StateTrial {
		t.Errorf("state %s", s.State)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestCloseDuringOpen closes while Open is under way: its context ends, and what it opens all the same is closed.
func TestCloseDuringOpen(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		opening := make(chan struct{})
		device := &fakeDevice{model: &model{}, clock: clocktest.New(time.Unix(1e9, 0))}
		r := newRig(t, with{device: device, unavailable: errNoDevice, options: Options{
			Open: func(ctx context.Context) (tensor.Engine, error) {
				close(opening)
				<-ctx.Done()
				if deaf {
					return device.engine(), nil
				}
				return nil, ctx.Err()
			},
		}})
		<-opening
		if s := r.Stats(); s.State != StateOpening {
			t.Errorf("state %s", s.State)
		}
		for range DefaultTrial {
			r.invoke() // does not wait for it
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		device.check(t)
	}
}

// TestCloseDuringTrial ends the context of the trial's run.
func TestCloseDuringTrial(t *testing.T) {
	running := make(chan struct{})
	device := &fakeDevice{model: &model{}, clock: clocktest.New(time.Unix(1e9, 0))}
	r := newRig(t, with{device: device, unavailable: errNoDevice, options: Options{
		Open: func(ctx context.Context) (tensor.Engine, error) {
			e := device.engine()
			e.onInvoke = func(ctx context.Context) error {
				close(running)
				<-ctx.Done()
				return ctx.Err()
			}
			return e, nil
		},
	}})
	for range DefaultTrial {
		r.invoke()
	}
	<-running
	if d := r.Device(); !d.Degraded {
		t.Errorf("device %+v", d)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	device.check(t)
}

// TestOthersDoNotWaitForARun asks for all that others may ask for while a run is stuck, and has Close wait for it.
func TestOthersDoNotWaitForARun(t *testing.T) {
	for _, failing := range []bool{false, true} {
		r := newRig(t, with{})
		r.invoke()
		running, goOn := make(chan struct{}), make(chan struct{})
		r.primary.onInvoke = func(context.Context) error {
			close(running)
			<-goOn
			if failing {
				return errFake
			}
			return nil
		}
		r.fill()
		done := r.start(context.Background())
		<-running
		if d := r.Device(); d.Name != deviceName || r.Stats().State != StateWorking {
			t.Errorf("device %+v", d)
		}
		r.Park("hot")
		r.Unpark()
		var closing sync.WaitGroup
		for range 2 {
			closing.Add(1)
			go func() {
				defer closing.Done()
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}()
		}
		until(t, "Close to begin", func() bool { return r.Stats().State == StateClosed })
		if r.primary.closed.Load() != 0 || r.fallback.closed.Load() != 0 {
			t.Error("closed under a run")
		}
		close(goOn)
		if err := <-done; err != nil { // the frame is finished
			t.Error(err)
		}
		closing.Wait()
	}
}

// TestCloseErrors gives what the engines say when they are closed, and survives a panic there.
func TestCloseErrors(t *testing.T) {
	m := &model{}
	d := &fakeDevice{model: m, clock: clocktest.New(time.Unix(1e9, 0))}
	e, err := New(closesBadly{d.engine(), nil}, nil, Options{Open: d.open, Fallback: closesBadly{m.engine(fallbackName), errFake}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Close(); !errors.Is(err, errFake) || !errors.As(err, new(*panicerr.Error)) {
			t.Errorf("error %v", err)
		}
	}
	m.check(t)
}

type closesBadly struct {
	*fakeEngine
	err error // nil: a panic
}

func (c closesBadly) Close() error {
	_ = c.fakeEngine.Close() // it has none
	if c.err == nil {
		panic("in Close")
	}
	return c.err
}
