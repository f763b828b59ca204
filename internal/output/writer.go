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

// Patience is how long a write waits for a reader that stands still once the run is to end.
const Patience = 5 * time.Second

// look is how often a write that waits looks whether the run is to end.
const look = 100 * time.Millisecond

// chunk is what goes into a pipe or a terminal at once. A pipe that poll(2) calls writable takes as much (PIPE_BUF)
// without blocking.
const chunk = 4096

// StalledError is a reader that stood still for so long that it was given up.
type StalledError struct {
	Path string
	For  time.Duration
}

func (e *StalledError) Error() string {
	return fmt.Sprintf("write %s: its reader has taken nothing for %v, and the run is to end", e.Path, e.For)
}

// Writer writes to a file, pipe or terminal whose reader may stand still. Until ctx ends a write waits for it as long as
// it takes, as a write to a file does; after that for Patience, and once that has passed, writes that would have to wait
// fail at once with a *StalledError.
type Writer struct {
	f        *os.File
	ctx      context.Context
	patience time.Duration
	waits    bool // whether a write may have to wait for a reader

	mu    sync.Mutex
	given bool // up
}

// NewWriter makes a Writer to f, which the caller closes.
func NewWriter(ctx context.Context, f *os.File) *Writer {
	info, err := f.Stat()
	return &Writer{f: f, ctx: ctx, patience: Patience, waits: err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0}
}

// For is a Writer where w is a file, and w itself otherwise.
func For(ctx context.Context, w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		return NewWriter(ctx, f)
	}
	return w
}

// File is the file behind w, where there is one. A writer that passes on to another says which with a method Under.
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

// wait waits until something can be written.
func (w *Writer) wait() error {
	var ending time.Time
	for {
		fds := []unix.PollFd{{Fd: int32(w.f.Fd()), Events: unix.POLLOUT}}
		ready, err := unix.Poll(fds, int(look/time.Millisecond))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || ready > 0: // an error is for the write to meet
			return nil
		}
		if w.ctx.Err() == nil {
			continue
		}
		if ending.IsZero() {
			ending = time.Now()
		}
		if w.given || time.Since(ending) >= w.patience {
			w.given = true
			return &StalledError{Path: w.f.Name(), For: w.patience}
		}
	}
}

// OpenPipe opens a named pipe for writing. Like open(2) it waits for a reader, but no longer than until ctx ends, and
// then for Patience.
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
				return nil, fmt.Errorf("open %s: nobody reads this pipe, and the run is to end", path)
			}
		}
		time.Sleep(look / 10)
	}
}

// TryPipe opens a named pipe for writing, and fails with ENXIO when nobody reads it.
func TryPipe(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0)
}
