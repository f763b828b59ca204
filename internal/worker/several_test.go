package worker_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/worker"
)

// queue is a Turn that counts.
type queue struct {
	free     chan struct{}
	acquired atomic.Int64
	released atomic.Int64
	two      atomic.Bool // two had it at once
	inside   atomic.Int64
}

func newQueue() *queue { return &queue{free: make(chan struct{}, 1)} }

func (q *queue) Acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case q.free <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	q.acquired.Add(1)
	if q.inside.Add(1) != 1 {
		q.two.Store(true)
	}
	return nil
}

func (q *queue) Release() {
	q.inside.Add(-1)
	q.released.Add(1)
	<-q.free
}

// TestSeveral opens engines on one child, runs and closes them, from several goroutines and in any order; each answers
// as in this process.
func TestSeveral(t *testing.T) {
	names := []string{classifier, "keras_lstm_mnist_ptq", "split_concat"}
	var files, want [][]string
	var readable []string
	for _, name := range names {
		f := path(t, name)
		readable = append(readable, f)
		files = append(files, []string{f})
		var answers []string
		for seed := range uint64(3) {
			local := here(t, delegate.Files{CPU: f}, delegate.Options{Choice: delegate.XNNPACK})
			answers = append(answers, run(t, local, seed)...)
		}
		want = append(want, answers)
	}
	h := host(t, readable...)
	q := newQueue()
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 4 {
				several(t, h, q, r, files, want)
			}
		}()
	}
	wg.Wait()
	if a, r := q.acquired.Load(), q.released.Load(); a == 0 || a != r || q.two.Load() {
		t.Errorf("the turn was acquired %d times and released %d times; by two at once: %v", a, r, q.two.Load())
	}
}

// several opens some engines, runs each, and closes them in another order.
func several(t *testing.T, h *worker.Host, q *queue, r *rand.Rand, files, want [][]string) {
	var open []*worker.Engine
	for range 1 + r.IntN(3) {
		k := r.IntN(len(files))
		request := onCPU(files[k][0])
		request.Turn = q
		e, err := h.Open(t.Context(), request)
		if err != nil {
			t.Error(err)
			continue
		}
		open = append(open, e)
		var got []string
		for seed := range uint64(3) {
			noise(e, seed)
			if err := errors.Join(e.Reset(), e.Invoke(t.Context())); err != nil {
				t.Error(err)
			}
			got = append(got, outputs(e)...)
		}
		if !slices.Equal(got, want[k]) {
			t.Errorf("%s answers otherwise", files[k])
		}
	}
	r.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	for _, e := range open {
		if err := errors.Join(e.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestTurn is acquired for opening and for each run, and released whatever the result; without it nothing runs.
func TestTurn(t *testing.T) {
	c := simtest.NewControl(t)
	h, _ := simulated(t, simtest.Config{Control: c, Compute: simtest.Fixed})
	q := newQueue()
	r := onDevice(t, classifier)
	r.Turn = q
	taken := func(want int64) {
		t.Helper()
		if a, r := q.acquired.Load(), q.released.Load(); a != want || r != want {
			t.Errorf("acquired %d times, released %d times, want %d", a, r, want)
		}
	}
	e := open(t, h, r)
	taken(1)
	run(t, e, 1)
	taken(2)
	c.Fault(simtest.Fault{Kind: simtest.Error})
	if err := e.Invoke(t.Context()); err == nil {
		t.Error("no error")
	}
	taken(3)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	before := c.Runs()
	if err := e.Invoke(over); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if _, err := h.Open(over, r); !errors.Is(err, context.Canceled) {
		t.Errorf("opening with a context that has ended: %v", err)
	}
	taken(3)
	if c.Runs() != before {
		t.Error("it ran all the same")
	}
	run(t, e, 1) // the child is as it was
	taken(4)
	c.Fault(simtest.Fault{Kind: simtest.Abort})
	if err := e.Invoke(t.Context()); err == nil {
		t.Error("no error")
	}
	taken(5)
}
