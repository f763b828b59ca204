//go:build unix

// Package libstderr keeps what C libraries print to standard error away from the user. OpenCV, libjpeg, libpng and others
// print a line of their own for a damaged file, beside the error that they return; such lines become debug records of
// the program's log.
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

// longestLine bounds what is kept of a line.
const longestLine = 4096

// logger gets the lines; nil: they are thrown away.
var logger atomic.Pointer[slog.Logger]

// LogTo sends what libraries print from now on to a logger, at the level Debug.
func LogTo(l *slog.Logger) { logger.Store(l) }

// Redirect makes descriptor 2 a pipe that the log reads, and os.Stderr a file on what it was before. A crash of the
// program is printed there too. It is called once, at the beginning of main, before anything uses os.Stderr. With an
// error everything is as it was.
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
	go forward(lines) // until the process ends: nothing else closes descriptor 2
	return nil
}

// forward logs each line. It never stops reading, because a library that fills the pipe would wait in its print.
func forward(from io.Reader) {
	r := bufio.NewReaderSize(from, longestLine)
	for {
		line, _, err := r.ReadLine() // a longer line comes in parts
		if err != nil {
			return
		}
		if l := logger.Load(); l != nil && len(line) > 0 {
			l.Debug("a library printed", "line", string(line))
		}
	}
}
