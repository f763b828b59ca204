package delegate_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

func TestMain(m *testing.M) {
	// A test must not find what the machine happens to have.
	_ = os.Unsetenv(edgetpu.LibraryEnv)
	goleak.VerifyTestMain(m)
}

const classifier = "mobilenet_v1_0.25_128_quant"

func model(tb testing.TB, name string) string {
	tb.Helper()
	return testdata.Path(tb, "models/"+name+".tflite")
}

// bothFiles are the files of a model that has both.
func bothFiles(tb testing.TB, name string) delegate.Files {
	tb.Helper()
	return delegate.Files{CPU: model(tb, name), EdgeTPU: model(tb, name+"_edgetpu")}
}

// options look at an empty machine.
func options(tb testing.TB) delegate.Options {
	tb.Helper()
	return delegate.Options{EdgeTPU: edgetpu.Options{System: edgetpu.System{Root: tb.TempDir()}}}
}

// withoutLibrary skips a test on a machine that has the real library: it would be found.
func withoutLibrary(tb testing.TB) {
	tb.Helper()
	if l, err := edgetpu.Load(""); err == nil {
		_ = l.Close()
		tb.Skipf("this machine has %s", l.Path())
	}
}

// simulated are options with a simulated libedgetpu. The test fails when it leaves anything behind.
func simulated(tb testing.TB, c simtest.Config) delegate.Options {
	tb.Helper()
	o := options(tb)
	o.EdgeTPULibrary = simtest.Use(tb, c)
	l, err := edgetpu.Load(o.EdgeTPULibrary) // keeps it loaded, so that it can be asked
	if err != nil {
		tb.Fatal(err)
	}
	before := tflite.Live()
	tb.Cleanup(func() {
		if n := simtest.Live(tb, o.EdgeTPULibrary); n != 0 {
			tb.Errorf("%d objects of libedgetpu were not freed", n)
		}
		if n := tflite.Live() - before; n != 0 {
			tb.Errorf("%d interpreters were not closed", n)
		}
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return o
}

func open(tb testing.TB, f delegate.Files, o delegate.Options) delegate.Engine {
	tb.Helper()
	e, err := delegate.Open(tb.Context(), f, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = e.Close() })
	return e
}

// run fills the inputs with seeded noise, runs the engine, and copies the outputs.
func run(tb testing.TB, e delegate.Engine, seed uint64) [][]byte {
	tb.Helper()
	noise := rand.New(rand.NewPCG(seed, 1))
	for i := range e.Inputs() {
		data := e.Input(i).Data
		for k := range data {
			data[k] = byte(noise.Uint32())
		}
	}
	return invoke(tb, e)
}

// runPicture is run with a picture's bytes, the last ones of a BMP file, as the first input. Its rows and colours may
// stand in another order than the model's: it is the contents that make a model answer with more than background.
func runPicture(tb testing.TB, e delegate.Engine, name string) [][]byte {
	tb.Helper()
	b, err := os.ReadFile(testdata.Path(tb, "images/"+name))
	if err != nil {
		tb.Fatal(err)
	}
	data := e.Input(0).Data
	copy(data, b[len(b)-len(data):])
	return invoke(tb, e)
}

func invoke(tb testing.TB, e delegate.Engine) [][]byte {
	tb.Helper()
	if err := e.Invoke(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	var outputs [][]byte
	for i := range e.Outputs() {
		outputs = append(outputs, append([]byte(nil), e.Output(i).Data...))
	}
	return outputs
}

func copyFile(tb testing.TB, from, to string) string {
	tb.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		tb.Fatal(err)
	}
	return to
}
