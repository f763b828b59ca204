package failover

import (
	"errors"
	"testing"

	"corallite/tflite/tensor"
)

// begins checks that the next run is on that device, and the first of a sequence.
func (r *rig) begins(on string) {
	r.t.Helper()
	if got := r.invoke(); got != on {
		r.t.Fatalf("ran on %s, not %s", got, on)
	}
	want, _ := answer([][]byte{r.Input(0).Data, r.Input(1).Data}, 0)
	r.answered(want)
}

// TestReset begins sequences on the device, on the fallback, and again on the device that came back.
func TestReset(t *testing.T) {
	r := newRig(t, with{stateful: true})
	reset := func() {
		t.Helper()
		if err := r.Reset(); err != nil {
			t.Fatal(err)
		}
	}
	reset()
	for range 2 {
		r.begins(deviceName)
		r.invoke()
		reset()
		if r.Output(0).Data != nil {
			t.Error("there are outputs without a run")
		}
	}
	r.begins(deviceName)
	r.Park("hot")
	r.begins(fallbackName)
	r.invoke()
	reset()
	r.begins(fallbackName)
	r.Unpark()
	r.begins(deviceName)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Reset(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// unresettable is an engine whose state can not be reset.
type unresettable struct{ tensor.Engine }

func (unresettable) Reset() error { return errFake }

// TestResetFails loses a device that can not be reset.
func TestResetFails(t *testing.T) {
	r := newRig(t, with{stateful: true, wrap: func(e tensor.Engine) tensor.Engine { return unresettable{e} }})
	r.begins(deviceName)
	if err := r.Reset(); err != nil {
		t.Fatal(err)
	}
	r.begins(fallbackName)
	if why := r.Device().Reason; why == "" {
		t.Error("the fallback runs the model for no reason")
	}
}
