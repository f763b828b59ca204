package audio

import (
	"math"
	"testing"
	"time"
)

// TestRecent advances a clock: a loud moment is reported for half a second.
func TestRecent(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := NewLevel()
	l.now = func() time.Time { return now }
	if got, at := l.Recent(); got != SilentDBFS || !at.IsZero() {
		t.Errorf("of nothing: %v at %v", got, at)
	}
	for i, c := range []struct {
		sample int16
		want   float32
	}{{0, SilentDBFS}, {16384, -6.02}, {328, -6.02}, {328, -6.02}, {328, -40}, {16384, -6.02}, {32767, 0}} {
		if err := l.Process(t.Context(), &Chunk{Samples: []int16{c.sample, -c.sample}, Rate: 16000}); err != nil {
			t.Fatal(err)
		}
		if got, at := l.Recent(); math.Abs(float64(got-c.want)) > 0.02 || !at.Equal(now) {
			t.Errorf("chunk %d: %v dB at %v; want %v at %v", i, got, at, c.want, now)
		}
		now = now.Add(200 * time.Millisecond)
	}
}
