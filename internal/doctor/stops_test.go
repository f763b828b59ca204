package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/testdata"
)

const classifier = "models/mobilenet_v1_0.25_128_quant"

// bothFiles are the files of a model that has both; it needs runtime version 12.
func bothFiles(t *testing.T) delegate.Files {
	t.Helper()
	return delegate.Files{CPU: testdata.Path(t, classifier+".tflite"), EdgeTPU: testdata.Path(t, classifier+"_edgetpu.tflite")}
}

// TestStops has what stops configured pipelines, and problems that do not.
func TestStops(t *testing.T) {
	both := bothFiles(t)
	cpu, compiled := delegate.Files{CPU: both.CPU}, delegate.Files{EdgeTPU: both.EdgeTPU}
	broken := filepath.Join(t.TempDir(), "broken.tflite")
	if err := os.WriteFile(broken, []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	one := func(files delegate.Files, choice delegate.Choice, device string) Options {
		return Options{Models: []Model{{Name: "coco", Files: files, Choice: choice, Device: device, Pipelines: []string{"door"}}}}
	}
	denied := map[string]error{stickNode: syscall.EACCES}
	old := edgetpu.Version{BuildLabel: "A", RuntimeVersion: 11}
	older := &library{version: old}
	for _, c := range []struct {
		name    string
		files   files
		denied  map[string]error
		library *library
		options Options
		stops   bool
		want    ID // of the cause; "": none
		found   string
	}{
		{name: "all well", files: withStick, options: one(both, delegate.Auto, "")},
		{name: "a choice of the CPU on a machine without device", files: plain, options: one(both, delegate.XNNPACK, "")},
		{name: "a model for the CPU on a machine without device", files: plain, options: one(cpu, delegate.Auto, "")},
		{name: "auto without device", files: plain, options: one(both, delegate.Auto, ""), want: NoDevice},
		{name: "auto without permission", files: withStick, denied: denied, options: one(both, delegate.Auto, ""), want: DevicePermission},

		{name: "edgetpu without device", files: plain, options: one(both, delegate.EdgeTPU, ""), stops: true, want: NoDevice},
		{name: "edgetpu without permission", files: withStick, denied: denied, options: one(both, delegate.EdgeTPU, ""), stops: true, want: DevicePermission},
		{name: "edgetpu without library", files: withStick, library: missingLibrary(), options: one(both, delegate.EdgeTPU, ""), stops: true, want: LibraryMissing},
		{name: "edgetpu without driver", files: card, options: one(both, delegate.EdgeTPU, "pci"), stops: true, want: DriverMissing},
		{name: "edgetpu, crash", files: withStick, library: &library{open: []Trial{{At: Preparing, Err: died("")}}}, options: one(both, delegate.EdgeTPU, ""), stops: true, want: RuntimeMismatch},
		{name: "edgetpu, crash without device", files: plain, library: &library{broken: Trial{At: Loading, Err: died("")}}, options: one(both, delegate.EdgeTPU, ""), stops: true, want: NoDevice},
		{name: "edgetpu, another process", files: withStick.with(files{"/proc/9/comm": "x", "/proc/9/fd/1": "-> " + stickNode}),
			options: one(both, delegate.EdgeTPU, ""), stops: true, want: DeviceBusy},
		{name: "a compiled model alone, auto, no device", files: plain, options: one(compiled, delegate.Auto, ""), stops: true, want: NoDevice},
		{name: "a compiled model alone, auto", files: withStick, options: one(compiled, delegate.Auto, "")},
		{name: "edgetpu, slow stick", files: withStick.with(files{stick + "/speed": "480\n"}), options: one(both, delegate.EdgeTPU, ""), want: USB2Link},
		{name: "edgetpu, second try", files: withStick, library: &library{open: []Trial{{At: Opening, Err: errOpen}, {}}}, options: one(both, delegate.EdgeTPU, ""), want: DeviceSecondTry},

		{name: "one of two devices", files: withStick.with(withCard), denied: denied, options: one(both, delegate.EdgeTPU, ""), want: DevicePermission},
		{name: "the wrong one of two devices", files: withStick.with(withCard), denied: denied, options: one(both, delegate.EdgeTPU, "usb"), stops: true, want: DevicePermission},
		{name: "the wrong one of two devices by its name", files: withStick.with(withCard), denied: denied, options: one(both, delegate.EdgeTPU, "usb:2-1"), stops: true, want: DevicePermission},
		{name: "the right one of two devices by its name", files: withStick.with(withCard), denied: denied, options: one(both, delegate.EdgeTPU, "pci:0000:01:00.0"), want: DevicePermission},
		{name: "a device that is not there", files: withStick, options: one(both, delegate.EdgeTPU, "usb:2-4"), stops: true, want: DeviceNotFound, found: `"usb:2-4"`},

		{name: "library too old, auto", files: withStick, library: older, options: one(both, delegate.Auto, ""), want: ModelRuntime, found: "runtime version 12 or newer, and this one is 11"},
		{name: "library too old, edgetpu", files: withStick, library: older, options: one(both, delegate.EdgeTPU, ""), stops: true, want: ModelRuntime},
		{name: "library too old, by its own words", files: withStick, options: one(both, delegate.EdgeTPU, ""), stops: true, want: ModelRuntime,
			library: &library{open: []Trial{{At: Preparing, Err: &textError{"Package requires runtime version (14), which is newer than this runtime version (13)"}}}}},
		{name: "edgetpu, not compiled", files: withStick, options: one(cpu, delegate.EdgeTPU, ""), stops: true, want: ModelCPUOnly, found: "mobilenet_v1_0.25_128_quant_edgetpu.tflite"},
		{name: "a broken file", files: withStick, options: one(delegate.Files{CPU: broken}, delegate.Auto, ""), stops: true, want: ModelInvalid, found: "broken.tflite"},
		{name: "a file that is gone", files: withStick, options: one(delegate.Files{CPU: broken + "x"}, delegate.Auto, ""), stops: true, want: ModelInvalid, found: "broken.tflitex"},
		{name: "two other models", files: withStick, options: one(delegate.Files{CPU: testdata.Path(t, "models/split_concat.tflite"), EdgeTPU: both.EdgeTPU}, delegate.Auto, ""), stops: true, want: ModelInvalid},
		{name: "a damaged file of the catalog", files: withStick, stops: true, want: ModelDamaged,
			options: Options{Catalogued: []CataloguedFile{{Model: "x", Path: "/c/x.tflite", Err: errOpen, Pipelines: []string{"door"}}}}},
		{name: "a missing file", files: plain, stops: true, want: FileMissing, found: "there is no file",
			options: Options{Unusable: []Missing{{Subject: "models.coco.path", File: "door.yaml", Found: "there is no file x", Fix: []string{"corallite models list"}, Stops: []string{"door"}}}}},

		{name: "a camera", files: withStick.with(files{"/dev/video0": ""}), options: Options{Cameras: []Camera{{"/dev/video0", []string{"door"}}}}},
		{name: "a camera without permission", files: withStick.with(files{"/dev/video0": ""}), denied: map[string]error{"/dev/video0": syscall.EACCES},
			options: Options{Cameras: []Camera{{"/dev/video0", []string{"door"}}}}, stops: true, want: CameraPermission},
		{name: "another camera without permission", files: withStick.with(files{"/dev/video0": "", "/dev/video1": ""}), denied: map[string]error{"/dev/video1": syscall.EACCES},
			options: Options{Cameras: []Camera{{"/dev/video0", []string{"door"}}}}, want: CameraPermission},
		{name: "a camera that is not there", files: withStick.with(files{"/dev/video0": ""}), options: Options{Cameras: []Camera{{"/dev/video2", []string{"door"}}}},
			stops: true, want: CameraMissing, found: "/dev/video2 is not there; there is /dev/video0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Configured = true
			if len(c.options.Models) == 0 { // something that wants an Edge TPU, and can do without
				c.options.Models = []Model{{Name: "other", Files: both, Choice: delegate.Auto, Pipelines: []string{"other"}}}
			}
			r := examine(t, c.files, c.denied, c.library, c.options)
			want := []string{}
			if c.stops {
				want = append(want, "door")
			}
			if !slices.Equal(r.Stopped, want) {
				t.Errorf("stopped %v, want %v: %+v", r.Stopped, want, r.Findings)
			}
			switch {
			case c.want == "" && r.Cause != nil:
				t.Errorf("cause %+v, want none", r.Cause)
			case c.want != "" && r.Cause == nil:
				t.Errorf("no cause, want %s", c.want)
			case r.Cause != nil && (r.Cause.ID != c.want || !strings.Contains(r.Cause.Found, c.found)):
				t.Errorf("cause %s: %s; want %s: %s", r.Cause.ID, r.Cause.Found, c.want, c.found)
			}
		})
	}
}

// TestSegments is a model compiled in parts.
func TestSegments(t *testing.T) {
	first := testdata.Path(t, "models/segments")
	parts, err := filepath.Glob(filepath.Join(first, "*_segment_*_edgetpu.tflite"))
	if err != nil || len(parts) < 2 {
		t.Fatalf("segments in %s: %v %v", first, parts, err)
	}
	l := &library{}
	r := examine(t, withStick, nil, l, Options{Configured: true, Models: []Model{{Name: "parts", Segments: parts, Choice: delegate.EdgeTPU, Pipelines: []string{"door"}}}})
	if r.Cause != nil {
		t.Errorf("cause %+v", r.Cause)
	}
	if got := l.attempts[len(l.attempts)-1].Model; got != parts[0] {
		t.Errorf("tried with %q, want the first part", got)
	}
}

// TestKnownPairs compares the table with its sources.
func TestKnownPairs(t *testing.T) {
	status := func(version string) files {
		return files{"/var/lib/dpkg/status": "Package: libusb\nStatus: install ok installed\nVersion: 1\n\n" +
			"Package: libedgetpu1-std\nStatus: install ok installed\nVersion: " + version + "\n\nPackage: x\n"}
	}
	for _, c := range []struct {
		name    string
		version edgetpu.Version
		files   files
		usual   bool
		runtime string
		want    fit
	}{
		{"go-tflite issue 52", google16, nil, true, "2.15.0", no},
		{"edgetpu issue 660", google16, nil, true, "2.5.0", unknown},
		{"edgetpu issue 812, the last that works", google16, nil, true, "2.11.1", unknown},
		{"edgetpu issue 812, the first that does not", google16, nil, true, "2.12.0", no},
		{"Google's package by its version", runtime14, status("16.0"), true, "2.17.1", no},
		{"Google's package, but another library is named", runtime14, status("16.0"), false, "2.17.1", unknown},
		{"before 16.0", edgetpu.Version{BuildLabel: "COMPILER=x,DATE=y,CL_NUMBER=317268237", RuntimeVersion: 13}, nil, true, "2.17.1", no},
		{"the newest of the community", runtime14, status("16.0tf2.17.1-1.bookworm"), true, "2.17.1", yes},
		{"its capitals", runtime14, status("16.0TF2.17.1-1"), true, "2.17.1", yes},
		{"an older runtime", runtime14, status("16.0tf2.17.1-1.bookworm"), true, "2.11.1", yes},
		{"a runtime that is too old", runtime14, status("16.0tf2.17.1-1.bookworm"), true, "2.11.0", no},
		{"a newer runtime", runtime14, status("16.0tf2.16.1-1.bookworm"), true, "2.17.1", unknown},
		{"removed package", runtime14, files{"/var/lib/dpkg/status": "Package: libedgetpu1-std\nStatus: deinstall ok config-files\nVersion: 16.0\n"}, true, "2.17.1", unknown},
		{"own build", runtime14, nil, true, "2.17.1", unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(edgetpu.System{Root: c.files.root(t)}, &anna)
			if got := m.known(c.version, c.runtime, c.usual); got.fits != c.want {
				t.Errorf("got %+v, want %d", got, c.want)
			}
		})
	}
}

// TestTableWithoutDevice checks the table's verdict if no device can be tried.
func TestTableWithoutDevice(t *testing.T) {
	denied := map[string]error{stickNode: syscall.EACCES}
	for _, c := range []struct {
		files   files
		version edgetpu.Version
		state   State
	}{
		{plain, google16, Warning},
		{withStick, google16, Problem},
		{withStick, runtime14, Skipped},
		{withStick.with(files{"/var/lib/dpkg/status": "Package: libedgetpu1-max\nStatus: install ok installed\nVersion: 16.0tf2.17.1-1\n"}), runtime14, OK},
	} {
		r := examine(t, c.files, denied, &library{version: c.version}, Options{})
		i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Check == Pairing })
		if i < 0 || r.Findings[i].State != c.state {
			t.Errorf("%v on a machine with %d files: %+v, want %s", c.version, len(c.files), r.Findings, c.state)
		}
	}
}
