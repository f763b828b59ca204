package background

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/clock"
	"corallite/internal/clock/clocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// held is a queue whose jobs wait until they are released.
type held struct {
	*Queue[int]
	began chan int
	goOn  chan struct{}
	clock *clocktest.Clock
	lost  atomic.Int64

	mu   sync.Mutex
	done []int
	ends []error // the causes with which contexts of jobs had ended
}

func newHeld(parallel, queue int) *held {
	h := &held{began: make(chan int, 100), goOn: make(chan struct{}), clock: clocktest.New(time.Time{})}
	h.Queue = New(Options[int]{Parallel: parallel, Queue: queue, Clock: h.clock, Lost: func(n int) { h.lost.Add(int64(n)) },
		Do: func(ctx context.Context, job int) {
			h.began <- job
			select {
			case <-h.goOn:
			case <-ctx.Done():
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			h.done = append(h.done, job)
			h.ends = append(h.ends, context.Cause(ctx))
		}})
	return h
}

func TestOldestWaitingIsLost(t *testing.T) {
	h := newHeld(1, 3)
	for job := range 8 {
		if !h.Put(job) {
			t.Fatalf("job %d was not taken", job)
		}
	}
	if got := h.lost.Load(); got != 4 { // 0 runs; 5, 6 and 7 wait
		t.Errorf("%d jobs lost, not 4", got)
	}
	close(h.goOn)
	h.Close(time.Hour)
	if want := []int{0, 5, 6, 7}; !slices.Equal(h.done, want) {
		t.Errorf("done %v, not %v", h.done, want)
	}
}

func TestSideBySide(t *testing.T) {
	h := newHeld(3, 10)
	for job := range 5 {
		h.Put(job)
	}
	for range 3 { // three begin before any has ended
		<-h.began
	}
	if len(h.began) > 0 {
		t.Error("more than three jobs at a time")
	}
	close(h.goOn)
	h.Close(time.Hour)
	if len(h.done) != 5 || h.lost.Load() != 0 {
		t.Errorf("done %v, lost %d", h.done, h.lost.Load())
	}
}

func TestCloseEndsWhatTakesTooLong(t *testing.T) {
	h := newHeld(1, 10)
	for job := range 4 {
		h.Put(job)
	}
	<-h.began
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		h.Close(7 * time.Second)
	}()
	h.clock.Pass(7 * time.Second)
	<-closed
	if !slices.Equal(h.done, []int{0}) || h.lost.Load() != 3 || !errors.Is(h.ends[0], ErrEnd) {
		t.Errorf("done %v, lost %d, ended with %v", h.done, h.lost.Load(), h.ends)
	}
	if h.Put(4) || !h.Closed() {
		t.Error("a closed queue takes a job")
	}
	h.Close(time.Second)
	if len(h.done) != 1 {
		t.Errorf("done %v", h.done)
	}
}

// TestManyAtOnce adds jobs from many goroutines; each is done once or counted as lost.
func TestManyAtOnce(t *testing.T) {
	var done, lost atomic.Int64
	q := New(Options[int]{
		Parallel: 4, Queue: 8, Clock: clock.System{}, Lost: func(n int) { lost.Add(int64(n)) },
		Do: func(context.Context, int) { done.Add(1) },
	})
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for job := range 1000 {
				q.Put(job)
			}
		}()
	}
	all.Wait()
	q.Close(time.Hour)
	if sum := done.Load() + lost.Load(); sum != 8000 || done.Load() == 0 {
		t.Errorf("%d done and %d lost are %d", done.Load(), lost.Load(), sum)
	}
}
