package devicepool_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/tflite/tensor"
)

// TestOnDevice runs a model on a simulated stick, in a child: the answers are the CPU's.
func TestOnDevice(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	e := b.open(f, devicepool.Request{})[0]
	if d := e.Device(); d != (tensor.Device{Name: "edgetpu:usb:2-1", Kind: "edgetpu", LeavesCPUFree: true}) {
		t.Fatalf("device %+v", d)
	}
	for seed := range uint64(10) {
		if run(t, e, seed) != want(seed) {
			t.Fatalf("run %d answers wrongly", seed)
		}
	}
	all := b.Summaries()
	if len(all) != 1 || all[0].Name != "edgetpu:usb:2-1" || all[0].Runs != 10 || all[0].Errors != 0 || all[0].BusySeconds <= 0 {
		t.Errorf("summaries %+v", all)
	}
	if got := strings.Count(b.log.String(), `msg="the Edge TPU runs the model"`); got != 1 {
		t.Errorf("said %d times what runs the model", got)
	}
}

// TestFaults lets everything happen to a device that happens to them: no frame is lost, every answer is right, and the
// device comes back.
func TestFaults(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	for _, c := range []struct {
		name   string
		fault  simtest.Fault
		reason string
	}{
		{"error", simtest.Fault{Kind: simtest.Error}, "edgetpu:usb:2-1: TfLiteInterpreterInvoke: error: simulated Edge TPU: Failed to execute request."},
		{"abort", simtest.Fault{Kind: simtest.Abort}, "edgetpu:usb:2-1: its process died: signal SIGABRT: simulated Edge TPU"},
		{"SIGSEGV", simtest.Fault{Kind: simtest.Segv}, "edgetpu:usb:2-1: its process died: signal SIGSEGV"},
		{"hang", simtest.Fault{Kind: simtest.Hang}, "edgetpu:usb:2-1: its process did not answer for 3"},
		{"unplugged", simtest.Fault{Kind: simtest.Gone, For: 200 * time.Millisecond}, ""},
		{"another port", simtest.Fault{Kind: simtest.Gone, For: 200 * time.Millisecond, As: "/sys/bus/usb/devices/1-4"}, ""},
		{"fails to open, twice", simtest.Fault{Kind: simtest.Abort}, "edgetpu:usb:2-1: its process died: signal SIGABRT: simulated Edge TPU"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
			e := b.open(f, devicepool.Request{Deadline: 300 * time.Millisecond})[0]
			for seed := range uint64(5) {
				run(t, e, seed)
			}
			c.fault.AtRun = 8
			b.control.Fault(c.fault)
			if strings.HasPrefix(c.name, "fails to open") {
				b.control.Fault(simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen, Times: 2})
			}
			until(t, e, want, "degraded", degraded)
			d := e.Device()
			if d.Name != "cpu:xnnpack" || !strings.HasPrefix(d.Reason, c.reason) || strings.Contains(d.Reason, "\n") {
				t.Errorf("device %+v does not say %q", d, c.reason)
			}
			until(t, e, want, "restored", restored)
			name := "edgetpu:usb:2-1"
			if c.fault.As != "" {
				name = "edgetpu:usb:1-4"
			}
			if d := e.Device(); d.Name != name {
				t.Errorf("device %+v, want %s", d, name)
			}
			s := b.Summaries()[0]
			if s.Failovers != 1 || s.Restores != 1 || s.Errors == 0 || s.DegradedSeconds <= 0 {
				t.Errorf("summary %+v", s)
			}
		})
	}
}

// TestFirstOpeningFails opens a device whose first opening fails and whose second works.
func TestFirstOpeningFails(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Faults: nil})
	b.control.Fault(simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen})
	e := b.open(f, devicepool.Request{Choice: delegate.EdgeTPU})[0]
	if d := e.Device(); d.Degraded {
		t.Errorf("device %+v", d)
	}
}

// TestOpensLater begins on the CPU where the device does not open, and goes to the device when it does.
func TestOpensLater(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	b.control.Fault(simtest.Fault{Kind: simtest.Abort, At: simtest.OnOpen, Times: 4})
	e := b.open(f, devicepool.Request{})[0]
	if d := e.Device(); d.Name != "cpu:xnnpack" || !d.Degraded {
		t.Fatalf("device %+v", d)
	}
	until(t, e, want, "restored", restored)
	if got := b.Summaries()[0]; got.Restarts < 2 {
		t.Errorf("summary %+v", got)
	}
}

// TestEdgeTPUAlone has no CPU to fall back to: the run that failed waits for the device.
func TestEdgeTPUAlone(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	e := b.open(delegate.Files{EdgeTPU: f.EdgeTPU}, devicepool.Request{})[0]
	run(t, e, 1)
	b.control.Fault(simtest.Fault{Kind: simtest.Abort})
	if got := run(t, e, 2); got != want(2) {
		t.Error("the frame in hand is answered wrongly")
	}
	if s := b.Summaries()[0]; s.Failovers != 1 || s.Restores != 1 || s.Restarts != 1 {
		t.Errorf("summary %+v", s)
	}
}

// TestNoDevice falls back for good, with the reason that a person needs.
func TestNoDevice(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Devices: []string{}})
	all := b.open(f, devicepool.Request{Engines: 2, Spread: true})
	if d := all[0].Device(); len(all) != 2 || d != (tensor.Device{Name: "cpu:xnnpack", Kind: "cpu", Degraded: true, Reason: "no Edge TPU found"}) {
		t.Errorf("%d engines, device %+v", len(all), d)
	}
	if _, err := b.tryOpen(f, devicepool.Request{Choice: delegate.EdgeTPU}); err == nil || !strings.Contains(err.Error(), "no Edge TPU found") {
		t.Errorf("error %v", err)
	}
	if got := b.Summaries(); len(got) != 0 {
		t.Errorf("summaries %+v", got)
	}
}

// TestNotIsolated keeps the device in this process, and falls back on errors all the same.
func TestNotIsolated(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	off := false
	e := b.open(f, devicepool.Request{Isolate: &off})[0]
	run(t, e, 1)
	b.control.Fault(simtest.Fault{Kind: simtest.Error})
	until(t, e, want, "degraded", degraded)
	until(t, e, want, "restored", restored)
	if s := b.Summaries()[0]; s.Restarts != 0 || s.Restores != 1 {
		t.Errorf("summary %+v", s)
	}
}

// TestIsolatedCPU runs a model of the CPU in a child. When the child dies the frame in hand is run in another.
func TestIsolatedCPU(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{Devices: []string{}})
	on := true
	all := b.open(f, devicepool.Request{Choice: delegate.XNNPACK, Isolate: &on, Engines: 2})
	if all[0].Device().Name != "cpu:xnnpack" || all[0].Device().Degraded {
		t.Errorf("device %+v", all[0].Device())
	}
	for seed := range uint64(6) {
		if seed == 3 {
			killChildren(t)
		}
		for _, e := range all {
			if run(t, e, seed) != want(seed) {
				t.Fatalf("run %d answers wrongly", seed)
			}
		}
	}
}

// TestOpeningHangs begins on the CPU where opening the device does not return, without a second try in front of the
// stream, and goes to the device when it does.
func TestOpeningHangs(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	limit := func(o *devicepool.Options) { o.OpenLimit = 2 * time.Second }
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel}, limit)
	b.control.Fault(simtest.Fault{Kind: simtest.Hang, At: simtest.OnOpen})
	e := b.open(f, devicepool.Request{})[0]
	const reason = "edgetpu:usb:2-1: opening it took too long, more than 2s"
	if d := e.Device(); d != (tensor.Device{Name: "cpu:xnnpack", Kind: "cpu", Degraded: true, Reason: reason, Wanted: true}) || b.control.State().Opens != 1 {
		t.Fatalf("device %+v after %d openings", d, b.control.State().Opens)
	}
	until(t, e, want, "restored", restored)
}

// TestHangsOnTrial closes an engine while its device hangs on trial, whose first run may take 10 s.
func TestHangsOnTrial(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	e, err := b.tryOpen(f, devicepool.Request{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) { // the trial repeats what the device has done
		run(t, e[0], seed)
	}
	b.control.Fault(simtest.Fault{Kind: simtest.Abort})
	b.control.Fault(simtest.Fault{Kind: simtest.Hang})
	run(t, e[0], 4)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // against hanging only
	defer cancel()
	if err := b.control.Wait(ctx, func(s simtest.State) bool { return s.Fired == 2 }); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := e[0].Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("closing took %v", took)
	}
}
