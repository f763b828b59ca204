package devicepool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/choice"
	"corallite/internal/devicepool"
	"corallite/internal/plugin/plugintest"
	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// adder is a model that adds two numbers, on a test plug-in.
type adder struct {
	*bench
	files   delegate.Files
	item    delegate.Item
	modeFor string // the file whose content is the plug-in's mode
}

func newAdder(t *testing.T, options map[string]string, change ...func(*devicepool.Options)) *adder {
	t.Helper()
	folder := t.TempDir()
	a := &adder{files: delegate.Files{CPU: filepath.Join(folder, "add.tflite")}, modeFor: filepath.Join(folder, "mode")}
	if err := os.WriteFile(a.files.CPU, modeltest.Addition(1, 4).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	a.mode(t, "")
	a.item = choice.Plugin(plugintest.Build(t))
	a.item.Options = map[string]string{"file": a.modeFor}
	for k, v := range options {
		a.item.Options[k] = v
	}
	change = append(change, func(o *devicepool.Options) { o.Files = []string{a.files.CPU} })
	a.bench = newBench(t, simtest.Config{Devices: []string{}}, change...)
	return a
}

// mode has the plug-in do something else from the next run on.
func (a *adder) mode(t *testing.T, mode string) {
	t.Helper()
	if err := os.WriteFile(a.modeFor, []byte(mode), 0o600); err != nil {
		t.Fatal(err)
	}
}

// add runs the model, which must be right whatever runs it.
func add(t *testing.T, e tensor.Engine) tensor.Device {
	t.Helper()
	a, _ := tensor.Of[float32](e.Input(0))
	b, _ := tensor.Of[float32](e.Input(1))
	for i := range a {
		a[i], b[i] = float32(i), 10
	}
	if err := e.Invoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum, _ := tensor.Of[float32](e.Output(0))
	for i, s := range sum {
		if s != float32(i)+10 {
			t.Fatalf("%d + 10 is %v on %+v", i, s, e.Device())
		}
	}
	return e.Device()
}

const pluginName = "plugin:libtest_delegate.so"

func TestExternalDelegate(t *testing.T) {
	a := newAdder(t, nil)
	e := a.open(a.files, devicepool.Request{Choice: delegate.Choice{a.item}})[0]
	for range 10 {
		if d := add(t, e); d != (tensor.Device{Name: pluginName, Kind: "plugin", LeavesCPUFree: true}) {
			t.Fatalf("device %+v", d)
		}
	}
	all := a.Summaries()
	if len(all) != 1 || all[0].Name != pluginName || all[0].Path != a.item.Library || all[0].Runs != 10 || all[0].Errors != 0 {
		t.Errorf("summaries %+v", all)
	}
}

// TestExternalDelegateFails: whatever the library does, no frame is lost, the CPU goes on, the reason names it, and it comes
// back when it works again.
func TestExternalDelegateFails(t *testing.T) {
	for mode, reason := range map[string]string{
		"crash": "its process", "hang": "its process", "error": "the driver has lost the device",
		"wrong": "gives other answers than the CPU: output 0",
	} {
		for _, when := range []string{"at first", "later"} {
			if mode == "wrong" && when == "later" {
				continue // the first answers are compared
			}
			t.Run(mode+" "+when, func(t *testing.T) {
				a := newAdder(t, nil)
				if when == "at first" {
					a.mode(t, mode)
				}
				e := a.open(a.files, devicepool.Request{Choice: delegate.Choice{a.item}, Deadline: 300 * time.Millisecond})[0]
				if when == "later" {
					for range 5 {
						if d := add(t, e); d.Degraded {
							t.Fatalf("device %+v", d)
						}
					}
					a.mode(t, mode)
				}
				d := add(t, e)
				if d.Name != "cpu:xnnpack" || !d.Degraded || !d.Wanted || !strings.Contains(d.Reason, reason) || !strings.HasPrefix(d.Reason, pluginName) {
					t.Errorf("device %+v, want the reason %q", d, reason)
				}
				a.mode(t, "")
				for deadline := time.Now().Add(time.Minute); add(t, e).Degraded; { // against hanging only
					if time.Now().After(deadline) {
						t.Fatalf("it never came back: %+v", e.Device())
					}
					time.Sleep(time.Millisecond)
				}
				if s := a.Summaries()[0]; s.Failovers != 1 || s.Restores != 1 || (s.Errors == 0) != (mode == "wrong") {
					t.Errorf("summary %+v", s)
				}
			})
		}
	}
}

// TestExternalDelegateDoesNotOpen: the CPU runs the model, and the reason has the library's own words.
func TestExternalDelegateDoesNotOpen(t *testing.T) {
	for mode, reason := range map[string]string{
		"create-fails":  "/dev/npu0 cannot be opened",
		"silent":        "it gives no reason",
		"prepare-fails": "no room for the graph",
	} {
		t.Run(mode, func(t *testing.T) {
			a := newAdder(t, map[string]string{"mode": mode})
			e := a.open(a.files, devicepool.Request{Choice: delegate.Choice{a.item}})[0]
			if d := add(t, e); d.Name != "cpu:xnnpack" || !d.Degraded || !strings.Contains(d.Reason, reason) {
				t.Errorf("device %+v, want the reason %q", d, reason)
			}
		})
	}
}

// TestExternalDelegateMissing: alone it is an error that names the library; in a list the next is taken.
func TestExternalDelegateMissing(t *testing.T) {
	a := newAdder(t, nil)
	missing := choice.Plugin("/nonexistent/libvx_delegate.so")
	_, err := a.tryOpen(a.files, devicepool.Request{Choice: delegate.Choice{missing}})
	if err == nil || !strings.Contains(err.Error(), missing.Library) || !strings.Contains(err.Error(), "install the vendor's package") {
		t.Errorf("error %v", err)
	}
	for _, c := range []struct {
		choice delegate.Choice
		device string
	}{
		{delegate.Choice{missing, {Provider: "xnnpack"}}, "cpu:xnnpack"},
		{delegate.Choice{missing, a.item}, pluginName},
		{delegate.Choice{{Provider: "edgetpu"}, missing, {Provider: "none"}}, "cpu:builtin"},
	} {
		e := a.open(a.files, devicepool.Request{Choice: c.choice})[0]
		if d := add(t, e); d.Name != c.device {
			t.Errorf("%s: device %+v", c.choice, d)
		}
	}
	// A library that opens nothing makes room for the next, too.
	silent := a.item
	silent.Options = map[string]string{"mode": "silent"}
	e := a.open(a.files, devicepool.Request{Choice: delegate.Choice{silent, {Provider: "edgetpu"}, {Provider: "xnnpack"}}})[0]
	if d := add(t, e); d.Name != "cpu:xnnpack" || !strings.Contains(d.Reason, "returned no delegate") {
		t.Errorf("device %+v", d)
	}
}

// TestExternalDelegateEnvironment: the library's process gets the variables that are named, and no others.
func TestExternalDelegateEnvironment(t *testing.T) {
	t.Setenv("NPU_FIRMWARE", "x")
	a := newAdder(t, map[string]string{"env": "NPU_FIRMWARE"})
	e := a.open(a.files, devicepool.Request{Choice: delegate.Choice{a.item}})[0]
	if d := add(t, e); !strings.Contains(d.Reason, "the environment lacks the variable") {
		t.Errorf("device %+v", d)
	}
	a.item.Env = []string{"NPU_FIRMWARE"}
	e = a.open(a.files, devicepool.Request{Choice: delegate.Choice{a.item}})[0]
	if d := add(t, e); d.Degraded || d.Name != pluginName+"#2" {
		t.Errorf("device %+v", d)
	}
}

// TestExternalDelegateHere is isolate: false, which puts the library into this process.
func TestExternalDelegateHere(t *testing.T) {
	a := newAdder(t, nil)
	here := false
	e := a.open(a.files, devicepool.Request{Choice: delegate.Choice{a.item}, Isolate: &here})[0]
	for range 5 {
		if d := add(t, e); d.Name != pluginName {
			t.Fatalf("device %+v", d)
		}
	}
}

// TestSimulatorAsExternalDelegate runs a compiled model on the simulated Edge TPU through the plug-in interface, which
// libedgetpu has too. Of a model that is not compiled it takes nothing, which is said.
func TestSimulatorAsExternalDelegate(t *testing.T) {
	f := bothFiles(t, classifier)
	right := reference(t, f)
	b := newBench(t, simtest.Config{Devices: []string{"usb"}, CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	item := choice.Plugin(b.library)
	item.Options = map[string]string{"device": "usb:0"}
	e := b.open(delegate.Files{EdgeTPU: f.EdgeTPU}, devicepool.Request{Choice: delegate.Choice{item}})[0]
	if got := run(t, e, 7); got != right(7) || e.Device().Name != "plugin:libedgetpu.so.1" {
		t.Errorf("the answer is wrong on %+v", e.Device())
	}
	e = b.open(delegate.Files{CPU: f.CPU}, devicepool.Request{Choice: delegate.Choice{item}})[0]
	if got := run(t, e, 7); got != right(7) || !strings.Contains(e.Device().Reason, "takes none of the model's operators") {
		t.Errorf("device %+v", e.Device())
	}
}

// TestEdgeTPUEnvironment: the processes with libedgetpu get the variables that are named, and no others.
func TestEdgeTPUEnvironment(t *testing.T) {
	t.Setenv("EDGETPU_TRACE_FILE", "x")
	t.Setenv("DOOR_PASSWORD", "secret")
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Devices: []string{"usb"}, Compute: simtest.Fixed}, func(o *devicepool.Options) {
		o.EdgeTPUEnv = []string{"EDGETPU_TRACE_FILE"}
	})
	b.open(delegate.Files{EdgeTPU: f.EdgeTPU}, devicepool.Request{Choice: delegate.EdgeTPU})
	all := children(t)
	if len(all) != 1 {
		t.Fatalf("child processes %v", all)
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%v/environ", all[0]))
	if err != nil {
		t.Skipf("a child's environment cannot be read here: %v", err)
	}
	if s := string(environ); !strings.Contains(s, "EDGETPU_TRACE_FILE=x") || strings.Contains(s, "DOOR_PASSWORD") {
		t.Errorf("the child's environment is %q", s)
	}
}
