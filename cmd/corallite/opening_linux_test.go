package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
)

// TestSignalWhileTheDeviceHangs sends one signal while libedgetpu hangs before the first frame, being asked for its version
// or its devices or opening one: the command ends in order and soon.
func TestSignalWhileTheDeviceHangs(t *testing.T) {
	model := testdata.Path(t, "models/"+classifier+".tflite")
	picture := testdata.Path(t, "images/cat.bmp")
	for _, at := range []simtest.Point{simtest.OnVersion, simtest.OnList, simtest.OnOpen} {
		for name, args := range map[string][]string{
			"run": {"run", "--summary", "summary.json", "run.yaml"}, "only the Edge TPU": {"run", "--set", "models.net.delegate=edgetpu", "run.yaml"},
			"classify": {"classify", "--model", model, picture}, "devices": {"devices"}, "doctor": {"doctor"},
		} {
			if at == simtest.OnOpen && (name == "devices" || name == "doctor") {
				continue // opens none, or none that the kernel does not show
			}
			t.Run(fmt.Sprintf("%s %s", name, at), func(t *testing.T) {
				m := newMachine(t, simtest.Config{Compute: simtest.CPUModel})
				writeConfig(t, m.dir, `
models:
  net: {path: MODELS/`+classifier+`.tflite, task: classify}
pipelines:
  p:
    source: {images: PICTURE}
    models: [net]
    sinks: [jsonl: {path: "-"}]
`)
				m.control.Fault(simtest.Fault{Kind: simtest.Hang, At: at, Times: simtest.Always})
				s := start(t, m.dir, nil, args...)
				if err := m.control.Wait(t.Context(), func(s simtest.State) bool { return s.Fired > 0 }); err != nil {
					t.Fatal(err)
				}
				s.signal(t, syscall.SIGTERM)
				code := exitDone
				if args[0] != "run" { // which is not meant to end before a signal
					code = 128 + int(syscall.SIGTERM)
				}
				s.endsWith(t, code)
				if text := s.errors(t); strings.Count(text, "\n") > 4 || strings.Contains(text, "panic") {
					t.Errorf("it said\n%s", text)
				}
				if name == "run" {
					wantText(t, filepath.Join(m.dir, "summary.json"), `"interrupted": true`)
				}
			})
		}
	}
}

// wantText looks for a text in a file.
func wantText(t *testing.T, path, text string) {
	t.Helper()
	if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), text) {
		t.Errorf("%s has no %q: %v\n%s", filepath.Base(path), text, err, data)
	}
}

// TestListingCrashes runs commands on a libedgetpu that crashes when it is asked for its devices or its version.
func TestListingCrashes(t *testing.T) {
	model := testdata.Path(t, "models/"+classifier+".tflite")
	picture := testdata.Path(t, "images/cat.bmp")
	for _, kind := range []simtest.Kind{simtest.Abort, simtest.Segv} {
		for _, at := range []simtest.Point{simtest.OnVersion, simtest.OnList} {
			t.Run(fmt.Sprintf("%s %s", kind, at), func(t *testing.T) {
				m := newMachine(t, simtest.Config{Compute: simtest.CPUModel})
				m.control.Fault(simtest.Fault{Kind: kind, At: at, Times: simtest.Always})
				s := start(t, m.dir, nil, "classify", "--json", "--model", model, picture)
				s.endsWith(t, exitDone)
				wantText(t, s.stdout, `"device":"cpu:xnnpack","degraded":true,"reason":"libedgetpu cannot be asked for its devices: its process died`)
				s = start(t, m.dir, nil, "devices")
				s.endsWith(t, exitDone)
				wantText(t, s.stdout, "cannot be asked for its devices")
			})
		}
	}
}
