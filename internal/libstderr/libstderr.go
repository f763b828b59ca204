//go:build unix

// Package libstderr redirects what C libraries print to standard error to the debug log. OpenCV, libjpeg, libpng and
// others print a line for a damaged file, in addition to the error that they return.
package libstderr

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// longestLine limits a line, in bytes.
const longestLine = 4096

// logger receives the lines; nil: they are discarded.
var logger atomic.Pointer[slog.Logger]

// LogTo sends what libraries print from now on to a logger, at level Debug.
func LogTo(l *slog.Logger) { logger.Store(l) }

// Redirect replaces descriptor 2 by a pipe to the log, and os.Stderr by a file with the original descriptor, to which
// crashes are also printed. Call it once, at the beginning of main, before anything uses os.Stderr. After an error nothing
// has changed.
func Redirect() error {
	fd, err := unix.FcntlInt(uintptr(unix.Stderr), unix.F_DUPFD_CLOEXEC, unix.Stderr+1)
	if err != nil {
		return fmt.Errorf("standard error: %w", os.NewSyscallError("fcntl", err))
	}
	own := os.NewFile(uintptr(fd), os.Stderr.Name())
	lines, printed, err := os.Pipe()
	if err != nil {
		own.Close()
		return err
	}
	defer printed.Close()
	// A library that prints while the loader opens it holds the loader's lock, which a new thread, that of the reader below,
	// waits for: what it prints must fit. Where the system allows less, the pipe stays at 64 KiB.
	_, _ = unix.FcntlInt(printed.Fd(), unix.F_SETPIPE_SZ, 1<<20)
	err = debug.SetCrashOutput(own, debug.CrashOptions{})
	if err == nil {
		err = os.NewSyscallError("dup3", unix.Dup3(int(printed.Fd()), unix.Stderr, 0))
	}
	if err != nil {
		own.Close()
		lines.Close()
		return err
	}
	os.Stderr = own
	go forward(lines) // until the process ends, because nothing closes descriptor 2
	return nil
}

// forward logs each line. It never stops reading, because a full pipe would block the library.
func forward(from io.Reader) {
	r := bufio.NewReaderSize(from, longestLine)
	for {
		line, _, err := r.ReadLine() // longer lines are split
		if err != nil {
			return
		}
		if l := logger.Load(); l != nil && len(line) > 0 {
			l.Debug("a library printed", "line", string(line))
		}
	}
}
