package devicepool_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/internal/failover"
	"corallite/internal/isolate"
	"corallite/internal/testdata"
	"corallite/internal/worker"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

func TestMain(m *testing.M) {
	isolate.Main(worker.Handlers())
	// A test must not find what the machine happens to have.
	_ = os.Unsetenv(edgetpu.LibraryEnv)
	goleak.VerifyTestMain(m)
}

const classifier = "mobilenet_v1_0.25_128_quant"

func path(tb testing.TB, name string) string {
	tb.Helper()
	return testdata.Path(tb, "models/"+name+".tflite")
}

func bothFiles(tb testing.TB, name string) delegate.Files {
	tb.Helper()
	return delegate.Files{CPU: path(tb, name), EdgeTPU: path(tb, name+"_edgetpu")}
}

// bench is a simulated machine with a pool on it.
type bench struct {
	*devicepool.Pool
	tb      testing.TB
	control *simtest.Control
	library string
	log     *safeLog
}

// safeLog is a log that is read while it is written.
type safeLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *safeLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// quick lets a device come back within a test.
var quick = failover.BackoffOptions{First: 20 * time.Millisecond, Max: 200 * time.Millisecond, StableAfter: time.Hour}

// newBench makes a pool over simulated devices. When the test ends it has left nothing behind.
func newBench(tb testing.TB, c simtest.Config, change ...func(*devicepool.Options)) *bench {
	tb.Helper()
	return newBenchUntil(tb.Context(), tb, c, change...)
}

// newBenchUntil is newBench with a pool that waits for libedgetpu until ctx ends.
func newBenchUntil(ctx context.Context, tb testing.TB, c simtest.Config, change ...func(*devicepool.Options)) *bench {
	tb.Helper()
	if c.Control == nil {
		c.Control = simtest.NewControl(tb)
	}
	before := tflite.Live()
	b := &bench{tb: tb, control: c.Control, log: &safeLog{}}
	models := filepath.Join(testdata.Root(), "models")
	b.library = simtest.Use(tb, c)
	o := devicepool.Options{
		Library: b.library, Files: []string{models}, Backoff: quick,
		ExtraPaths: append([]string{c.Control.Folder()}, c.CPUModels...),
		EdgeTPU:    edgetpu.Options{System: edgetpu.System{Root: c.Control.Root()}},
		Logger:     slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	if b.Pool, err = devicepool.New(ctx, o); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Error(err)
		}
		if n := tflite.Live() - before; n != 0 {
			tb.Errorf("%d interpreters were not closed", n)
		}
		if all := children(tb); len(all) > 0 {
			tb.Errorf("processes %v are left", all)
		}
		if tb.Failed() {
			tb.Logf("log:\n%s", b.log)
		}
	})
	return b
}

// open opens a model's engines, closed when the test ends.
func (b *bench) open(f delegate.Files, r devicepool.Request) []tensor.Engine {
	b.tb.Helper()
	all, err := b.tryOpen(f, r)
	if err != nil {
		b.tb.Fatal(err)
	}
	for _, e := range all {
		b.tb.Cleanup(func() {
			if err := e.Close(); err != nil {
				b.tb.Error(err)
			}
		})
	}
	return all
}

func (b *bench) tryOpen(f delegate.Files, r devicepool.Request) ([]tensor.Engine, error) {
	b.tb.Helper()
	m, _, err := b.Read(b.tb.Context(), f, "", nil)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer m.Close()
	r.Name, r.Model, r.Engines = "m", m, max(r.Engines, 1)
	return b.Pool.Open(b.tb.Context(), r)
}

// noise fills the inputs with what a seed gives.
func noise(e tensor.Engine, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range e.Inputs() {
		data := e.Input(i).Data
		for k := range data {
			data[k] = byte(r.Uint32())
		}
	}
}

// outputs are copies of an engine's outputs.
func outputs(e tensor.Engine) string {
	var b strings.Builder
	for i := range e.Outputs() {
		b.Write(e.Output(i).Data)
	}
	return b.String()
}

// run runs an engine on the noise of a seed.
func run(tb testing.TB, e tensor.Engine, seed uint64) string {
	tb.Helper()
	noise(e, seed)
	if err := e.Invoke(tb.Context()); err != nil {
		tb.Fatalf("run %d: %v", seed, err)
	}
	return outputs(e)
}

// reference gives what the CPU answers.
func reference(tb testing.TB, f delegate.Files) func(seed uint64) string {
	tb.Helper()
	e, err := delegate.Open(tb.Context(), delegate.Files{CPU: f.CPU}, delegate.Options{Choice: delegate.XNNPACK})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = e.Close() })
	return func(seed uint64) string { return run(tb, e, seed) }
}

// until runs an engine on ever new noise, every answer held against the reference, until it runs as wanted.
func until(tb testing.TB, e tensor.Engine, want func(seed uint64) string, what string, done func(tensor.Device) bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute) // against hanging only
	defer cancel()
	for seed := uint64(1000); ctx.Err() == nil; seed++ {
		if got := run(tb, e, seed); got != want(seed) {
			tb.Fatalf("run %d on %+v answers wrongly", seed, e.Device())
		}
		if done(e.Device()) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	tb.Fatalf("never %s; device %+v", what, e.Device())
}

func degraded(d tensor.Device) bool { return d.Degraded }
func restored(d tensor.Device) bool { return !d.Degraded }
