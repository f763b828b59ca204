package pipeline_test

import (
	"context"
	"sync/atomic"
	"testing"

	"corallite/internal/pipetest"
)

// TestHold leaves items of a live source out, and shows them.
func TestHold(t *testing.T) {
	r := newRig(100, "cpu:a")
	r.source.IsLive = true
	var asked, shown atomic.Int64
	r.Hold = func() bool { return asked.Add(1)%2 == 0 }
	r.OnHeld = func(it *pipetest.FakeItem) {
		if it.InUse() {
			shown.Add(1)
		}
	}
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if shown.Load() != 50 || sum.Frames+sum.Dropped != 50 || asked.Load() != 100 {
		t.Errorf("%d shown, %d frames, %d dropped, asked %d times", shown.Load(), sum.Frames, sum.Dropped, asked.Load())
	}
}

// TestHoldOfFiles makes a source of files wait: nothing is left out.
func TestHoldOfFiles(t *testing.T) {
	r := newRig(10, "cpu:a")
	var asked atomic.Int64
	r.Hold = func() bool { n := asked.Add(1); return n > 5 && n < 9 }
	r.OnHeld = func(*pipetest.FakeItem) { t.Error("an item of a file is left out") }
	sum, err := r.run(t, context.Background())
	if err != nil || sum.Frames != 10 {
		t.Errorf("%d frames, %v", sum.Frames, err)
	}
	// A run ends while it waits.
	r = newRig(10, "cpu:a")
	ctx, cancel := context.WithCancel(context.Background())
	r.Hold = func() bool { cancel(); return true }
	if sum, err := r.run(t, ctx); err != nil || sum.Frames != 0 || !sum.Interrupted {
		t.Errorf("%+v, %v", sum, err)
	}
}
