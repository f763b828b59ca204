package isolate_test

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

// holdings are resources that a process can leave behind.
type holdings struct {
	goroutines, files, threads int
	shared                     []string // names in /dev/shm
}

func held(t *testing.T) holdings {
	t.Helper()
	count := func(folder string) int {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	h := holdings{goroutines: runtime.NumGoroutine(), files: count("/proc/self/fd"), threads: count("/proc/self/task")}
	entries, _ := os.ReadDir("/dev/shm") // not every machine has it
	for _, e := range entries {
		h.shared = append(h.shared, e.Name())
	}
	return h
}

// TestNothingLeft starts children and ends them in every way.
func TestNothingLeft(t *testing.T) {
	ends := []func(p *isolate.Process, m *isolate.Memory){
		func(p *isolate.Process, _ *isolate.Memory) { _ = p.Close() },
		func(p *isolate.Process, _ *isolate.Memory) { p.Kill(); _ = p.Close() },
		func(p *isolate.Process, m *isolate.Memory) {
			_, _ = p.Call(t.Context(), nil, nil, isolate.CallOptions{Send: []*isolate.Memory{m, m}})
			_ = p.Close()
		},
		func(p *isolate.Process, _ *isolate.Memory) {
			_, _ = p.Call(t.Context(), []byte("abort"), nil, isolate.CallOptions{Deadline: long})
			_ = p.Close()
		},
		func(p *isolate.Process, _ *isolate.Memory) {
			_, _ = p.Call(t.Context(), []byte("hang"), nil, isolate.CallOptions{Deadline: time.Millisecond})
			_ = p.Close()
		},
		func(p *isolate.Process, _ *isolate.Memory) {
			_, _ = isolate.Start(t.Context(), isolate.Options{Kind: "early", Setup: "error"})
			_ = p.Close()
		},
	}
	round := func(i int) {
		p := start(t, isolate.Options{Kind: "does"})
		m, err := isolate.NewMemory(10_000)
		if err != nil {
			t.Fatal(err)
		}
		ends[i%len(ends)](p, m)
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	for i := range len(ends) {
		round(i) // what is made once, as the netpoller
	}
	before := held(t)
	for i := range 200 {
		round(i)
	}
	// A goroutine that has freed everything may still have to return.
	after := held(t)
	for late := time.Now().Add(long); after.goroutines > before.goroutines && time.Now().Before(late); after = held(t) {
		time.Sleep(time.Millisecond)
	}
	if after.goroutines > before.goroutines || after.files != before.files || !slices.Equal(after.shared, before.shared) {
		t.Errorf("%+v became %+v", before, after)
	}
	if after.threads > before.threads+10 { // Go keeps some in store
		t.Errorf("%d threads became %d", before.threads, after.threads)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}
