package pipetest

import "time"

// active is the end of a device's time that is waited for actively, because sleeping is not exact: on the virtual
// machine this was written on a sleep of 4 ms ends 0.08 to 0.2 ms late.
const active = 300 * time.Microsecond

// deviceTime waits until end as a driver waits for its device: blocked in the kernel, off the CPU, and back on time.
// Shortly before the end it calls last.
func deviceTime(end time.Time, last func()) {
	if d := time.Until(end); d > active {
		block(d - active)
	}
	last()
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
