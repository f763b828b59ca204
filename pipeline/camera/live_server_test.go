package camera

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"corallite/internal/clock"
	"corallite/pipeline/camera/cameratest"
)

// long is for what must happen; it only keeps a failing test from hanging.
const long = 2 * time.Minute

// journal keeps what is logged.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer

	losses atomic.Int64 // how many losses of the source are to come before time stands still again
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// count is how many lines have a text.
func (j *journal) count(text string) int {
	n := 0
	for line := range strings.SplitSeq(j.String(), "\n") {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

const saidLost = "source lost"

// stillClock stands still, so that nothing is late on a busy machine. While a loss is to come, it is a second later each
// time that the source asks, which is after every picture and every tenth of a second without one.
type stillClock struct {
	clock.System // which waits
	log          *journal
	passed       atomic.Int64
}

func (c *stillClock) Now() time.Time {
	if int64(c.log.count(saidLost)) < c.log.losses.Load() {
		c.passed.Add(int64(time.Second))
	}
	return time.Unix(0, c.passed.Load())
}

// harmed harms a source that gives frames, mends it as soon as the loss is said, and takes frames until it is back.
func harmed(tb testing.TB, l *LiveSource, log *journal, what string, harm, mend func()) {
	tb.Helper()
	nextFrame(tb, l)
	losses, reopened := log.count(saidLost)+1, l.Stats().Reopened
	harm()
	log.losses.Store(int64(losses))
	mended := make(chan struct{})
	go func() {
		defer close(mended)
		for log.count(saidLost) < losses {
			time.Sleep(10 * time.Millisecond)
		}
		mend()
	}()
	nextUntil(tb, l, what+": it comes back", func(int, int) bool { return l.Stats().Reopened > reopened })
	<-mended
}

// opened is a live source whose time stands still and that does not wait long between tries, closed with the test, and its log, printed when the test fails.
func opened(tb testing.TB, o LiveOptions) (*LiveSource, *journal) {
	tb.Helper()
	log := new(journal)
	if o.Logger == nil {
		o.Logger = log.logger()
	}
	if o.Clock == nil {
		o.Clock = &stillClock{log: log}
	}
	if o.Backoff.First == 0 {
		o.Backoff.First, o.Backoff.Max = 20*time.Millisecond, 200*time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	l, err := NewLive(ctx, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
		if n := l.pool.Outstanding(); n != 0 {
			tb.Errorf("%d frames were not released", n)
		}
		if tb.Failed() {
			tb.Logf("log:\n%s", log)
		}
	})
	return l, log
}

// nextFrame is the next frame, released at once; its number and size.
func nextFrame(tb testing.TB, l *LiveSource) (number, width, height int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	f, err := l.Next(ctx)
	if err != nil {
		tb.Fatalf("Next: %v; %+v", err, l.Connection())
	}
	defer f.Release()
	return cameratest.Marked(f), f.Width(), f.Height()
}

// nextUntil takes frames until the condition holds.
func nextUntil(tb testing.TB, l *LiveSource, what string, holds func(width, height int) bool) {
	tb.Helper()
	var w, h int
	for deadline := time.Now().Add(long); time.Now().Before(deadline); {
		if _, w, h = nextFrame(tb, l); holds(w, h) {
			return
		}
	}
	tb.Fatalf("not in time: %s; the last frame has %dx%d; %+v", what, w, h, l.Connection())
}

// children are the process ids of this process's children.
func children(tb testing.TB) []int {
	tb.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		tb.Fatal(err)
	}
	var all []int
	for _, task := range tasks {
		list, err := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			tb.Skipf("the kernel does not list children: %v", err)
		}
		for field := range strings.FieldsSeq(string(list)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, pid)
		}
	}
	return all
}

func descriptors(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(entries)
}

// sameAfter fails the test when descriptors, goroutines or children are more at its end than now.
func sameAfter(tb testing.TB) {
	tb.Helper()
	cameratest.Scene(tb, 320, 240) // OpenCV opens what it keeps
	files, routines, processes := descriptors(tb), runtime.NumGoroutine(), len(children(tb))
	tb.Cleanup(func() {
		var f, r, p int
		for deadline := time.Now().Add(long); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if f, r, p = descriptors(tb), runtime.NumGoroutine(), len(children(tb)); f <= files && r <= routines && p <= processes {
				return
			}
		}
		tb.Errorf("descriptors: %d, before %d; goroutines: %d, before %d; children: %d, before %d", f, files, r, routines, p, processes)
	})
}

func contains(tb testing.TB, text, want string) {
	tb.Helper()
	if !strings.Contains(text, want) {
		tb.Errorf("got  %s\nwant …%s…", text, want)
	}
}
