package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
)

// usbStick is the first simulated stick.
const usbStick = "/sys/bus/usb/devices/2-1"

// classes classifies all of a video with one engine.
const classes = `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify, deadline: 2, engines: 1}
pipelines:
  p:
    source: {video: VTEST}
    models: [net]
    sinks: [jsonl: {path: PIPE, queue: 1}]
`

// TestFaults runs the classifier over a whole video while everything happens to its device, one after the other: no line
// is missing, out of order or wrong, each fault is told in the lines and once in the log, and the device comes back.
func TestFaults(t *testing.T) {
	video := testdata.Path(t, "video/vtest.avi")
	want := cpuClasses(t, video)
	m := newMachine(t, simtest.Config{Compute: simtest.CPUModel})
	const stick, moved = "edgetpu:usb:2-1", "edgetpu:usb:1-4"
	faults := []struct {
		name   string
		fault  []simtest.Fault
		reason string
		device string // after it
	}{
		{"abort", []simtest.Fault{{Kind: simtest.Abort}}, stick + ": its process died: signal SIGABRT: simulated Edge TPU", stick},
		{"SIGSEGV", []simtest.Fault{{Kind: simtest.Segv}}, stick + ": its process died: signal SIGSEGV", stick},
		{"status", []simtest.Fault{{Kind: simtest.Error}}, stick + ": TfLiteInterpreterInvoke: error: simulated Edge TPU: ", stick},
		{"hang", []simtest.Fault{{Kind: simtest.Hang}}, stick + ": its process did not answer for 2", stick},
		{"gone and back", []simtest.Fault{{Kind: simtest.Gone, For: 200 * time.Millisecond}}, stick + ": ", stick},
		{"two openings fail", []simtest.Fault{{Kind: simtest.Abort}, {Kind: simtest.Error, At: simtest.OnOpen, Times: 2}},
			stick + ": its process died: signal SIGABRT: simulated Edge TPU", stick},
		{"back at another port", []simtest.Fault{{Kind: simtest.Gone, For: 200 * time.Millisecond, As: "/sys/bus/usb/devices/1-4"}}, stick + ": ", moved},
		{"abort there", []simtest.Fault{{Kind: simtest.Abort}}, moved + ": its process died: signal SIGABRT", moved},
	}
	log := &journal{}
	next, well := 0, 0 // the fault to come, and how many lines there were since the last
	device := stick
	pace := func(l line) error {
		if !l.Degraded {
			if l.Device != device {
				return fmt.Errorf("on %s, not %s", l.Device, device)
			}
			if well++; well == 20 && next < len(faults) {
				for _, f := range faults[next].fault {
					m.control.Fault(f)
				}
				next++
			}
			return nil
		}
		f := faults[max(next, 1)-1]
		if !strings.HasPrefix(l.Reason, f.reason) {
			return fmt.Errorf("%s: the reason is %q, not %q", f.name, l.Reason, f.reason)
		}
		well, device = 0, f.device
		return log.awaits(saidBack, next)
	}
	lines := read(t, filepath.Join(m.dir, "p"), want, pace)
	r := m.run(t.Context(), strings.ReplaceAll(classes, "PIPE", lines.path), log)
	lines.check(t, 795)
	if r.code != exitDone || next != len(faults) || well < 20 {
		t.Errorf("exit code %d, %d faults, %d lines after them:\n%s", r.code, next, well, log)
	}
	for _, message := range []string{saidFailed, saidBack} {
		if n := log.said(message); n != len(faults) {
			t.Errorf("%q is in the log %d times", message, n)
		}
	}
	if n := log.said("the device has moved"); n != 1 {
		t.Errorf("said %d times that the device has moved", n)
	}
	s, n := r.tpu(moved), uint64(len(faults))
	// All but the error end the child. An error each, two openings, and those while the device was gone.
	if len(r.summary.Accelerators) != 1 || s.Failovers != n || s.Restores != n || s.Restarts < n-1 || s.Errors < n+2 || s.DegradedSeconds <= 2 {
		t.Errorf("summary %+v", r.summary.Accelerators)
	}
	if got := r.summary.Pipelines["p"]; got.Frames != 795 || got.Degraded || got.Dropped != 0 || got.Errors.Total != 0 {
		t.Errorf("summary %+v", got)
	}
	if t.Failed() {
		t.Log(log)
	}
}
