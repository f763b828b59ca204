package simtest_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/schema"
	"corallite/internal/testdata"
)

// driver builds testdata/drive.c with the simulator's sources under the address and undefined-behaviour sanitizers,
// once in a process.
var driver = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "corallite-drive-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	sources, err := filepath.Glob("../sim/*.[ch]")
	if err != nil {
		return nil, err
	}
	for _, path := range append(sources, "testdata/drive.c") {
		if _, err := os.Stat(path); err != nil { // go test sees this, and not what the compiler reads
			return nil, err
		}
	}
	sources = slices.DeleteFunc(sources, func(path string) bool { return filepath.Ext(path) == ".h" })
	out := filepath.Join(folder, "drive")
	arguments := append([]string{"-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
		"-fno-sanitize-recover=undefined", "-I../sim", "-o", out, "testdata/drive.c"}, sources...)
	if message, err := exec.Command("cc", append(arguments, "-ldl", "-lpthread", "-lm")...).CombinedOutput(); err != nil {
		os.Stderr.Write(message)
		return nil, err
	}
	return os.ReadFile(out)
})

// drive runs the driver and gives what it wrote, and whether it ended well.
func drive(t *testing.T, environ []string, arguments ...string) (string, bool) {
	t.Helper()
	program, err := driver()
	if err != nil {
		testdata.Missing(t, "the simulator cannot be built with sanitizers: %v", err)
	}
	path := filepath.Join(t.TempDir(), "drive")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(soon(t), path, arguments...)
	c.Env = append(os.Environ(), environ...)
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), "Sanitizer") || strings.Contains(string(out), "runtime error") {
		t.Errorf("a sanitizer found something:\n%s", out)
	}
	return string(out), err == nil
}

// runtimeLibrary is the TensorFlow Lite library that this process has loaded.
func runtimeLibrary(t *testing.T) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		if i := strings.Index(line, "/"); i >= 0 && strings.Contains(line, "libtensorflowlite_c") {
			return strings.TrimSpace(line[i:])
		}
	}
	t.Skip("TensorFlow Lite is no shared library here")
	return ""
}

// TestPlugin opens devices through the plug-in interface, with libedgetpu's device strings.
func TestPlugin(t *testing.T) {
	const both = "open /sys/bus/usb/devices/2-1"
	for _, c := range []struct {
		name    string
		options []string
		want    string // in the library's log; "": it refuses
	}{
		{"no options", nil, both},
		{"any", []string{"device", ""}, both},
		{"any on USB", []string{"device", "usb"}, both},
		{"any on PCI", []string{"device", "pci"}, "open /dev/apex_0"},
		{"by index", []string{"device", ":1"}, "open /dev/apex_0"},
		{"by index on USB", []string{"device", "usb:1"}, "open /sys/bus/usb/devices/2-2"},
		{"options with an index", []string{"Performance", "Low", "device", "pci:0"}, "open /dev/apex_0 Performance=Low"},
		{"options without", []string{"Performance", "Low", "device", "pci"}, "open /dev/apex_0\n"},
		{"no such index", []string{"device", "usb:2"}, ""},
		{"no number", []string{"device", "usb:"}, ""},
		{"a negative number", []string{"device", ":-1"}, ""},
		{"another bus", []string{"device", "tpu"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			config := simtest.Config{Devices: []string{"usb", "pci", "usb"}, Compute: simtest.Fixed, Log: log}
			model := testdata.Path(t, "models/"+classifier+"_edgetpu.tflite")
			out, good := drive(t, config.Environ(), append([]string{"run", runtimeLibrary(t), model, "2"}, c.options...)...)
			if good != (c.want != "") || !good && !strings.Contains(out, "no delegate") {
				t.Errorf("it ended well: %t, and wrote\n%s", good, out)
			}
			lines, _ := os.ReadFile(log) // none when it refuses
			if !strings.HasPrefix(string(lines), c.want) {
				t.Errorf("the log is\n%s, want %q", lines, c.want)
			}
		})
	}
}

// TestPluginIsExported looks for the two functions in the library: the driver has them without it.
func TestPluginIsExported(t *testing.T) {
	file, err := elf.Open(simtest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate"} {
		if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == name && s.Section != elf.SHN_UNDEF }) {
			t.Errorf("%s is not exported", name)
		}
	}
}

// TestSanitized runs everything under the sanitizers: CPU model, control, state, the machine's files, heat, a fault.
func TestSanitized(t *testing.T) {
	ctl := simtest.NewControl(t)
	twin := testdata.Path(t, "models/"+classifier+".tflite")
	config := simtest.Config{Control: ctl, Devices: []string{"pci", "usb"}, CPUModels: []string{twin}, Compute: simtest.CPUModel,
		DFU: true, Heat: simtest.Heat{Run: 100}, LoadTime: time.Millisecond}
	environ := config.Environ()
	model := testdata.Path(t, "models/"+classifier+"_edgetpu.tflite")
	for _, device := range []string{"pci", "usb"} {
		if out, good := drive(t, environ, "run", runtimeLibrary(t), model, "3", "device", device); !good {
			t.Errorf("%s: %s", device, out)
		}
	}
	ctl.Fault(simtest.Fault{Kind: simtest.Wrong})
	ctl.Fault(simtest.Fault{Kind: simtest.Error, AtRun: 2})
	if out, good := drive(t, environ, "run", runtimeLibrary(t), model, "3"); good || !strings.Contains(out, "a run failed") {
		t.Errorf("a fault happens, and it ended well: %t\n%s", good, out)
	}
	if s := ctl.State(); s.Fired != 2 || s.Runs != 8 || s.Loads != 3 {
		t.Errorf("state %+v", s)
	}
}

// TestHostileFiles changes packages, control and state at random; the sanitizers are the judges.
func TestHostileFiles(t *testing.T) {
	b, err := os.ReadFile(testdata.Path(t, "models/"+classifier+"_edgetpu.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	custom := filepath.Join(t.TempDir(), "custom")
	if err := os.WriteFile(custom, m.Main().Operators[0].CustomOptions, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, good := drive(t, nil, "package", custom, "3000"); !good || !strings.HasPrefix(out, "token ") {
		t.Errorf("packages: %s", out)
	}
	ctl := simtest.NewControl(t)
	ctl.Fault(simtest.Fault{Kind: simtest.Gone, As: another, For: time.Hour, AtRun: 3})
	ctl.Temperature(stick, 50000)
	simtest.Config{Control: ctl, DFU: true}.Environ()
	ctl.Close() // the driver writes the files now
	if out, good := drive(t, nil, "text", ctl.Path(), "500"); !good {
		t.Errorf("control and state: %s", out)
	}
}
