package worker_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/isolate"
	"corallite/internal/worker"
	"corallite/tflite"
)

// TestClose closes engines and hosts twice, in both orders, and uses them afterwards.
func TestClose(t *testing.T) {
	f := path(t, classifier)
	for _, hostFirst := range []bool{false, true} {
		h := host(t, f)
		e := open(t, h, onCPU(f))
		run(t, e, 1)
		closers := []func() error{e.Close, h.Close}
		if hostFirst {
			closers[0], closers[1] = closers[1], closers[0]
		}
		for _, c := range closers {
			if err := errors.Join(c(), c()); err != nil {
				t.Errorf("host first: %v: %v", hostFirst, err)
			}
			if err := e.Invoke(t.Context()); err == nil {
				t.Errorf("host first: %v: it runs when it is closed", hostFirst)
			}
		}
		if err := e.Invoke(t.Context()); !errors.Is(err, worker.ErrClosed) {
			t.Errorf("running a closed engine: %v", err)
		}
		if err := e.Reset(); !errors.Is(err, worker.ErrClosed) {
			t.Errorf("resetting a closed engine: %v", err)
		}
		if e.Input(0).Data != nil || e.Output(0).Data != nil || e.Input(-1).Data != nil || e.Output(99).Data != nil {
			t.Error("a closed engine has memory")
		}
		if _, err := h.Open(t.Context(), onCPU(f)); !errors.Is(err, isolate.ErrClosed) {
			t.Errorf("opening on a closed host: %v", err)
		}
		if err := h.Err(); err != nil {
			t.Errorf("the host ended with %v", err)
		}
	}
}

// TestCloseAfterDeath: closing an engine of a dead child is no error; closing the host returns how it died.
func TestCloseAfterDeath(t *testing.T) {
	f := path(t, classifier)
	h := host(t, f)
	e, other := open(t, h, onCPU(f)), open(t, h, onCPU(f))
	h.Kill()
	<-h.Done()
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Error(err)
	}
	death := (*isolate.DeathError)(nil)
	for range 2 {
		if err := h.Close(); !errors.As(err, &death) || death.Signal != unix.SIGKILL {
			t.Errorf("the host's Close: %v", err)
		}
	}
	if err := other.Invoke(t.Context()); !errors.As(err, &death) || other.Input(0).Data == nil {
		t.Errorf("the engine that is still open: %v", err)
	}
}

// TestCloseDuringRun waits for the run.
func TestCloseDuringRun(t *testing.T) {
	c := simtest.NewControl(t)
	h, _ := simulated(t, simtest.Config{Control: c, Compute: simtest.Fixed})
	e := open(t, h, onDevice(t, classifier))
	c.Fault(simtest.Fault{Kind: simtest.Slow, For: 100 * time.Millisecond})
	ran := make(chan error)
	go func() { ran <- e.Invoke(t.Context()) }()
	if err := c.Wait(t.Context(), func(s simtest.State) bool { return s.Fired == 1 }); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

// TestNothingLeft ends hosts and engines in every way, and counts this process's resources.
func TestNothingLeft(t *testing.T) {
	f, bad, large := path(t, classifier), path(t, "model_invoking_error"), written(t, stays(100))
	ends := []func(h *worker.Host, e *worker.Engine){
		func(h *worker.Host, e *worker.Engine) { _, _ = e.Close(), h.Close() },
		func(h *worker.Host, e *worker.Engine) { _, _ = h.Close(), e.Close() },
		func(h *worker.Host, e *worker.Engine) {
			h.Kill()
			_ = e.Invoke(t.Context())
			_, _ = e.Close(), h.Close()
		},
		func(h *worker.Host, e *worker.Engine) { h.Kill(); _, _ = h.Close(), e.Close() },
		func(h *worker.Host, e *worker.Engine) {
			_, _ = h.Open(t.Context(), onCPU(bad))
			_, _ = h.Close(), e.Close()
		},
		func(h *worker.Host, e *worker.Engine) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = h.Open(ctx, onCPU(f))
			_, _ = h.Close(), e.Close()
		},
		func(h *worker.Host, e *worker.Engine) {
			grown, err := h.Open(t.Context(), worker.Request{Files: delegate.Files{CPU: large}, Choice: delegate.None})
			if err == nil {
				noise(grown, 1)
				_, _ = grown.Invoke(t.Context()), grown.Close()
			}
			_, _ = e.Close(), h.Close()
		},
	}
	round := func(i int) {
		h, err := worker.StartHost(t.Context(), worker.HostOptions{Files: []string{f, bad, large}})
		if err != nil {
			t.Fatal(err)
		}
		e, err := h.Open(t.Context(), onCPU(f))
		if err != nil {
			t.Fatal(err)
		}
		noise(e, 1)
		if err := e.Invoke(t.Context()); err != nil {
			t.Error(err)
		}
		ends[i%len(ends)](h, e)
		<-h.Done()
	}
	round(0) // what is made once, as the netpoller
	live, files, goroutines := tflite.Live(), openFiles(t), runtime.NumGoroutine()
	for i := range 3 * len(ends) {
		round(i)
	}
	// A goroutine that has freed everything may still have to return.
	for late := time.Now().Add(long); runtime.NumGoroutine() > goroutines && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines became %d", goroutines, n)
	}
	if n := openFiles(t); n != files {
		t.Errorf("%d open files became %d", files, n)
	}
	if n := tflite.Live(); n != live {
		t.Errorf("%d interpreters became %d", live, n)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
	if n := mapped(t, "/memfd:corallite"); n > 0 {
		t.Errorf("%d shared memories are left", n)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// mapped is the number of this process's mappings of such files.
func mapped(t *testing.T, name string) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), name)
}
