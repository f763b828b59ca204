package failover

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/pipeline/pipetest"
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
			if on := r.invoke(); on != twinName {
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
			if on := r.invoke(); on != twinName || len(r.device.opened) > 0 {
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
				State: StateWorking, Runs: 8, DeviceRuns: 6, TwinRuns: 2, Errors: 1, Failovers: 1, Restores: 1, Tries: 1,
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
		{openError, Tried, "it is not there"},
		{openPanic, Tried, "the engine panicked: open"},
		{openNothing, Tried, "opening the device gave no engine"},
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
			if on := r.invoke(); on != twinName || !strings.Contains(r.Device().Reason, "fake fault: error") {
				t.Errorf("ran on %s, device %+v", on, r.Device())
			}
			r.advance(2 * time.Second)
			if on := r.invoke(); on != deviceName {
				t.Errorf("ran on %s", on)
			}
		})
	}
}

// TestStartsWithoutDevice is tried at once, and compares with the twin.
func TestStartsWithoutDevice(t *testing.T) {
	r := newRig(t, with{unavailable: errNoDevice})
	if d := r.Device(); d != (tensor.Device{Name: twinName, Degraded: true, Reason: errNoDevice.Error()}) {
		t.Errorf("device %+v", d)
	}
	r.settle()
	if len(r.device.opened) != 1 || r.Stats().State != StateTrial {
		t.Fatalf("opened at %v, stats %+v", r.device.opened, r.Stats())
	}
	for range DefaultTrial {
		if on := r.invoke(); on != twinName {
			t.Fatalf("ran on %s before the trial", on)
		}
	}
	r.settle()
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s after the trial", on)
	}
	if s := r.Stats(); s.Failovers != 0 || s.Restores != 1 || s.Degraded != 0 || s.Errors != 0 {
		t.Errorf("stats %+v", s)
	}
	// From now on the device's own first runs count.
	r.invoke()
	if n := len(r.firsts.device); n != 2 || r.firsts.twin != nil {
		t.Errorf("%d runs of the device are kept, and %d of the twin", n, len(r.firsts.twin))
	}
}

// TestWrongFromTheStart has a device that has never run here come back with wrong answers.
func TestWrongFromTheStart(t *testing.T) {
	device := &fakeDevice{model: &model{}, clock: newFakeClock(), plan: []fault{openError, openWrong}}
	r := newRig(t, with{unavailable: errNoDevice, device: device})
	for range DefaultTrial {
		r.invoke()
	}
	r.advance(time.Second)
	r.mu.Lock()
	last := r.changes[len(r.changes)-1]
	r.mu.Unlock()
	if last.Kind != Rejected || !strings.Contains(last.Reason, "output 0 (scores) is") || !strings.Contains(last.Reason, "steps from the twin's") {
		t.Errorf("change %+v", last)
	}
	if on := r.invoke(); on != twinName || r.Device().Reason != errNoDevice.Error() {
		t.Errorf("ran on %s, device %+v", on, r.Device())
	}
	r.advance(2 * time.Second)
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
	if got := r.kinds(); !slices.Equal(got, []Kind{Tried, Rejected, Restored}) {
		t.Errorf("changes %v", got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	device.check(t)
}

func TestBothFail(t *testing.T) {
	r := newRig(t, with{})
	r.invoke()
	r.fill()
	r.primary.fault, r.twin.fault = runDeath, runPanic
	err := r.Invoke(context.Background())
	if !errors.Is(err, errFake) || !strings.Contains(err.Error(), "death") || !strings.Contains(err.Error(), twinName+" failed: the engine panicked") {
		t.Errorf("error %v", err)
	}
	if out := r.Output(0); out.Data != nil || len(r.Outputs()) != 2 {
		t.Errorf("outputs of a run that failed: %v, %v", out, r.Outputs())
	}
	// The twin is tried with each frame, and the reason stays in the error.
	r.twin.fault = runError
	if err := r.Invoke(context.Background()); err == nil || !strings.Contains(err.Error(), "death") {
		t.Errorf("error %v", err)
	}
	if on := r.invoke(); on != twinName {
		t.Errorf("ran on %s", on)
	}
	if s := r.Stats(); s.Errors != 3 || s.Failovers != 1 || s.Runs != 2 {
		t.Errorf("stats %+v", s)
	}
}

// TestOwnEnd ends the context of a run: that is no failure of the device, nor of the twin.
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
	cut(r.twin)
	if on := r.invoke(); on != twinName {
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
	if on := r.invoke(); on != twinName || !slices.Equal(r.kinds(), []Kind{Failover}) {
		t.Errorf("ran on %s", on)
	}
}

func TestPark(t *testing.T) {
	r := newRig(t, with{})
	r.invoke()
	r.Park("the Edge TPU is\n84 °C")
	r.Park("the Edge TPU is 85 °C")
	if d := r.Device(); d.Degraded {
		t.Errorf("device %+v before the next run", d)
	}
	r.invoke()
	if d := r.Device(); d.Name != twinName || d.Reason != "the Edge TPU is 85 °C" {
		t.Errorf("device %+v", d)
	}
	r.clock.pass(time.Minute)
	if s := r.Stats(); s.State != StateParked || s.Reason != r.Device().Reason || s.Degraded != time.Minute || s.Failovers != 0 || s.Errors != 0 {
		t.Errorf("stats %+v", s)
	}
	if r.primary.closed.Load() != 0 {
		t.Error("the parked engine was closed")
	}
	r.Unpark()
	r.Unpark()
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
	if got := r.kinds(); !slices.Equal(got, []Kind{Parked, Unparked}) || len(r.device.opened) > 0 {
		t.Errorf("changes %v, opened %v", got, r.device.opened)
	}

	// Parked while it is lost: it is got back, and stands.
	r.primary.fault = runError
	r.invoke()
	r.Park("it is hot")
	r.invoke()
	if reason := r.Device().Reason; !strings.Contains(reason, "fake fault") {
		t.Errorf("reason %q", reason)
	}
	r.advance(time.Second)
	if s := r.Stats(); s.State != StateParked || s.Reason != "it is hot" {
		t.Errorf("stats %+v", s)
	}
	if on := r.invoke(); on != twinName || r.Device().Reason != "it is hot" {
		t.Errorf("ran on %s: %+v", on, r.Device())
	}
	r.Unpark()
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
}

// TestState is about a model that carries state: each engine begins a sequence when the model moves to it, and the
// trial repeats one from its beginning.
func TestState(t *testing.T) {
	r := newRig(t, with{stateful: true})
	first := func(on string) {
		t.Helper()
		if got := r.invoke(); got != on {
			t.Fatalf("ran on %s, not %s", got, on)
		}
		in := [][]byte{r.Input(0).Data, r.Input(1).Data}
		want, _ := answer(in, 0)
		r.answered(want)
	}
	next := func() {
		t.Helper()
		r.invoke()
		in := [][]byte{r.Input(0).Data, r.Input(1).Data}
		if without, _ := answer(in, 0); slices.Equal(without[0], r.Output(0).Data) {
			t.Fatal("the state has no effect")
		}
	}
	first(deviceName)
	next()
	r.primary.fault = runError // before the trial's runs are complete: they are repeated from the beginning
	first(twinName)
	next()
	r.advance(time.Second)
	first(deviceName)
	next()
	if n := len(r.firsts.device); n != 3 || !r.firsts.device[0].begins || r.firsts.device[1].begins || !r.firsts.device[2].begins {
		t.Errorf("kept %d runs", n)
	}
	r.Park("hot")
	first(twinName)
	next()
	r.Unpark()
	first(deviceName)
	next()
	device := r.Engine.device.Engine.(*fakeEngine)
	device.fault = runError
	first(twinName)
	r.advance(time.Second * 2)
	first(deviceName)
	if s := r.Stats(); s.Rejected != 0 || s.Restores != 2 {
		t.Errorf("stats %+v", s)
	}
}

// TestContract runs the suite for engines, in each state.
func TestContract(t *testing.T) {
	model := &model{}
	device := &fakeDevice{model: model, clock: newFakeClock()}
	open := func(prepare func(primary *fakeEngine, e *Engine)) func() (tensor.Engine, error) {
		return func() (tensor.Engine, error) {
			primary := device.engine()
			e, err := New(primary, nil, Options{
				Open: device.open, Twin: model.engine(twinName), Backoff: NewBackoff(BackoffOptions{Clock: device.clock}),
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

func TestNew(t *testing.T) {
	m := &model{}
	d := &fakeDevice{model: m, clock: newFakeClock()}
	other := m.engine(twinName)
	other.inputs[0].Shape = []int{1, 4, 4}
	fewer := m.engine(twinName)
	fewer.outputs = fewer.outputs[:1]
	typed := m.engine(twinName)
	typed.outputs[0].Type = tensor.Int8
	shaped := m.engine(twinName) // known after a run
	shaped.outputs[1].Shape = []int{3}
	for _, c := range []struct {
		name    string
		primary tensor.Engine
		o       Options
		want    string // "": no error
	}{
		{"no Open", d.engine(), Options{Twin: m.engine(twinName)}, "Options.Open is nil"},
		{"nothing", nil, Options{Open: d.open}, "model x: no Edge TPU found; and it has no twin to run on the CPU"},
		{"another input", d.engine(), Options{Open: d.open, Twin: other}, "input 0 is picture uint8[1,16] scale 0.5 zero 128, not picture uint8[1,4,4]"},
		{"fewer outputs", d.engine(), Options{Open: d.open, Twin: fewer}, "2 inputs and 2 outputs, not 2 and 1"},
		{"another type", d.engine(), Options{Open: d.open, Twin: typed}, "output 0 is scores uint8[1,8], not scores int8[1,8]"},
		{"another size", d.engine(), Options{Open: d.open, Twin: shaped}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Name = "x"
			e, err := New(c.primary, errNoDevice, c.o)
			switch {
			case c.want == "" && err == nil:
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			case err == nil || c.want == "" || !strings.Contains(err.Error(), c.want):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain", "plain"},
		{"two\n\n  lines\t of \x1b[31m it\n", "two; lines of [31m it"},
		{"", "no reason was given"},
		{"bad \xff byte", "bad � byte"},
		{strings.Repeat("é", 300), strings.Repeat("é", 199) + "…"},
	} {
		if got := reasonOf(errors.New(c.text)); got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
	wrapped := errors.Join(errors.New("model x on usb:2-1"), knownReason{})
	if got := reasonOf(wrapped); got != "the Edge TPU process died" {
		t.Errorf("reason %q", got)
	}
}

type knownReason struct{}

func (knownReason) Error() string  { return "isolate: pid 12: signal 6" }
func (knownReason) Reason() string { return "the Edge TPU process died" }
