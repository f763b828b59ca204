package plugin_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/dynlib"
	"corallite/internal/plugin"
	"corallite/internal/plugin/plugintest"
	"corallite/internal/schema/modeltest"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// TestRuns adds two numbers in the library, with the texts of its options in memory all the while.
func TestRuns(t *testing.T) {
	l, err := plugin.Load(plugintest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mode")
	d, err := l.Create([]plugin.Option{{Key: "mode", Value: ""}, {Key: "file", Value: file}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := tflite.New(modeltest.Addition(1, 4).Bytes(), tflite.Options{Delegates: []tflite.Delegate{d}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if n.Device().Name != "plugin:libtest_delegate.so" || n.Idle() {
		t.Errorf("device %+v, idle %v", n.Device(), n.Idle())
	}
	add := func() float32 {
		t.Helper()
		a, _ := tensor.Of[float32](n.Input(0))
		b, _ := tensor.Of[float32](n.Input(1))
		a[0], b[0] = 3, 4
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		sum, _ := tensor.Of[float32](n.Output(0))
		return sum[0]
	}
	for range 3 {
		runtime.GC()
		if got := add(); got != 7 {
			t.Errorf("3 + 4 is %v", got)
		}
	}
	if err := os.WriteFile(file, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := add(); got != 2 { // so it is the library that computes
		t.Errorf("3 + 4, wrongly, is %v", got)
	}
	if err := os.WriteFile(file, []byte("error"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = n.Invoke(context.Background())
	var call *tflite.Error
	if !errors.As(err, &call) || call.Op != "TfLiteInterpreterInvoke" || !strings.Contains(call.Detail, "the driver has lost the device") {
		t.Errorf("error %v", err)
	}
}

// TestIdle is a model of which the library takes nothing.
func TestIdle(t *testing.T) {
	l, err := plugin.Load(plugintest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Create(nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := tflite.New(modeltest.Softmax8(4).Bytes(), tflite.Options{Delegates: []tflite.Delegate{d}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if !n.Idle() {
		t.Error("a delegate that takes nothing is not idle")
	}
}

func TestErrors(t *testing.T) {
	folder := t.TempDir()
	text, foreign := filepath.Join(folder, "text.so"), filepath.Join(folder, "foreign.so")
	elf, err := os.ReadFile(plugintest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	elf[18], elf[19] = 0xF7, 0 // e_machine: a processor that no Go program runs on (BPF)
	for path, content := range map[string][]byte{text: []byte("no library"), foreign: elf} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, path string
		is         error
		says       string
	}{
		{"missing", filepath.Join(folder, "none.so"), dynlib.ErrNotFound, "install the vendor's package, or give the library's full path"},
		{"missing by name", "libcorallite-none.so", dynlib.ErrNotFound, "libcorallite-none.so"},
		{"no library", text, dynlib.ErrNotLibrary, text},
		{"another processor", foreign, dynlib.ErrWrongArchitecture, "install the one for this machine's processor"},
		{"no delegate", plugintest.Build(t, "-Dtflite_plugin_create_delegate=other"), plugin.ErrMissingSymbol, "tflite_plugin_create_delegate"},
		{"half a delegate", plugintest.Build(t, "-DWITHOUT_DESTROY"), plugin.ErrMissingSymbol, "tflite_plugin_destroy_delegate"},
	} {
		_, err := plugin.Load(c.path)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), filepath.Base(c.path)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.says)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	l, err := plugin.Load(plugintest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	for mode, says := range map[string]string{"create-fails": "/dev/npu0 cannot be opened", "silent": "it gives no reason"} {
		_, err := l.Create([]plugin.Option{{Key: "mode", Value: mode}})
		var create *plugin.CreateError
		if !errors.As(err, &create) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), l.Path()) ||
			!strings.Contains(err.Error(), "tflite_plugin_create_delegate") {
			t.Errorf("%s: error %v, want %q", mode, err, says)
		}
	}
	for _, o := range []plugin.Option{{Value: "x"}, {Key: "a\x00b"}, {Key: "a", Value: "\x00"}} {
		if _, err := l.Create([]plugin.Option{o}); err == nil || !strings.Contains(err.Error(), "invalid option") {
			t.Errorf("option %q: error %v", o, err)
		}
	}
}

// TestSimulator loads the simulated Edge TPU by its plug-in interface.
func TestSimulator(t *testing.T) {
	path := simtest.Use(t, simtest.Config{Devices: []string{"usb"}})
	l, err := plugin.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Create([]plugin.Option{{Key: "device", Value: "pci"}}); err == nil || !strings.Contains(err.Error(), "it gives no reason") {
		t.Errorf("a device that is not there: %v", err)
	}
	d, err := l.Create([]plugin.Option{{Key: "device", Value: "usb:0"}})
	if err != nil {
		t.Fatal(err)
	}
	d.Delete()
	d.Delete()
	if live := simtest.Live(t, path); live != 0 {
		t.Errorf("%d things of the simulator are left", live)
	}
}
