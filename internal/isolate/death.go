package isolate

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrClosed is returned by Call after Close.
var ErrClosed = errors.New("the child process is closed")

// DeathError describes the unrequested death of a child.
type DeathError struct {
	Name      string
	PID       int
	Signal    syscall.Signal // that ended it; 0: it exited by itself
	Code      int            // exit code if it exited by itself; -1: killed, but the kernel has not ended it yet
	LastWords []string       // its last lines on standard error, without Go's trace
	Hung      time.Duration  // how long it had not answered when it was killed for that; 0: not killed for that
	Reason    string         // why it ended, if it or the parent knew
}

// Error is one line: "edgetpu usb:2-1 (process 4711) died: signal SIGABRT: F usb_driver.cc:857] transfer failed".
func (e *DeathError) Error() string {
	return fmt.Sprintf("%s (process %d) %s", e.Name, e.PID, e.Cause())
}

// Cause is Error without the name and the process.
func (e *DeathError) Cause() string {
	var how string
	switch {
	case e.Hung > 0:
		how = fmt.Sprintf("did not answer for %v and was killed", e.Hung.Round(time.Millisecond))
	case e.Code < 0:
		how = "was killed"
	case e.Signal != 0:
		how = "died: signal " + signalName(e.Signal)
	default:
		how = fmt.Sprintf("ended by itself: exit code %d", e.Code)
	}
	if e.Code < 0 {
		how += ", but the kernel has not let it go yet"
	}
	if e.Reason != "" {
		return how + ": " + e.Reason
	}
	// A killed process cannot explain itself: its last lines are about something else.
	if n := len(e.LastWords); n > 0 && !sudden(e.Signal) {
		return how + ": " + strings.TrimSpace(e.LastWords[n-1])
	}
	return how
}

// sudden reports whether a signal came from the processor or from outside.
func sudden(s syscall.Signal) bool {
	return s == unix.SIGSEGV || s == unix.SIGBUS || s == unix.SIGILL || s == unix.SIGFPE || s == unix.SIGKILL
}

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return fmt.Sprint(int(s))
}
