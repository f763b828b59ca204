package delegate_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/choice"
	"corallite/tflite/tensor"
)

// TestResultsEqualCPU runs every compiled model that has a CPU model on the simulated Edge TPU and its CPU model on the
// CPU: seeded noise and a picture in, outputs equal bit for bit. The models cover a single node with one and several
// inputs and outputs, state, and nodes with operators of the CPU before and behind.
func TestResultsEqualCPU(t *testing.T) {
	for name, picture := range map[string]string{
		classifier:                   "cat.bmp",
		"mobilenet_v1_0.5_160_quant": "cat.bmp",
		"mobilenet_v1_1.0_224_quant_embedding_extractor": "sunflower.bmp",
		"split_concat":                      "cat.bmp",
		"keras_lstm_mnist_ptq":              "mnist_nine.bmp",
		"movenet_single_pose_lightning_ptq": "squat.bmp",
		"deeplabv3_mnv2_dm05_pascal_quant":  "bird_segmentation.bmp",
	} {
		t.Run(name, func(t *testing.T) {
			f := bothFiles(t, name)
			o := simulated(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
			o.Choice = delegate.EdgeTPU
			tpu := open(t, f, o)
			o.Choice = delegate.XNNPACK
			cpu := open(t, f, o)
			if d := tpu.Device(); d != (tensor.Device{Name: "edgetpu:usb:2-1", Kind: "edgetpu", LeavesCPUFree: true}) {
				t.Fatalf("device %+v", d)
			}
			noise := run(t, cpu, 1)
			if got := run(t, tpu, 1); !reflect.DeepEqual(got, noise) {
				t.Error("outputs for noise differ")
			}
			seen := runPicture(t, cpu, picture)
			if got := runPicture(t, tpu, picture); !reflect.DeepEqual(got, seen) {
				t.Error("outputs for the picture differ")
			}
			if reflect.DeepEqual(noise, seen) {
				t.Error("noise and a picture give the same outputs: the comparison says nothing")
			}
		})
	}
}

// TestCompiledTogether finds the CPU model by a name that is given, in a folder of models.
func TestCompiledTogether(t *testing.T) {
	f := delegate.Files{CPU: model(t, classifier),
		EdgeTPU: model(t, "cocompiled/"+classifier+"_cocompiled_with_mobilenet_v1_0.5_160_quant_edgetpu")}
	o := simulated(t, simtest.Config{CPUModels: []string{filepath.Dir(f.CPU)}, Compute: simtest.CPUModel})
	got := run(t, open(t, f, o), 7)
	o.Choice = delegate.XNNPACK
	if want := run(t, open(t, f, o), 7); !reflect.DeepEqual(got, want) {
		t.Error("outputs differ")
	}
}

// TestSegments runs a detector that was split for two Edge TPUs and has no CPU model: the fixed function.
func TestSegments(t *testing.T) {
	const name = "segments/ssd_mobilenet_v1_coco_quant_postprocess_segment_"
	o := simulated(t, simtest.Config{Devices: []string{"usb", "pci"}, Compute: simtest.Fixed})
	o.Device = "usb"
	a := open(t, delegate.Files{EdgeTPU: model(t, name+"0_of_2_edgetpu")}, o)
	o.Device = "pci:0"
	b := open(t, delegate.Files{EdgeTPU: model(t, name+"1_of_2_edgetpu")}, o)
	if a.Device().Name != "edgetpu:usb:2-1" || b.Device().Name != "edgetpu:pci:/dev/apex_0" {
		t.Errorf("devices %v and %v", a.Device(), b.Device())
	}
	one, again, other := run(t, a, 1), run(t, a, 1), run(t, a, 2)
	if !reflect.DeepEqual(one, again) || reflect.DeepEqual(one, other) {
		t.Error("the fixed function is not one of the inputs")
	}
	if len(a.Outputs()) != len(b.Inputs()) {
		t.Fatalf("%d outputs and %d inputs", len(a.Outputs()), len(b.Inputs()))
	}
	for i := range b.Inputs() {
		copy(b.Input(i).Data, a.Output(i).Data)
	}
	if err := b.Invoke(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAuto goes through what auto finds, and the reasons that it keeps.
func TestAuto(t *testing.T) {
	f := bothFiles(t, classifier)
	cpuOnly := delegate.Files{CPU: f.CPU}
	const notCompiled = "not compiled for the Edge TPU: no " + classifier + "_edgetpu.tflite beside it"
	tree := func(t *testing.T) edgetpu.System { // a machine whose kernel shows a PCIe card
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, "sys/class/apex/apex_0"), 0o755); err != nil {
			t.Fatal(err)
		}
		return edgetpu.System{Root: root}
	}
	for _, c := range []struct {
		name     string
		files    delegate.Files
		sim      *simtest.Config
		change   func(t *testing.T, o *delegate.Options)
		device   string
		reason   string   // the start of it; "": not degraded
		refusals []string // parts of each
	}{
		{name: "Edge TPU", files: f, sim: &simtest.Config{}, device: "edgetpu:usb:2-1"},
		{name: "second device of the bus", files: f, sim: &simtest.Config{Devices: []string{"usb", "pci", "pci"}},
			change: func(_ *testing.T, o *delegate.Options) { o.Device = "pci:1" }, device: "edgetpu:pci:/dev/apex_1"},
		{name: "by path", files: f, sim: &simtest.Config{Devices: []string{"usb=/sys/bus/usb/devices/1-9", "usb"}},
			change: func(_ *testing.T, o *delegate.Options) { o.Device = "/sys/bus/usb/devices/2-1" },
			device: "edgetpu:usb:2-1"},
		{name: "the first device fails, the second opens", files: f,
			sim:    &simtest.Config{Devices: []string{"usb", "pci"}, OpenFailsFor: "/sys/bus/usb/devices/2-1"},
			device: "edgetpu:pci:/dev/apex_0", refusals: []string{"edgetpu_create_delegate failed for usb:/sys/bus/usb/devices/2-1"}},
		{name: "no library and no device", files: f, device: "cpu:xnnpack", reason: "no Edge TPU found",
			refusals: []string{"no Edge TPU found", "libedgetpu not found"}},
		{name: "no library and a device", files: f,
			change: func(t *testing.T, o *delegate.Options) { o.EdgeTPU.System = tree(t) }, device: "cpu:xnnpack",
			reason: "libedgetpu not found", refusals: []string{"libedgetpu not found"}},
		{name: "the library that was named is missing", files: f,
			change: func(_ *testing.T, o *delegate.Options) { o.EdgeTPULibrary = "/nonexistent.so" }, device: "cpu:xnnpack",
			reason: "libedgetpu not found: /nonexistent.so", refusals: []string{"/nonexistent.so", "no Edge TPU found"}},
		{name: "no device", files: f, sim: &simtest.Config{Devices: []string{}}, device: "cpu:xnnpack",
			reason: "no Edge TPU found", refusals: []string{"no Edge TPU found"}},
		{name: "a device that the library does not list", files: f, sim: &simtest.Config{Devices: []string{}},
			change: func(t *testing.T, o *delegate.Options) { o.EdgeTPU.System = tree(t) }, device: "cpu:xnnpack",
			reason: "no Edge TPU found", refusals: []string{"no Edge TPU found", "the kernel shows pci:/dev/apex_0"}},
		{name: "another device", files: f, sim: &simtest.Config{},
			change: func(_ *testing.T, o *delegate.Options) { o.Device = "pci" }, device: "cpu:xnnpack",
			reason:   `no Edge TPU found that fits "pci"; there is usb:/sys/bus/usb/devices/2-1`,
			refusals: []string{"no Edge TPU found that fits"}},
		{name: "opening fails", files: f, sim: &simtest.Config{OpenFails: true}, device: "cpu:xnnpack",
			reason: "edgetpu_create_delegate failed", refusals: []string{"2-1 is not there any more"}},
		{name: "too old", files: f, sim: &simtest.Config{RuntimeVersion: 11}, device: "cpu:xnnpack",
			reason: "", refusals: []string{"libedgetpu is too old: its runtime version is 11 and the model needs at least 12"}},
		{name: "no version", files: f, sim: &simtest.Config{Version: "?"}, device: "cpu:xnnpack",
			refusals: []string{"has no RuntimeVersion"}},
		{name: "the device cannot run the model", files: f, sim: &simtest.Config{Compute: simtest.CPUModel},
			device: "cpu:xnnpack", refusals: []string{"no model in CORALLITE_SIM_CPU_MODELS"}},
		{name: "not compiled, a device", files: cpuOnly, sim: &simtest.Config{}, device: "cpu:xnnpack",
			reason: "the model is " + notCompiled, refusals: []string{notCompiled}},
		{name: "not compiled, no device", files: cpuOnly, device: "cpu:xnnpack", reason: "no Edge TPU found",
			refusals: []string{"no Edge TPU found", "libedgetpu not found", notCompiled}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t)
			if c.sim != nil {
				o = simulated(t, *c.sim)
			} else {
				withoutLibrary(t)
			}
			if c.change != nil {
				c.change(t, &o)
			}
			var log bytes.Buffer
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			e := open(t, c.files, o)
			d := e.Device()
			degraded := strings.HasPrefix(c.device, "cpu:")
			if d.Name != c.device || d.Degraded != degraded || !strings.HasPrefix(d.Reason, c.reason) || (d.Reason != "") != degraded {
				t.Errorf("device %+v", d)
			}
			refusals := e.FallbackReasons()
			if len(refusals) != len(c.refusals) {
				t.Fatalf("refusals %q, want %q", refusals, c.refusals)
			}
			for i, r := range refusals {
				if r.Delegate != "edgetpu" || !strings.Contains(r.Reason, c.refusals[i]) {
					t.Errorf("refusal %q does not say %q", r, c.refusals[i])
				}
			}
			if degraded && d.Reason != refusals[0].Reason {
				t.Errorf("reason %q is not the first refusal", d.Reason)
			}
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "device="+c.device) {
				t.Errorf("the log has not one line with the device:\n%s", &log)
			}
			if got, want := run(t, e, 3), run(t, open(t, cpuOnly, delegate.Options{Choice: delegate.XNNPACK}), 3); degraded && !reflect.DeepEqual(got, want) {
				t.Error("the fallback gives other outputs than XNNPACK")
			}
		})
	}
}

// TestLogOfDemo is what a person without an Edge TPU reads.
func TestLogOfDemo(t *testing.T) {
	withoutLibrary(t)
	o := options(t)
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	open(t, delegate.Files{CPU: model(t, "ssd_mobilenet_v1_coco_quant")}, o)
	if want := `msg="no Edge TPU found: the CPU (XNNPACK) runs the model"`; !strings.Contains(log.String(), want) {
		t.Errorf("the log does not say %s:\n%s", want, &log)
	}
}

func TestChosenCPU(t *testing.T) {
	f := bothFiles(t, classifier)
	for word, device := range map[string]string{"xnnpack": "cpu:xnnpack", "none": "cpu:builtin"} {
		c, err := choice.Parse(word)
		if err != nil {
			t.Fatal(err)
		}
		o := simulated(t, simtest.Config{})
		o.Choice, o.Threads = c, 2
		e := open(t, f, o)
		if d := e.Device(); d != (tensor.Device{Name: device, Kind: "cpu"}) || e.FallbackReasons() != nil {
			t.Errorf("%s: device %+v, refusals %v", word, d, e.FallbackReasons())
		}
		if o := run(t, e, 1); len(o) != 1 || len(o[0]) != 1001 {
			t.Errorf("%s: %d outputs", word, len(o))
		}
	}
}

// TestChosenEdgeTPU names every cause.
func TestChosenEdgeTPU(t *testing.T) {
	withoutLibrary(t)
	f := bothFiles(t, classifier)
	o := options(t)
	o.Choice = delegate.EdgeTPU
	_, err := delegate.Open(t.Context(), delegate.Files{CPU: f.CPU}, o)
	if err == nil {
		t.Fatal("opened")
	}
	for _, want := range []string{f.CPU, "no Edge TPU found", "libedgetpu not found", "not compiled for the Edge TPU"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if !errors.Is(err, edgetpu.ErrNoDevice) || !errors.Is(err, edgetpu.ErrNotFound) {
		t.Errorf("the causes are lost in %v", err)
	}
	o = simulated(t, simtest.Config{RuntimeVersion: 11})
	o.Choice = delegate.EdgeTPU
	if _, err := delegate.Open(t.Context(), f, o); !errors.Is(err, edgetpu.ErrTooOld) {
		t.Errorf("error %v", err)
	}
}

func TestOpenRefusesOptions(t *testing.T) {
	f := bothFiles(t, classifier)
	for _, o := range []delegate.Options{{Choice: delegate.Choice{{Provider: "gpu"}}}, {Device: "tpu:0"}, {Threads: -1},
		{EdgeTPU: edgetpu.Options{Performance: "turbo"}}} {
		if _, err := delegate.Open(t.Context(), f, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, o := range []delegate.Options{options(t), simulated(t, simtest.Config{})} {
		if _, err := delegate.Open(ctx, f, o); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	f := bothFiles(t, classifier)
	e := open(t, f, simulated(t, simtest.Config{CPUModels: []string{f.CPU}}))
	for range 2 {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Invoke(t.Context()); err == nil {
		t.Error("a closed engine runs")
	}
}
