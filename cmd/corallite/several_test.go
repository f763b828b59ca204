package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
)

// TestOneOfThreeDies shares a video among three devices, of which one is unplugged for good: its share goes to the CPU,
// nobody else's does.
func TestOneOfThreeDies(t *testing.T) {
	video := testdata.Path(t, "video/vtest.avi")
	m := newMachine(t, simtest.Config{Devices: []string{"usb", "usb", "pci"}, Compute: simtest.CPUModel})
	const dead = "edgetpu:usb:2-1"
	on := map[string]int{} // lines by device
	lines := read(t, filepath.Join(m.dir, "p"), cpuClasses(t, video), func(l line) error {
		if l.Seq == 50 {
			m.control.Unplug(usbStick)
		}
		if l.Degraded && (!strings.HasPrefix(l.Reason, dead+": its process died: ") || l.Device != "cpu:xnnpack") {
			return fmt.Errorf("on %s because of %q", l.Device, l.Reason)
		}
		on[l.Device]++
		return nil
	})
	log := &journal{}
	r := m.run(t.Context(), strings.NewReplacer("PIPE", lines.path, ", engines: 1", "").Replace(classes), log)
	lines.check(t, 795)
	if r.code != exitDone || len(on) != 4 || on["cpu:xnnpack"] == 0 || len(r.summary.Accelerators) != 3 {
		t.Errorf("exit code %d, lines %v, devices %+v", r.code, on, r.summary.Accelerators)
	}
	for _, d := range r.summary.Accelerators {
		if d.Name == dead && (d.Failovers != 1 || d.Restores != 0 || d.DegradedSeconds == 0) ||
			d.Name != dead && (d.Failovers != 0 || d.Errors != 0 || d.Runs == 0) {
			t.Errorf("summary %+v", d)
		}
	}
	if log.said(saidFailed) != 1 || t.Failed() {
		t.Errorf("log:\n%s", log)
	}
}

// TestPrioritiesFail has two pipelines of different priority on one device that dies: both lose it, and both are back.
func TestPrioritiesFail(t *testing.T) {
	video := testdata.Path(t, "video/vtest.avi")
	want := cpuClasses(t, video)
	m := newMachine(t, simtest.Config{Compute: simtest.CPUModel, RunTime: time.Millisecond})
	m.control.Fault(simtest.Fault{Kind: simtest.Abort, AtRun: 100})
	log := &journal{}
	// A line that is degraded waits for both engines, so that the run does not end before they are back.
	wait := func(l line) error {
		if l.Degraded {
			return log.awaits(saidBack, 2)
		}
		return nil
	}
	command, video0 := read(t, filepath.Join(m.dir, "command"), want, wait), read(t, filepath.Join(m.dir, "video"), want, wait)
	text := strings.NewReplacer("  p:", "  p:\n    priority: 10", "PIPE", command.path).Replace(classes) + `
  q:
    source: {video: VTEST}
    models: [net]
    sinks: [jsonl: {path: ` + video0.path + `, queue: 1}]
`
	r := m.run(t.Context(), text, log)
	command.check(t, 795)
	video0.check(t, 795)
	if s := r.tpu("edgetpu:usb:2-1"); r.code != exitDone || s.Failovers != 2 || s.Restores != 2 || s.Restarts != 1 {
		t.Errorf("exit code %d, summary %+v:\n%s", r.code, s, log)
	}
}

// TestInThisProcess survives with `isolate: false` what does not end the process.
func TestInThisProcess(t *testing.T) {
	video := testdata.Path(t, "video/vtest.avi")
	m := newMachine(t, simtest.Config{Compute: simtest.CPUModel})
	m.control.Fault(simtest.Fault{Kind: simtest.Error, AtRun: 100})
	log := &journal{}
	lines := read(t, filepath.Join(m.dir, "p"), cpuClasses(t, video), func(l line) error {
		if l.Degraded {
			return log.awaits(saidBack, 1)
		}
		return nil
	})
	r := m.run(t.Context(), strings.NewReplacer("PIPE", lines.path, "deadline: 2", "isolate: false").Replace(classes), log)
	lines.check(t, 795)
	if s := r.tpu("edgetpu:usb:2-1"); r.code != exitDone || s.Failovers != 1 || s.Restores != 1 || s.Restarts != 0 || s.Runs < 700 {
		t.Errorf("exit code %d, summary %+v:\n%s", r.code, s, log)
	}
	if lines.degraded == 0 || lines.degraded > 60 { // what fits into the pipe and the queues
		t.Errorf("%d lines are degraded", lines.degraded)
	}
}

// TestSegmentsRun runs a detector in two segments on two devices, of which one dies. What the simulator computes for them
// means nothing, so the answers are held against those of one device. There is no CPU model: the test data has the whole
// model only with another number of boxes. So the frame in hand waits until the device is back.
func TestSegmentsRun(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "clip.avi")
	const frames = 60
	clipOf(t, testdata.Path(t, "video/vtest.avi"), clip, frames)
	answers := func(devices []string, dies bool) (all []string, r ran) {
		m := newMachine(t, simtest.Config{Devices: devices, Compute: simtest.Fixed})
		lines := read(t, filepath.Join(m.dir, "p"), nil, func(l line) error {
			if dies && l.Seq == 10 {
				m.control.Fault(simtest.Fault{Kind: simtest.Abort, Device: "/sys/bus/usb/devices/2-2"})
			}
			if want := strings.Join([]string{"edgetpu:usb:2-1", "usb:2-2"}[:len(devices)], "+"); l.Device != want || l.Degraded {
				return fmt.Errorf("on %s, not %s", l.Device, want)
			}
			all = append(all, string(l.Detections))
			return nil
		})
		log := &journal{}
		r = m.run(t.Context(), fmt.Sprintf(`
models:
  ssd:
    path: MODELS/ssd_mobilenet_v1_coco_quant.tflite
    segments:
      - MODELS/segments/ssd_mobilenet_v1_coco_quant_postprocess_segment_0_of_2_edgetpu.tflite
      - MODELS/segments/ssd_mobilenet_v1_coco_quant_postprocess_segment_1_of_2_edgetpu.tflite
    task: detect
    delegate: edgetpu
    score_threshold: 0
pipelines:
  p:
    source: {video: %s}
    models: [ssd]
    sinks: [jsonl: {path: %s, queue: 1}]
`, clip, lines.path), log)
		lines.check(t, frames)
		if r.code != exitDone || t.Failed() {
			t.Fatalf("exit code %d:\n%s", r.code, log)
		}
		return all, r
	}
	want, _ := answers([]string{"usb"}, false)
	got, r := answers([]string{"usb", "usb"}, true)
	if !slices.Equal(got, want) || want[0] == want[1] {
		t.Errorf("the answers are\n%s\n, not\n%s", got, want)
	}
	if s := r.tpu("edgetpu:usb:2-2"); s.Failovers == 0 || s.Restores != s.Failovers || s.Restarts == 0 {
		t.Errorf("summary %+v", r.summary.Accelerators)
	}
}
