package devicepool_test

import (
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
)

// TestNothingIsLeft opens a pool whose device dies, hangs and comes back, again and again, and counts files after it:
// no more of them than after the first time. Processes, goroutines and interpreters are counted by every test.
func TestNothingIsLeft(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	round := func(t *testing.T) {
		b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
		e := b.open(f, devicepool.Request{Deadline: 100 * time.Millisecond})[0]
		for _, kind := range []simtest.Kind{simtest.Abort, simtest.Hang, simtest.Error} {
			b.control.Fault(simtest.Fault{Kind: kind})
			until(t, e, want, "degraded", degraded)
			until(t, e, want, "restored", restored)
		}
	}
	t.Run("first", round)
	before := openFiles(t)
	for range 3 {
		t.Run("again", round)
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d files are open, %d before", after, before)
	}
}
