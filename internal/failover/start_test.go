package failover

import (
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/tflite/tensor"
)

// TestStartsWithoutDevice is tried at once, and compares with the fallback.
func TestStartsWithoutDevice(t *testing.T) {
	r := newRig(t, with{unavailable: errNoDevice})
	if d := r.Device(); d != (tensor.Device{Name: fallbackName, Degraded: true, Reason: errNoDevice.Error(), Wanted: true}) {
		t.Errorf("device %+v", d)
	}
	r.settle()
	if len(r.device.opened) != 1 || r.Stats().State != StateTrial {
		t.Fatalf("opened at %v, stats %+v", r.device.opened, r.Stats())
	}
	for range DefaultTrial {
		if on := r.invoke(); on != fallbackName {
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
	if n := len(r.firsts.device); n != 2 || r.firsts.fallback != nil {
		t.Errorf("%d runs of the device are kept, and %d of the fallback", n, len(r.firsts.fallback))
	}
}

// TestWrongFromTheStart has a device that has never run here come back with wrong answers.
func TestWrongFromTheStart(t *testing.T) {
	device := &fakeDevice{model: &model{}, clock: clocktest.New(time.Unix(1e9, 0)), plan: []fault{openError, openWrong}}
	r := newRig(t, with{unavailable: errNoDevice, device: device})
	for range DefaultTrial {
		r.invoke()
	}
	r.advance(time.Second)
	r.mu.Lock()
	last := r.changes[len(r.changes)-1]
	r.mu.Unlock()
	if last.Kind != Rejected || !strings.Contains(last.Reason, "output 0 (scores) is") || !strings.Contains(last.Reason, "steps from the fallback's") {
		t.Errorf("change %+v", last)
	}
	if on := r.invoke(); on != fallbackName || r.Device().Reason != errNoDevice.Error() {
		t.Errorf("ran on %s, device %+v", on, r.Device())
	}
	r.advance(2 * time.Second)
	if on := r.invoke(); on != deviceName {
		t.Errorf("ran on %s", on)
	}
	if got := r.kinds(); !slices.Equal(got, []Kind{OpenFailed, Rejected, Restored}) {
		t.Errorf("changes %v", got)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	device.check(t)
}
