package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/isolate"
	"corallite/internal/testdata"
)

// simulator is a simulated libedgetpu with a USB stick and a card.
func simulator(t *testing.T) (library string, control *simtest.Control) {
	t.Helper()
	control = simtest.NewControl(t)
	library = simtest.Use(t, simtest.Config{Devices: []string{"usb", "pci"}, Control: control})
	return library, control
}

// TestIsolated tries the simulated library in real child processes.
func TestIsolated(t *testing.T) {
	library, control := simulator(t)
	try := Isolated(delegate.Access{ReadWrite: []string{control.Folder()}})
	compiled := testdata.Path(t, classifier+"_edgetpu.tflite")
	for _, a := range []Attempt{
		{Library: library},
		{Library: library, Device: &usbDevice},
		{Library: library, Device: &usbDevice, Model: compiled},
		{Library: library, Device: &pciDevice, Model: compiled},
	} {
		got := try(t.Context(), a)
		if got.At != Done || got.Err != nil || got.Path != library || got.Version.RuntimeVersion != 14 || len(got.Listed) != 2 {
			t.Errorf("%+v: %+v", a, got)
		}
	}
}

// TestIsolatedFaults lets the library fail at each stage: only the child is affected.
func TestIsolatedFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault simtest.Fault
		at    Stage
		dies  bool
		say   string
	}{
		{"abort when listing", simtest.Fault{Kind: simtest.Abort, At: simtest.OnList, Times: simtest.Always}, Listing, true, "SIGABRT"},
		{"crash when opening", simtest.Fault{Kind: simtest.Segv, At: simtest.OnOpen, Times: simtest.Always}, Opening, true, "SIGSEGV"},
		{"does not open", simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen, Times: simtest.Always}, Opening, false, "edgetpu_create_delegate"},
		{"hang when opening", simtest.Fault{Kind: simtest.Hang, At: simtest.OnOpen, Times: simtest.Always}, Opening, true, "did not answer"},
		{"crash in the interpreter", simtest.Fault{Kind: simtest.Segv, At: simtest.OnInterpreter, Times: simtest.Always}, Preparing, true, "SIGSEGV"},
	} {
		t.Run(c.name, func(t *testing.T) {
			library, control := simulator(t)
			control.Fault(c.fault)
			if c.fault.Kind == simtest.Hang { // which nothing but the limit ends
				usual := limits[c.at]
				limits[c.at] = time.Second
				defer func() { limits[c.at] = usual }()
			}
			got := Isolated(delegate.Access{ReadWrite: []string{control.Folder()}})(t.Context(), Attempt{Library: library, Device: &usbDevice})
			var died *isolate.DeathError
			if got.At != c.at || got.Err == nil || errors.As(got.Err, &died) != c.dies || !strings.Contains(got.Err.Error(), c.say) {
				t.Errorf("ended at %q: %v", got.At, got.Err)
			}
		})
	}
}

// TestIsolatedLoadErrors checks that the kinds of failure reach the parent.
func TestIsolatedLoadErrors(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		kind error
	}{
		{filepath.Join(folder, "nothere.so"), edgetpu.ErrNotFound},
		{text, edgetpu.ErrNotLibrary},
		{folder, edgetpu.ErrNotLibrary},
		{testdata.Path(t, classifier+".tflite"), edgetpu.ErrNotLibrary},
	} {
		got := Isolated(delegate.Access{})(t.Context(), Attempt{Library: c.path})
		var load *edgetpu.LoadError
		if got.At != Loading || !errors.As(got.Err, &load) || load.Kind != c.kind || load.Path != c.path {
			t.Errorf("%s: ended at %q: %v, want %v", c.path, got.At, got.Err, c.kind)
		}
	}
}

// TestExamineSimulated is a whole examination with the simulated library, in child processes.
func TestExamineSimulated(t *testing.T) {
	library, control := simulator(t)
	control.Fault(simtest.Fault{Kind: simtest.Segv, At: simtest.OnInterpreter, Device: stick, Times: simtest.Always})
	r, err := Examine(t.Context(), Options{
		System: edgetpu.System{Root: withStick.with(withCard).root(t)}, User: &anna, Library: library, Try: Isolated(delegate.Access{ReadWrite: []string{control.Folder()}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cause == nil || r.Cause.ID != RuntimeMismatch || r.Cause.Subject != "usb:2-1" || !strings.Contains(r.Cause.Found, "SIGSEGV") {
		t.Errorf("cause %+v", r.Cause)
	}
	for _, f := range r.Findings {
		if f.Check == Pairing && f.Subject == "pci:0000:01:00.0" && f.State != OK {
			t.Errorf("the card: %+v", f)
		}
	}
}

// TestExamineSimulatedAlone is a library that lists devices on a machine whose kernel shows none.
func TestExamineSimulatedAlone(t *testing.T) {
	library, control := simulator(t)
	r, err := Examine(t.Context(), Options{System: edgetpu.System{Root: plain.root(t)}, User: &anna, Library: library, Try: Isolated(delegate.Access{ReadWrite: []string{control.Folder()}})})
	if err != nil {
		t.Fatal(err)
	}
	if r.Cause != nil {
		t.Errorf("cause %+v", r.Cause)
	}
	if got := control.Runs(); got != 0 {
		t.Errorf("%d runs; an examination runs nothing", got)
	}
}

// TestThisMachine examines the machine that the test runs on, whatever it is.
func TestThisMachine(t *testing.T) {
	r, err := Examine(t.Context(), Options{Try: Isolated(delegate.Access{})})
	if err != nil {
		t.Fatal(err)
	}
	if len(edgetpu.System{}.Devices())+len(edgetpu.System{}.Cards()) == 0 && (r.Cause == nil || r.Cause.ID != NoDevice) {
		t.Errorf("there is no device, and the cause is %+v", r.Cause)
	}
	if len(r.Stopped) > 0 {
		t.Errorf("%v is stopped, and nothing is configured", r.Stopped)
	}
}

// TestExamineEnds checks that the end of the context ends the examination.
func TestExamineEnds(t *testing.T) {
	library, control := simulator(t)
	control.Fault(simtest.Fault{Kind: simtest.Hang, At: simtest.OnList, Times: simtest.Always})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := Examine(ctx, Options{System: edgetpu.System{Root: withStick.root(t), Access: func(string) error { return syscall.EACCES }},
		Library: library, Try: Isolated(delegate.Access{ReadWrite: []string{control.Folder()}})}); err == nil {
		t.Error("no error")
	}
}
