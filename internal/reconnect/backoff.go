package reconnect

import "time"

// Backoff is how long to wait between tries: First, then twice as long each time, at most Max.
type Backoff struct {
	First time.Duration // 0: 1 s
	Max   time.Duration // 0: 30 s
}

func (b Backoff) orDefault() Backoff {
	if b.First <= 0 {
		b.First = time.Second
	}
	if b.Max <= 0 {
		b.Max = 30 * time.Second
	}
	b.Max = max(b.Max, b.First)
	return b
}

// after is the wait before the next try when so many failed in a row.
func (b Backoff) after(failed int) time.Duration {
	d := b.First
	for ; failed > 1 && d < b.Max; failed-- {
		d *= 2
	}
	return min(d, b.Max)
}
