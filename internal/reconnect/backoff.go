package reconnect

import "time"

// Backoff is the wait between attempts: First, then twice as long each time, up to Max.
type Backoff struct {
	First time.Duration // 0: 1 s
	Max   time.Duration // 0: 30 s
}

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = time.Second
	}
	if b.Max <= 0 {
		b.Max = 30 * time.Second
	}
	b.Max = max(b.Max, b.First)
	return b
}

// after returns the wait after that many failures in a row.
func (b Backoff) after(failures int) time.Duration {
	d := b.First
	for ; failures > 1 && d < b.Max; failures-- {
		d *= 2
	}
	return min(d, b.Max)
}
