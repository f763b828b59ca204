package pipetest

import "time"

// active is the end of a device's time that is waited for actively: sleeping is not exact to less.
const active = 100 * time.Microsecond

// deviceTime waits d as a driver waits for its device: blocked in the kernel, off the CPU, and back on time.
func deviceTime(d time.Duration) {
	if d <= 0 {
		return
	}
	end := time.Now().Add(d)
	if d > active {
		block(d - active)
	}
	for time.Now().Before(end) {
		continue
	}
}

// Burn uses the CPU for d.
func Burn(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		continue
	}
}
