package worker_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/worker"
)

// looking are options of Enumerate with a simulated library.
func looking(tb testing.TB, c simtest.Config) (worker.EnumerateOptions, *simtest.Control) {
	tb.Helper()
	control := simtest.NewControl(tb)
	c.Control = control
	return worker.EnumerateOptions{
		Library: simtest.Use(tb, c), System: edgetpu.System{Root: control.Root()}, Access: delegate.Access{ReadWrite: []string{control.Folder()}},
	}, control
}

func TestEnumerate(t *testing.T) {
	o, _ := looking(t, simtest.Config{Devices: []string{"usb", "pci"}, RuntimeVersion: 13})
	seen, err := worker.Enumerate(t.Context(), o)
	want := []edgetpu.Device{stick, {Bus: edgetpu.PCI, Path: "/dev/apex_0"}}
	if err != nil || !reflect.DeepEqual(seen.Devices, want) || seen.Path != o.Library {
		t.Fatalf("%+v, %v", seen, err)
	}
	if v, err := seen.Version(); err != nil || v.RuntimeVersion != 13 {
		t.Errorf("version %+v, %v", v, err)
	}
	o.Library = filepath.Join(t.TempDir(), "libedgetpu.so.1")
	if _, err := worker.Enumerate(t.Context(), o); !errors.Is(err, edgetpu.ErrNotFound) || errors.Is(err, edgetpu.ErrUnanswered) {
		t.Errorf("a library that is not there: %v", err)
	}
}

// TestLookFaults asks a library that crashes or hangs: this process survives and gets the reason.
func TestLookFaults(t *testing.T) {
	for _, at := range []simtest.Point{simtest.OnList, simtest.OnVersion} {
		for kind, cause := range map[simtest.Kind]string{
			simtest.Abort: "signal SIGABRT", simtest.Segv: "signal SIGSEGV", simtest.Hang: "did not answer for 5",
		} {
			t.Run(string(at)+" "+string(kind), func(t *testing.T) {
				o, control := looking(t, simtest.Config{})
				if kind == simtest.Hang {
					o.Deadline = 500 * time.Millisecond
				}
				control.Fault(simtest.Fault{Kind: kind, At: at})
				if _, err := worker.Enumerate(t.Context(), o); !errors.Is(err, edgetpu.ErrUnanswered) || !strings.Contains(err.Error(), cause) {
					t.Errorf("%v; want %q", err, cause)
				}
				o.Deadline = 0
				if seen, err := worker.Enumerate(t.Context(), o); err != nil || len(seen.Devices) != 1 {
					t.Errorf("asked once more: %+v, %v", seen, err)
				}
			})
		}
	}
}

// TestLookCutShort ends the context while the library hangs.
func TestLookCutShort(t *testing.T) {
	o, control := looking(t, simtest.Config{})
	control.Fault(simtest.Fault{Kind: simtest.Hang, At: simtest.OnList})
	o.Deadline = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer cancel()
		_ = control.Wait(t.Context(), func(s simtest.State) bool { return s.Fired == 1 })
	}()
	if _, err := worker.Enumerate(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
