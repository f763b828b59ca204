package moment

import (
	"testing"
	"time"

	"corallite/pipeline"
)

func TestClock(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var c Clock
	for i, s := range []struct {
		read, position, want time.Duration // milliseconds
		cut                  bool
	}{
		{0, 0, 0, false}, {10, 100, 100, false}, {20, 200, 200, false}, // a file that is read ten times as fast as it plays
		{30, 0, 30, true}, {40, 100, 130, false}, // again
		{50, 50, 50, true},                        // another one, from its second frame on
		{60, 0, 60, true}, {5060, 0, 5060, false}, // a camera
	} {
		now, cut := c.At(&pipeline.Meta{Time: began.Add(s.read * time.Millisecond), Position: s.position * time.Millisecond})
		if got := now.Sub(began); got != s.want*time.Millisecond || cut != s.cut {
			t.Errorf("item %d: %v, cut %v", i, got, cut)
		}
	}
}
