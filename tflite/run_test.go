package tflite

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

// endless is a model whose runs never end while its second input is less than its third.
func endless(t *testing.T, o Options) *Interpreter {
	m := modeltest.Endless()
	m.Subgraphs[1].Operators[0].Inputs = []int32{1, 2} // in place of its constants
	n := new1(t, m, o)
	for i, v := range []float32{0, 0, 1} {
		must(tensor.Of[float32](n.Input(i)))[0] = v
	}
	return n
}

func TestCancelByContext(t *testing.T) {
	n := endless(t, Options{})
	for range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(5*time.Millisecond, cancel)
		if err := n.Invoke(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if err := n.Invoke(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("with a context that is over: %v", err)
		}
		ctx, cancel = context.WithTimeout(context.Background(), 3*time.Millisecond)
		if err := n.Invoke(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		cancel()
	}
	// The interpreter is as good as new: with a false condition the loop ends at once.
	must(tensor.Of[float32](n.Input(2)))[0] = 0
	if err := n.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestCancelRightAway lets contexts end at about the moment when the run begins, where a cancellation could be lost.
func TestCancelRightAway(t *testing.T) {
	n := endless(t, Options{})
	for range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		if err := n.Invoke(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
}

// TestOldContext ends a context after another took its place: the run under way is not its business.
func TestOldContext(t *testing.T) {
	n := new1(t, modeltest.Addition(64, 64), Options{})
	for range 100 {
		old, cancel := context.WithCancel(context.Background())
		if err := n.Invoke(old); err != nil {
			t.Fatal(err)
		}
		go cancel()
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCancelAndClose(t *testing.T) {
	n := endless(t, Options{})
	failed := make(chan error)
	go func() { failed <- n.Invoke(context.Background()) }()
	var err error
	for ended := false; !ended; {
		n.Cancel() // before the run begins it does nothing, so again
		select {
		case err = <-failed:
			ended = true
		default:
			runtime.Gosched()
		}
	}
	var e *Error
	if !errors.As(err, &e) || e.Status != Cancelled {
		t.Errorf("cancelled: %v", err)
	}
	go func() { failed <- n.Invoke(context.Background()) }()
	time.Sleep(5 * time.Millisecond)
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("a run without end succeeded")
	}
}

// TestConcurrentUse is misuse, but must not break anything: runs, resizes, looks and Close at once.
func TestConcurrentUse(t *testing.T) {
	n := new1(t, modeltest.Addition(16), Options{Threads: 2})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for range 200 {
				if err := n.Invoke(ctx); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				if i == 0 {
					n.Cancel()
				}
			}
			if i == 1 {
				n.Close()
			}
		}()
	}
	wg.Wait()
}

func TestInvokeAllocatesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, name := range []string{"mobilenet_v1_0.25_128_quant", "ssd_mobilenet_v1_coco_quant", "split_concat"} {
		n := open1(t, testdata.Path(t, "models/"+name+".tflite"), Options{Delegates: xnn(t, 1)})
		for what, ctx := range map[string]context.Context{"no end": context.Background(), "can be cancelled": ctx} {
			if allocs := testing.AllocsPerRun(5, func() {
				if err := n.Invoke(ctx); err != nil {
					t.Fatal(err)
				}
				if len(n.Input(0).Data) == 0 || len(n.Output(0).Data) == 0 {
					t.Fatal("no views")
				}
			}); allocs != 0 {
				t.Errorf("%s, context %s: %g allocations a run", name, what, allocs)
			}
		}
	}
}

func TestLeak(t *testing.T) {
	before, open := Leaked(), Live()
	func() {
		n, err := New(modeltest.Addition(2).Bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		// A context that lives on must not hide the leak.
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		if err := n.Invoke(ctx); err != nil {
			t.Fatal(err)
		}
	}()
	for range 100 {
		if runtime.GC(); Leaked() > before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if Leaked() != before+1 || Live() != open+1 {
		t.Errorf("%d leaked, %d open", Leaked()-before, Live()-open)
	}
	live.Add(-1) // so that other tests can count
}

func TestLogger(t *testing.T) {
	var b strings.Builder
	logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if _, err := Open(testdata.Path(t, "models/split_concat_edgetpu.tflite"), Options{Logger: logger}); err == nil {
		t.Fatal("a compiled model ran")
	}
	if got := b.String(); !strings.Contains(got, "level=DEBUG") || !strings.Contains(got, "unresolved custom op") {
		t.Errorf("the log has %q", got)
	}
}
