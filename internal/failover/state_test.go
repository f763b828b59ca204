package failover

import (
	"slices"
	"testing"
	"time"
)

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
	first(fallbackName)
	next()
	r.advance(time.Second)
	first(deviceName)
	next()
	if n := len(r.firsts.device); n != 3 || !r.firsts.device[0].begins || r.firsts.device[1].begins || !r.firsts.device[2].begins {
		t.Errorf("kept %d runs", n)
	}
	r.Park("hot")
	first(fallbackName)
	next()
	r.Unpark()
	first(deviceName)
	next()
	device := r.Engine.device.Engine.(*fakeEngine)
	device.fault = runError
	first(fallbackName)
	r.advance(time.Second * 2)
	first(deviceName)
	if s := r.Stats(); s.Rejected != 0 || s.Restores != 2 {
		t.Errorf("stats %+v", s)
	}
}
