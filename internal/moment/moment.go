// Package moment tells the time of items: that of the recording, where they come from one, so that a file that is read
// faster than it plays gives the same durations.
package moment

import (
	"time"

	"corallite/pipeline"
)

// Clock tells the times of the items of one stream, in their order.
type Clock struct {
	position time.Duration
	zero     time.Time // of the recording
}

// At is the time of an item, and whether a recording begins anew with it: it is played again, or another file follows.
func (c *Clock) At(m *pipeline.Meta) (now time.Time, cut bool) {
	now, cut = m.Time, m.Position < c.position
	if m.Position > 0 {
		if cut || c.zero.IsZero() {
			c.zero = now.Add(-m.Position)
		}
		now = c.zero.Add(m.Position)
	} else {
		c.zero = now
	}
	c.position = m.Position
	return now, cut
}
