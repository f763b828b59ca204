package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
)

// soon bounds how long a run may take to end after its last line: far less than what it must not wait for, a device that
// is opened (a minute) or has its first run (10 s).
const soon = 6 * time.Second

// TestEndWithFault ends a run while something is wrong with its device: that is no failure of the run, and it does not
// wait for the device.
func TestEndWithFault(t *testing.T) {
	// A reader that stops at line still holds the run back, because what follows fits into no pipe or queue on the way.
	const frames, still = 300, 40
	clip := filepath.Join(t.TempDir(), "clip.avi")
	clipOf(t, testdata.Path(t, "video/vtest.avi"), clip, frames)
	want := cpuClasses(t, clip)
	at := func(run int, kinds ...simtest.Kind) (all []simtest.Fault) {
		for _, k := range kinds {
			all = append(all, simtest.Fault{Kind: k, AtRun: run})
		}
		return all
	}
	for _, c := range []struct {
		name   string
		faults []simtest.Fault
	}{
		{"abort in the last run", at(frames, simtest.Abort)},
		{"abort in the last run but one", at(frames-1, simtest.Abort)},
		{"abort in the last run but two", at(frames-2, simtest.Abort)},
		{"SIGSEGV in the last run", at(frames, simtest.Segv)},
		{"error in the last run", at(frames, simtest.Error)},
		{"hang in the last run", at(frames, simtest.Hang)},
		{"gone in the last run", at(frames, simtest.Gone)},
		{"hangs while it is opened", append(at(20, simtest.Abort), simtest.Fault{Kind: simtest.Hang, At: simtest.OnOpen, AtRun: 2})},
		{"hangs on trial", append(at(20, simtest.Abort), at(21, simtest.Hang)...)},
		{"hangs while its interpreter is made", append(at(20, simtest.Abort), simtest.Fault{Kind: simtest.Hang, At: simtest.OnInterpreter, AtRun: 2})},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, simtest.Config{Compute: simtest.CPUModel})
			for _, f := range c.faults {
				m.control.Fault(f)
			}
			var last time.Time
			lines := read(t, filepath.Join(m.dir, "p"), want, func(l line) error {
				defer func() { last = time.Now() }()
				if len(c.faults) == 1 || l.Seq != still {
					return nil
				}
				// The stream stands still until the device does what is to be seen.
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				return m.control.Wait(ctx, func(s simtest.State) bool { return s.Fired == len(c.faults) })
			})
			log := &journal{}
			text := strings.NewReplacer("VTEST", clip, "PIPE", lines.path, "deadline: 2", "deadline: 1").Replace(classes)
			r := m.run(t.Context(), text, log)
			end := time.Now()
			lines.check(t, frames)
			if r.code != exitDone || m.control.Fired() != len(c.faults) {
				t.Errorf("exit code %d after %d faults", r.code, m.control.Fired())
			}
			if took := end.Sub(last); took > soon {
				t.Errorf("it ended %v after the last line", took)
			} else {
				t.Logf("ended %v after the last line", took.Round(time.Millisecond))
			}
			if s := r.tpu("edgetpu:usb:2-1"); s.Failovers != 1 || s.Errors == 0 {
				t.Errorf("summary %+v", s)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if t.Failed() {
				t.Log(log)
			}
		})
	}
}

// running starts corallite on two simulated devices, and waits until both are in use. It gives its children. What it runs
// lasts for minutes, so that it is still running however late the test looks.
func running(t *testing.T, m *machine) (*started, []int) {
	t.Helper()
	config := writeConfig(t, m.dir, `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify, engines: 2}
pipelines:
  p:
    source: {video: [`+strings.TrimSuffix(strings.Repeat("VTEST, ", 100), ", ")+`]}
    models: [net]
    sinks: [jsonl: {path: lines.jsonl}]
`)
	lines := filepath.Join(m.dir, "lines.jsonl")
	if err := os.RemoveAll(lines); err != nil { // of the run before
		t.Fatal(err)
	}
	s := start(t, m.dir, nil, "run", "--summary", "summary.json", config)
	s.waitFor(t, lines, `"seq":20,`)
	all := childrenOf(t, s.Process.Pid)
	if len(all) != 2 {
		t.Fatalf("children %v:\n%s", all, s.errors(t))
	}
	return s, all
}

// gone waits until processes have ended, and gives how long that took.
func gone(t *testing.T, pids []int) time.Duration {
	t.Helper()
	begin := time.Now()
	for _, pid := range pids {
		for ; !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH); time.Sleep(time.Millisecond) {
			// Where nobody reaps orphans they stay, dead.
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || bytes.Contains(text, []byte(") Z ")) {
				break
			}
			if time.Since(begin) > patience {
				t.Fatalf("process %d is still there", pid)
			}
		}
	}
	return time.Since(begin)
}

// TestParentDies kills a run in the middle: its children end with it, and the devices are free.
func TestParentDies(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGABRT} {
		t.Run(sig.String(), func(t *testing.T) {
			m := newMachine(t, simtest.Config{Devices: []string{"usb", "pci"}, Compute: simtest.CPUModel, RunTime: 5 * time.Millisecond})
			s, all := running(t, m)
			for _, pid := range append([]int{s.Process.Pid}, all...) {
				for _, what := range []string{"maps", "fd"} {
					if used := sharedFiles(t, pid, what); len(used) > 0 {
						t.Errorf("process %d has %v, which would stay", pid, used)
					}
				}
			}
			s.signal(t, sig)
			<-s.ended
			took := gone(t, all)
			t.Logf("the children ended %v after it", took.Round(time.Millisecond))

			// Who comes next gets both devices.
			again, next := running(t, m)
			again.signal(t, syscall.SIGINT)
			again.endsWith(t, exitDone)
			gone(t, next)
			if text := again.errors(t); strings.Contains(text, "level=WARN") || !strings.Contains(text, "edgetpu:usb:2-1+pci:/dev/apex_0") {
				t.Errorf("it said\n%s", text)
			}
		})
	}
}

// sharedFiles are the files in /dev/shm that a process has mapped ("maps") or open ("fd").
func sharedFiles(t *testing.T, pid int, what string) (names []string) {
	t.Helper()
	path := fmt.Sprintf("/proc/%d/%s", pid, what)
	if what == "maps" {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(string(text)) {
			if _, name, found := strings.Cut(l, "/dev/shm/"); found {
				names = append(names, name)
			}
		}
		return names
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(path, e.Name())); err == nil && strings.HasPrefix(target, "/dev/shm/") {
			names = append(names, target)
		}
	}
	return names
}

// TestInterrupted gives Ctrl-C to the whole group of processes, as a terminal does: the run ends in order, on its
// devices to the last line, and its children end after it has closed what is in them.
func TestInterrupted(t *testing.T) {
	m := newMachine(t, simtest.Config{Devices: []string{"usb", "pci"}, Compute: simtest.CPUModel, RunTime: 5 * time.Millisecond})
	s, all := running(t, m)
	if err := syscall.Kill(-s.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	s.endsWith(t, exitDone)
	gone(t, all)
	summary := summaryOf(t, m.dir)
	lines, err := os.ReadFile(filepath.Join(m.dir, "lines.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	p := summary.Pipelines["p"]
	if !p.Interrupted || p.Degraded || p.Frames < 21 || bytes.Count(lines, []byte("\n")) != int(p.Frames) || bytes.Contains(lines, []byte(`"degraded":true`)) {
		t.Errorf("summary %+v of %d lines", p, bytes.Count(lines, []byte("\n")))
	}
	for _, d := range summary.Accelerators {
		if d.Errors != 0 || d.Failovers != 0 || d.Runs == 0 {
			t.Errorf("summary %+v", d)
		}
	}
}
