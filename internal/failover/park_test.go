package failover

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPark(t *testing.T) {
	r := newRig(t, with{})
	r.invoke()
	r.Park("the Edge TPU is\n84 °C")
	r.Park("the Edge TPU is 85 °C")
	if d := r.Device(); d.Degraded {
		t.Errorf("device %+v before the next run", d)
	}
	r.invoke()
	if d := r.Device(); d.Name != fallbackName || d.Reason != "the Edge TPU is 85 °C" {
		t.Errorf("device %+v", d)
	}
	r.clock.Advance(time.Minute)
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
	if on := r.invoke(); on != fallbackName || r.Device().Reason != "it is hot" {
		t.Errorf("ran on %s: %+v", on, r.Device())
	}
	r.Unpark()
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
}
