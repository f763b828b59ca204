package pipetest

import (
	"syscall"
	"time"
)

// block blocks the thread for d in the kernel. Unlike time.Sleep it does not go through Go's timers, which count whole
// milliseconds when the process is idle, and it holds a thread as a call into C does.
func block(d time.Duration) {
	ts := syscall.NsecToTimespec(d.Nanoseconds())
	for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
		continue
	}
}
