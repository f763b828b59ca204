package worker_test

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/isolate"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// wantDeath checks the error of a run on a dead child: it names the model, the device and the signal.
func wantDeath(t *testing.T, err error, e *worker.Engine, model string, signal syscall.Signal, says string) *isolate.DeathError {
	t.Helper()
	death := (*isolate.DeathError)(nil)
	if !errors.As(err, &death) {
		t.Fatalf("the child's death is the error %v", err)
	}
	if death.Signal != signal {
		t.Errorf("signal %v, want %v", death.Signal, signal)
	}
	for _, want := range []string{model, e.Device().Name, says} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	return death
}

// wantInputs checks that the inputs still have what was written before the child's death.
func wantInputs(t *testing.T, e *worker.Engine, seed uint64, reference tensor.Engine) {
	t.Helper()
	noise(reference, seed)
	for i := range e.Inputs() {
		if got, want := e.Input(i).Data, reference.Input(i).Data; len(want) == 0 || !bytes.Equal(got, want) {
			t.Errorf("input %d is not what was written", i)
		}
	}
}

// TestKilledBetweenRuns kills the child while it is idle.
func TestKilledBetweenRuns(t *testing.T) {
	f := path(t, classifier)
	h := host(t, f)
	e, other := open(t, h, onCPU(f)), open(t, h, onCPU(f))
	run(t, e, 1)
	noise(e, 2)
	if err := syscall.Kill(h.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	wantDeath(t, e.Invoke(t.Context()), e, f, syscall.SIGKILL, "SIGKILL")
	<-h.Done()
	wantInputs(t, e, 2, other)
	// Again, and on all its engines.
	for _, e := range []*worker.Engine{e, other} {
		wantDeath(t, e.Invoke(t.Context()), e, f, syscall.SIGKILL, "SIGKILL")
		wantDeath(t, e.Reset(), e, f, syscall.SIGKILL, "SIGKILL")
	}
	if _, err := h.Open(t.Context(), onCPU(f)); !errors.As(err, new(*isolate.DeathError)) || !strings.Contains(err.Error(), f) {
		t.Errorf("opening: %v", err)
	}
	if err := h.Err(); !errors.As(err, new(*isolate.DeathError)) {
		t.Errorf("the host's error is %v", err)
	}
}

// TestKilledInRun kills the child in the middle of a run.
func TestKilledInRun(t *testing.T) {
	c := simtest.NewControl(t)
	h, _ := simulated(t, simtest.Config{Control: c, Compute: simtest.Fixed})
	r := onDevice(t, classifier)
	e, other := open(t, h, r), open(t, h, r)
	run(t, e, 1)
	c.Fault(simtest.Fault{Kind: simtest.Hang})
	noise(e, 2)
	failed := make(chan error)
	go func() { failed <- e.Invoke(t.Context()) }()
	if err := c.Wait(t.Context(), func(s simtest.State) bool { return s.Fired == 1 }); err != nil {
		t.Fatal(err)
	}
	h.Kill()
	wantDeath(t, <-failed, e, r.Files.EdgeTPU, syscall.SIGKILL, "SIGKILL")
	wantInputs(t, e, 2, other)
}

// TestLibraryDies lets the library end the process, in a run and while a model is opened.
func TestLibraryDies(t *testing.T) {
	r := onDevice(t, classifier)
	for _, c := range []struct {
		fault  simtest.Fault
		signal syscall.Signal
		says   string
	}{
		{simtest.Fault{Kind: simtest.Abort}, syscall.SIGABRT, "SIGABRT"},
		{simtest.Fault{Kind: simtest.Segv}, syscall.SIGSEGV, "SIGSEGV"},
		{simtest.Fault{Kind: simtest.Segv, At: simtest.OnInterpreter}, syscall.SIGSEGV, "SIGSEGV"},
		{simtest.Fault{Kind: simtest.Abort, At: simtest.OnOpen}, syscall.SIGABRT, "SIGABRT"},
	} {
		t.Run(string(c.fault.Kind)+" at "+string(c.fault.At), func(t *testing.T) {
			control := simtest.NewControl(t)
			h, o := simulated(t, simtest.Config{Control: control, Compute: simtest.Fixed})
			e := open(t, h, r)
			if c.fault.At == "" {
				control.Fault(c.fault)
				noise(e, 1)
				wantDeath(t, e.Invoke(t.Context()), e, r.Files.EdgeTPU, c.signal, c.says)
				return
			}
			again := startHost(t, o)
			control.Fault(c.fault)
			_, err := again.Open(t.Context(), r)
			death := (*isolate.DeathError)(nil)
			if !errors.As(err, &death) || death.Signal != c.signal || !strings.Contains(err.Error(), "model "+r.Files.EdgeTPU+": ") {
				t.Errorf("error %v", err)
			}
			run(t, e, 1) // of the first child
		})
	}
}

// TestHang kills a child whose run takes longer than the deadline.
func TestHang(t *testing.T) {
	c := simtest.NewControl(t)
	h, _ := simulated(t, simtest.Config{Control: c, Compute: simtest.Fixed})
	r := onDevice(t, classifier)
	other := open(t, h, r)
	r.Deadline.Fixed, r.FirstDeadline = 50*time.Millisecond, long
	e := open(t, h, r)
	run(t, e, 1)
	c.Fault(simtest.Fault{Kind: simtest.Hang})
	noise(e, 2)
	death := wantDeath(t, e.Invoke(t.Context()), e, r.Files.EdgeTPU, syscall.SIGKILL, "did not answer")
	if death.Hung < r.Deadline.Fixed {
		t.Errorf("it hung for %v", death.Hung)
	}
	<-h.Done()
	wantInputs(t, e, 2, other)
}

// TestHangInOpen is the same while a model is opened.
func TestHangInOpen(t *testing.T) {
	c := simtest.NewControl(t)
	h, _ := simulated(t, simtest.Config{Control: c, Compute: simtest.Fixed})
	c.Fault(simtest.Fault{Kind: simtest.Hang, At: simtest.OnOpen})
	r := onDevice(t, classifier)
	r.OpenDeadline = 300 * time.Millisecond
	_, err := h.Open(t.Context(), r)
	death := (*isolate.DeathError)(nil)
	if !errors.As(err, &death) || death.Hung < r.OpenDeadline {
		t.Errorf("error %v", err)
	}
}
