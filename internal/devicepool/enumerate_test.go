package devicepool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// TestListingFails begins with a libedgetpu that crashes or hangs when it is asked for its devices, once or for a while:
// the CPU begins where the device does not, the answers are right, and the device comes when it can.
func TestListingFails(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	for _, c := range []struct {
		name string
		simtest.Fault
	}{
		{"crash", simtest.Fault{Kind: simtest.Segv, At: simtest.OnList}},
		{"crashes for a while", simtest.Fault{Kind: simtest.Abort, At: simtest.OnList, Times: 5}},
		{"hang", simtest.Fault{Kind: simtest.Hang, At: simtest.OnList}},
		{"crash of its version", simtest.Fault{Kind: simtest.Abort, At: simtest.OnVersion}},
		{"hang of its version", simtest.Fault{Kind: simtest.Hang, At: simtest.OnVersion}},
	} {
		t.Run(c.name, func(t *testing.T) {
			limit := func(o *devicepool.Options) { o.OpenLimit = 2 * time.Second }
			b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel}, limit)
			b.control.Fault(c.Fault)
			e := b.open(f, devicepool.Request{})[0]
			until(t, e, want, "on the device", func(d tensor.Device) bool {
				return d == tensor.Device{Name: "edgetpu:usb:2-1", Kind: "edgetpu", LeavesCPUFree: true}
			})
		})
	}
}

// TestListedOnce asks libedgetpu once for all models, and anew when the kernel shows other devices.
func TestListedOnce(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Devices: []string{"usb"}, CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	b.control.Unplug("/sys/bus/usb/devices/2-1")
	for range 3 {
		if d := b.open(f, devicepool.Request{})[0].Device(); d.Name != "cpu:xnnpack" {
			t.Fatalf("device %+v", d)
		}
	}
	if n := b.control.State().Lists; n != 1 {
		t.Errorf("libedgetpu listed its devices %d times", n)
	}
	b.control.Plug("/sys/bus/usb/devices/2-1")
	if d := b.open(f, devicepool.Request{})[0].Device(); d.Name != "edgetpu:usb:2-1" {
		t.Errorf("device %+v", d)
	}
}

// TestPatienceEnds has the device hang in its first opening, and in being listed, until nobody waits any more: a model
// with a CPU model begins on the CPU, one without cannot.
func TestPatienceEnds(t *testing.T) {
	f := bothFiles(t, classifier)
	for _, at := range []simtest.Point{simtest.OnList, simtest.OnVersion, simtest.OnOpen} {
		for _, choice := range []delegate.Choice{delegate.Auto, delegate.EdgeTPU} {
			t.Run(string(at)+" "+choice.String(), func(t *testing.T) {
				patience, end := context.WithCancel(t.Context())
				defer end()
				long := func(o *devicepool.Options) { o.OpenLimit = time.Hour }
				b := newBenchUntil(patience, t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel}, long)
				b.control.Fault(simtest.Fault{Kind: simtest.Hang, At: at})
				go func() {
					defer end()
					_ = b.control.Wait(t.Context(), func(s simtest.State) bool { return s.Fired == 1 })
				}()
				all, err := b.tryOpen(f, devicepool.Request{Choice: choice})
				if choice.OnlyEdgeTPU() {
					if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted") {
						t.Errorf("%d engines, error %v", len(all), err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if d := all[0].Device(); d.Name != "cpu:xnnpack" || !strings.Contains(d.Reason, "interrupted") {
					t.Errorf("device %+v", d)
				}
				if err := all[0].Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestPatienceEndsATrial: a model that never ran here and does not end is waited for only until the context of New ends.
func TestPatienceEndsATrial(t *testing.T) {
	f := delegate.Files{CPU: filepath.Join(t.TempDir(), "endless.tflite")}
	if err := os.WriteFile(f.CPU, modeltest.Endless().Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	patience, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	b := newBenchUntil(patience, t, simtest.Config{Devices: []string{}}, func(o *devicepool.Options) {
		o.Verified = worker.NewVerifiedModels(t.TempDir())
	})
	if _, _, err := b.Read(t.Context(), f, "", nil); !errors.Is(err, context.Canceled) || err.Error() != "model "+f.CPU+": interrupted" {
		t.Errorf("error %v", err)
	}
}

// TestWanted says whose fallback is a loss: not that of a machine which never had an Edge TPU and was asked for none.
func TestWanted(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Devices: []string{}})
	for range 2 {
		if d := b.open(f, devicepool.Request{})[0].Device(); !d.Degraded || d.Wanted {
			t.Errorf("no device, none asked for: %+v", d)
		}
	}
	if d := b.open(delegate.Files{CPU: f.CPU}, devicepool.Request{})[0].Device(); !d.Degraded || d.Wanted {
		t.Errorf("no device, and a model without a CPU model: %+v", d)
	}
	if n := strings.Count(b.log.String(), "level=INFO"); n != 1 || !strings.Contains(b.log.String(), `msg="no Edge TPU found: the CPU runs the models"`) {
		t.Errorf("three models, and %d lines say that there is no Edge TPU:\n%s", n, b.log)
	}
	if d := b.open(f, devicepool.Request{Device: "usb"})[0].Device(); !d.Degraded || !d.Wanted {
		t.Errorf("asked for by name: %+v", d)
	}
	with := newBench(t, simtest.Config{CPUModels: []string{f.CPU}})
	if d := with.open(delegate.Files{CPU: f.CPU}, devicepool.Request{})[0].Device(); !d.Degraded || !d.Wanted {
		t.Errorf("a device, and a model that is not compiled for it: %+v", d)
	}
	e := with.open(f, devicepool.Request{})[0]
	if d := e.Device(); d.Degraded || d.Wanted {
		t.Errorf("on the device: %+v", d)
	}
	with.control.Fault(simtest.Fault{Kind: simtest.Error})
	for seed := range uint64(1000) {
		if run(t, e, seed); e.Device().Degraded {
			break
		}
	}
	if d := e.Device(); !d.Degraded || !d.Wanted {
		t.Errorf("a device that failed: %+v", d)
	}
}

// TestThreadsAreCapped asks for more threads than there are processors: it is said once, and the process gets no more.
func TestThreadsAreCapped(t *testing.T) {
	f := delegate.Files{CPU: path(t, classifier)}
	b := newBench(t, simtest.Config{Devices: []string{}})
	threads := func() int {
		all, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := threads()
	for range 2 {
		e := b.open(f, devicepool.Request{Choice: delegate.XNNPACK, Threads: 256})[0]
		run(t, e, 1)
	}
	if n := threads() - before; n > 2*runtime.NumCPU()+32 { // with those that Go starts
		t.Errorf("%d threads more", n)
	}
	if n := strings.Count(b.log.String(), "is more than the machine has processors"); n != 1 {
		t.Errorf("said %d times", n)
	}
}
