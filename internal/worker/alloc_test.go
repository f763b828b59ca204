package worker_test

import (
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/worker"
)

// TestNoAllocation: a run allocates nothing in the parent, whether its outputs are moved or copied, on the CPU or a
// device, with a Turn to wait for.
func TestNoAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	f := path(t, classifier)
	copied := written(t, stays(8))
	onHost := host(t, f, copied)
	device, _ := simulated(t, simtest.Config{Compute: simtest.Fixed})
	for name, e := range map[string]*worker.Engine{
		"moved":  open(t, onHost, onCPU(f)),
		"copied": open(t, onHost, worker.Request{Files: delegate.Files{CPU: copied}, Choice: delegate.None, Turn: newQueue()}),
		"device": open(t, device, onDevice(t, classifier)),
	} {
		ctx := t.Context()
		run(t, e, 1)
		var err error
		if n := testing.AllocsPerRun(200, func() {
			if e := e.Invoke(ctx); e != nil {
				err = e
			}
		}); n != 0 || err != nil {
			t.Errorf("%s: %v allocations a run, %v", name, n, err)
		}
	}
}
