package simtest_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

const classifier = "mobilenet_v1_0.25_128_quant"

// The environment that makes the test binary a child: the library, the compiled model, how many runs.
const (
	childLibrary = "SIMTEST_CHILD_LIBRARY"
	childModel   = "SIMTEST_CHILD_MODEL"
	childRuns    = "SIMTEST_CHILD_RUNS"
)

func TestMain(m *testing.M) {
	if os.Getenv(childLibrary) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

// child opens the first device with a model and runs it, and writes a line for each step.
func child() int {
	runs, err := strconv.Atoi(os.Getenv(childRuns))
	if err == nil {
		err = steps(os.Getenv(childLibrary), os.Getenv(childModel), runs)
	}
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

func steps(path, model string, runs int) error {
	l, err := edgetpu.Load(path)
	if err != nil {
		return err
	}
	defer l.Close()
	devices, err := l.List()
	if err != nil {
		return err
	}
	fmt.Println("listed", devices)
	if len(devices) == 0 {
		return nil
	}
	d, err := l.Open(devices[0], edgetpu.Options{})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	fmt.Println("opened", d.Device())
	n, err := tflite.Open(model, tflite.Options{Delegates: []tflite.Delegate{d}})
	if err != nil {
		return fmt.Errorf("interpreter: %w", err)
	}
	defer n.Close()
	for i := range runs {
		fill(n.Input(0).Data, i)
		if err := n.Invoke(context.Background()); err != nil {
			fmt.Println("failed", i+1, err)
			continue
		}
		h := fnv.New32a()
		h.Write(n.Output(0).Data)
		fmt.Printf("ran %d %08x\n", i+1, h.Sum32())
	}
	return nil
}

func fill(b []byte, with int) {
	for i := range b {
		b[i] = byte(with)
	}
}

// process is a child that was started.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer
}

// start starts a child that runs a compiled model so often. It is killed when the test ends.
func start(t *testing.T, c simtest.Config, runs int) *process {
	t.Helper()
	return startWith(t, c.Environ(), runs)
}

func startWith(t *testing.T, environ []string, runs int) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.CommandContext(t.Context(), exe)}
	p.Stdout, p.Stderr = &p.out, &p.err
	p.Env = append(os.Environ(), environ...)
	// The race detector would wait for a second at the end of each child.
	p.Env = append(p.Env, "GORACE=atexit_sleep_ms=0", childLibrary+"="+simtest.Build(t), childRuns+"="+strconv.Itoa(runs),
		childModel+"="+testdata.Path(t, "models/"+classifier+"_edgetpu.tflite"))
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	return p
}

// run is start and waiting for the end: what the child wrote, and whether it ended well.
func run(t *testing.T, c simtest.Config, runs int) (out []string, stderr string, good bool) {
	t.Helper()
	p := start(t, c, runs)
	good = p.Wait() == nil
	return strings.Split(strings.TrimSuffix(p.out.String(), "\n"), "\n"), p.err.String(), good
}

// soon is a limit that only guards against hanging.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
