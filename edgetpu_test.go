package corallite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"corallite"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/assemble"
	"corallite/internal/testdata"
	"corallite/pipeline"
)

// simulate puts a simulated Edge TPU into the machine, which computes with the model for the CPU.
func simulate(t *testing.T, c simtest.Config) *simtest.Control {
	t.Helper()
	c.Control, c.CPUModels = simtest.NewControl(t), []string{testdata.Path(t, small)}
	t.Setenv(edgetpu.LibraryEnv, simtest.Use(t, c))
	t.Setenv(assemble.ExtraPathsEnv, strings.Join(append([]string{c.Control.Folder()}, c.CPUModels...), string(os.PathListSeparator)))
	t.Setenv("CORALLITE_CACHE", filepath.Join(t.TempDir(), "cache"))
	return c.Control
}

// where is what ran a model on a picture, as its events say.
func where(t *testing.T, m *corallite.Model) pipeline.Event {
	t.Helper()
	for event, err := range m.Events(t.Context(), corallite.Images("images/cat.bmp")) {
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	t.Fatal("no event")
	return pipeline.Event{}
}

// TestModelOnEdgeTPU: a model of the library runs on the device, gives what the CPU gives, and goes on there when the device
// crashes.
func TestModelOnEdgeTPU(t *testing.T) {
	control := simulate(t, simtest.Config{})
	picture := decode(t, "images/cat_720p.jpg")
	want, err := open(t, small, corallite.Options{Task: corallite.Classify, Delegate: "xnnpack"}).Classify(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, small, corallite.Options{Task: corallite.Classify})
	before := control.Runs()
	got, err := m.Classify(t.Context(), picture)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; on the CPU %v", got, err, want)
	}
	if control.Runs() == before {
		t.Error("nothing ran on the device")
	}
	if e := where(t, m); e.Device != "edgetpu:usb:2-1" || e.Degraded {
		t.Errorf("event of %s, degraded %v: %s", e.Device, e.Degraded, e.Reason)
	}
	control.Fault(simtest.Fault{Kind: simtest.Abort, Times: simtest.Always})
	control.Fault(simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen, Times: simtest.Always})
	for range 3 {
		if got, err := m.Classify(t.Context(), picture); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after a crash: %v, %v", got, err)
		}
	}
	if e := where(t, m); !strings.HasPrefix(e.Device, "cpu:") || !e.Degraded || !strings.Contains(e.Reason, "edgetpu:usb:2-1") {
		t.Errorf("after a crash: event of %s, degraded %v: %s", e.Device, e.Degraded, e.Reason)
	}
}

// TestModelWithoutEdgeTPU: without a device the model is an error where nothing else may run it, and says so.
func TestModelWithoutEdgeTPU(t *testing.T) {
	simulate(t, simtest.Config{Devices: []string{}})
	testdata.Path(t, small)
	_, err := corallite.Open(t.Context(), small, corallite.Options{Task: corallite.Classify, Delegate: "edgetpu"})
	if err == nil || !strings.Contains(err.Error(), "the Edge TPU cannot run it: no Edge TPU found") {
		t.Errorf("error %v", err)
	}
	if _, err := corallite.Open(t.Context(), small, corallite.Options{Task: corallite.Classify, DelegateOptions: map[string]string{"a": "b"}}); err == nil || !strings.Contains(err.Error(), "only external delegates have options") {
		t.Errorf("options of no delegate: %v", err)
	}
}

// TestServeOnEdgeTPU: requests are answered by the device, and when it crashes by the CPU: several at once, none is lost, and the
// answers are the same.
func TestServeOnEdgeTPU(t *testing.T) {
	control := simulate(t, simtest.Config{})
	client := &corallite.Client{Address: serveModels(t, fmt.Sprintf("  small: {path: %q, task: classify}\n", testdata.Path(t, small)), "")}
	picture, err := os.ReadFile(testdata.Path(t, "images/cat_720p.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func() pipeline.Event {
		e, err := client.Ask(t.Context(), corallite.Classify, picture, corallite.Question{})
		if err != nil {
			t.Error(err)
		}
		return e
	}
	want := ask()
	if want.Device != "edgetpu:usb:2-1" || want.Degraded || len(want.Classes) == 0 || control.Runs() == 0 {
		t.Errorf("answered by %s, degraded %v: %s", want.Device, want.Degraded, want.Reason)
	}
	control.Fault(simtest.Fault{Kind: simtest.Abort, Times: simtest.Always})
	control.Fault(simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen, Times: simtest.Always})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if e := ask(); !reflect.DeepEqual(e.Classes, want.Classes) {
				t.Errorf("after a crash %s gives %v; want %v", e.Device, e.Classes, want.Classes)
			}
		})
	}
	all.Wait()
	if e := ask(); !strings.HasPrefix(e.Device, "cpu:") || !e.Degraded || !strings.Contains(e.Reason, "edgetpu:usb:2-1") {
		t.Errorf("after a crash: answered by %s, degraded %v: %s", e.Device, e.Degraded, e.Reason)
	}
}
