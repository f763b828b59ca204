package worker_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/isolate"
	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/internal/worker"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

func TestMain(m *testing.M) {
	// The race detector makes each child wait for a second before it exits.
	if os.Getenv("GORACE") == "" {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	isolate.Main(worker.WithFakes(worker.Handlers()))
	// A test must not depend on the machine's devices.
	_ = os.Unsetenv(edgetpu.LibraryEnv)
	goleak.VerifyTestMain(m)
}

// long is a timeout for what must happen; it only keeps a failing test from hanging.
const long = time.Minute

const classifier = "mobilenet_v1_0.25_128_quant"

func path(tb testing.TB, name string) string {
	tb.Helper()
	return testdata.Path(tb, "models/"+name+".tflite")
}

// written writes a model to a folder of the test.
func written(tb testing.TB, m modeltest.Model) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "made.tflite")
	if err := os.WriteFile(path, m.Bytes(), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// stick is the simulator's first device.
var stick = edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-1"}

// host starts a child for the CPU that may read the files. It is closed with its engines at the end of the test.
func host(tb testing.TB, files ...string) *worker.Host {
	tb.Helper()
	return startHost(tb, worker.HostOptions{Files: files})
}

// simulated starts a child with a simulated device.
func simulated(tb testing.TB, c simtest.Config) (*worker.Host, worker.HostOptions) {
	tb.Helper()
	if c.Control == nil {
		c.Control = simtest.NewControl(tb)
	}
	o := worker.HostOptions{
		Library: simtest.Use(tb, c), Device: stick, Files: []string{filepath.Join(testdata.Root(), "models")},
		Access:  delegate.Access{ReadWrite: append([]string{c.Control.Folder()}, c.CPUModels...)},
		EdgeTPU: edgetpu.Options{System: edgetpu.System{Root: c.Control.Root()}},
	}
	return startHost(tb, o), o
}

func startHost(tb testing.TB, o worker.HostOptions) *worker.Host {
	tb.Helper()
	log := &strings.Builder{}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	ctx, cancel := context.WithTimeout(tb.Context(), long)
	defer cancel()
	h, err := worker.StartHost(ctx, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = h.Close() // tests that end it themselves look at the error
		select {
		case <-h.Done():
		case <-time.After(long):
			tb.Error("the child is not gone")
		}
		if tb.Failed() {
			tb.Logf("the child says:\n%s", log)
		}
	})
	return h
}

// open opens an engine, closed when the test ends.
func open(tb testing.TB, h *worker.Host, r worker.Request) *worker.Engine {
	tb.Helper()
	e, err := h.Open(tb.Context(), r)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// here opens an engine in this process, closed when the test ends.
func here(tb testing.TB, f delegate.Files, o delegate.Options) delegate.Engine {
	tb.Helper()
	e, err := delegate.Open(tb.Context(), f, o)
	if err != nil {
		tb.Fatal(err)
	}
	before := tflite.Live() - 1
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
		if n := tflite.Live(); n > before {
			tb.Errorf("%d interpreters were not closed", n-before)
		}
	})
	return e
}

// onCPU is a request for XNNPACK.
func onCPU(path string) worker.Request {
	return worker.Request{Files: delegate.Files{CPU: path}, Choice: delegate.XNNPACK}
}

// noise fills the inputs with pseudo-random values: whole numbers from 0 to 255 in 8-bit tensors, 0 to 1 in
// floating-point ones.
func noise(e tensor.Engine, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range e.Inputs() {
		in := e.Input(i)
		if values, err := tensor.Of[float32](in); err == nil {
			for k := range values {
				values[k] = r.Float32()
			}
			continue
		}
		for k := range in.Data {
			in.Data[k] = byte(r.Uint32())
		}
	}
}

// outputs are copies of an engine's outputs.
func outputs(e tensor.Engine) []string {
	var all []string
	for i := range e.Outputs() {
		all = append(all, string(e.Output(i).Data))
	}
	return all
}

// run runs an engine on the noise of a seed.
func run(tb testing.TB, e tensor.Engine, seed uint64) []string {
	tb.Helper()
	noise(e, seed)
	if err := e.Invoke(tb.Context()); err != nil {
		tb.Fatalf("run %d: %v", seed, err)
	}
	return outputs(e)
}

// onDevice is a request for the Edge TPU.
func onDevice(tb testing.TB, name string) worker.Request {
	tb.Helper()
	return worker.Request{Files: delegate.Files{EdgeTPU: path(tb, name+"_edgetpu")}, Choice: delegate.EdgeTPU}
}
