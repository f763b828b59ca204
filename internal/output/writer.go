package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Patience is how long a write waits for a stalled reader after the program was asked to end.
const Patience = 5 * time.Second

// pollInterval is how often a waiting write checks whether the program was asked to end.
const pollInterval = 100 * time.Millisecond

// chunk is the most that is written to a pipe or terminal at once: PIPE_BUF, which a pipe that poll(2) calls writable
// takes without blocking.
const chunk = 4096

// StalledError is a write that was given up because its reader stalled.
type StalledError struct {
	Path string
	For  time.Duration
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("write %s: gave up on its reader, which has read nothing for %v", e.Path, e.For)
}

// Writer writes to a file, pipe or terminal whose reader may stall. Until ctx ends, a write waits as long as necessary;
// after that for Patience, and once that has passed, writes that would block fail at once with a *StalledError.
type Writer struct {
	f        *os.File
	ctx      context.Context
	patience time.Duration
	waits    bool // whether a write may block

	mu     sync.Mutex
	gaveUp bool
}

// NewWriter returns a Writer to f, which the caller closes.
func NewWriter(ctx context.Context, f *os.File) *Writer {
	info, err := f.Stat()
	return &Writer{f: f, ctx: ctx, patience: Patience, waits: err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0}
}

// For returns a Writer if w is a file, and otherwise w itself.
func For(ctx context.Context, w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		return NewWriter(ctx, f)
	}
	return w
}

// File returns the file behind w, if there is one. A writer that wraps another returns it from a method Under.
func File(w io.Writer) (*os.File, bool) {
	switch w := w.(type) {
	case *os.File:
		return w, true
	case *Writer:
		return w.f, true
	case interface{ Under() io.Writer }:
		return File(w.Under())
	}
	return nil, false
}

// Write writes p.
func (w *Writer) Write(p []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.waits {
		return w.f.Write(p)
	}
	for n < len(p) {
		if err := w.wait(); err != nil {
			return n, err
		}
		m, err := w.f.Write(p[n:min(n+chunk, len(p))])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// wait waits until a write does not block.
func (w *Writer) wait() error {
	var ending time.Time
	for {
		fds := []unix.PollFd{{Fd: int32(w.f.Fd()), Events: unix.POLLOUT}}
		ready, err := unix.Poll(fds, int(pollInterval/time.Millisecond))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || ready > 0: // errors are left to the write
			return nil
		}
		if w.ctx.Err() == nil {
			continue
		}
		if ending.IsZero() {
			ending = time.Now()
		}
		if w.gaveUp || time.Since(ending) >= w.patience {
			w.gaveUp = true
			return &StalledError{Path: w.f.Name(), For: w.patience}
		}
	}
}

// OpenPipe opens a named pipe for writing. Like open(2) it waits for a reader, but at most for Patience after ctx ends.
func OpenPipe(ctx context.Context, path string) (*os.File, error) {
	var ending time.Time
	for {
		f, err := TryPipe(path)
		if !errors.Is(err, unix.ENXIO) {
			return f, err
		}
		if ctx.Err() != nil {
			if ending.IsZero() {
				ending = time.Now()
			}
			if time.Since(ending) >= Patience {
				return nil, fmt.Errorf("open %s: gave up waiting for a reader of this pipe", path)
			}
		}
		time.Sleep(pollInterval / 10)
	}
}

// TryPipe opens a named pipe for writing, and fails with ENXIO if it has no reader.
func TryPipe(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0)
}
