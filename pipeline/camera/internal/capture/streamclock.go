package capture

import "time"

// streamClock converts the times of a stream to CLOCK_MONOTONIC, in nanoseconds. A stream's own times say exactly how far
// apart its pictures were captured; when the first one was is known only from when packets arrive. No packet can arrive
// before it was captured, so the packet that was under way for the shortest time says the most. What is left is that
// shortest time itself: the delay of the camera's encoder and of the network.
type streamClock struct {
	offset int64 // to be added to the stream's times
	known  bool
	// The smallest difference of arrival and time since window began, and in the window before it: a camera's clock runs a
	// little faster or slower than this machine's, so that old differences are not valid for long.
	window             int64
	smallest, previous int64
	last               int64 // captured last
	anchor             int64 // of a stream that comes in bursts: added to its times, it gives when pictures are due
	anchored           bool
}

const (
	// clockWindow is the time in which clocks that differ by 100 parts in a million drift apart by 3 ms.
	clockWindow = int64(30 * time.Second)

	// maxLag is the longest time that a packet is believed to have been under way. More than that means that the times of
	// the stream are wrong, for example in other units than they should be.
	maxLag = int64(5 * time.Second)

	// maxAhead is how far ahead a burst of pictures may be: more than the segments of HLS that are read at once.
	maxAhead = int64(time.Minute)
)

// arrived notes that a packet arrived with a picture to be shown at a time of the stream.
func (c *streamClock) arrived(at, now int64) {
	difference := now - at
	if c.known && difference-c.offset > maxLag {
		c.known = false
	}
	switch {
	case !c.known:
		c.window, c.smallest, c.previous = now, difference, difference
	case now-c.window > clockWindow:
		c.window, c.smallest, c.previous = now, difference, c.smallest
	}
	c.known, c.smallest = true, min(c.smallest, difference)
	c.offset = min(c.smallest, c.previous)
}

// captured returns when a picture was captured: at most now, and never before the last one.
func (c *streamClock) captured(at, now int64) int64 {
	if c.known {
		now = min(at+c.offset, now)
	}
	c.last = max(now, c.last)
	return c.last
}

// of returns when what is to be heard at a time of the stream was captured: at most now.
func (c *streamClock) of(at, now int64) int64 {
	if !c.known {
		return now
	}
	return min(at+c.offset, now)
}

// due returns how long to wait for a picture of a stream that comes in bursts, the first of which is due when it comes.
func (c *streamClock) due(at, now int64) int64 {
	wait := at + c.anchor - now
	if !c.anchored || wait > maxAhead || wait < -maxAhead {
		c.anchor, c.anchored = now-at, true
		return 0
	}
	return wait
}
