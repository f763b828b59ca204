package capture

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Packets that are late now and then do not disturb the times, which are right to a millisecond after a few packets.
func TestStreamClock(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct {
		name  string
		drift float64 // of the camera's clock
	}{{"an exact clock", 0}, {"a fast clock", 100e-6}, {"a slow clock", -100e-6}} {
		t.Run(c.name, func(t *testing.T) {
			var clock streamClock
			random := rand.New(rand.NewPCG(1, 2))
			last, now := int64(0), int64(0)
			const frames = 30 * 180
			for i := range frames {
				captured := 1_000_000*ms + int64(i)*40*ms
				at := int64(float64(i) * 40 * float64(ms) * (1 + c.drift))
				delay := 5 * ms
				if random.IntN(10) > 0 {
					delay += random.Int64N(200 * ms)
				}
				now = max(now, captured+delay) // packets overtake none
				clock.arrived(at, now)
				got := clock.captured(at, now)
				if got < last || got > now {
					t.Fatalf("frame %d: %d after %d, now %d", i, got, last, now)
				}
				if off := got - captured - 5*ms; i > 100 && (off < -7*ms || off > 7*ms) { // the drift of two windows
					t.Fatalf("frame %d: captured %.1f ms too late", i, float64(off)/float64(ms))
				}
				last = got
			}
		})
	}
}

// Times that are no times, such as those that stand still or run at half the speed, end in those of arrival.
func TestStreamClockOfWrongTimes(t *testing.T) {
	for name, at := range map[string]func(i int64) int64{
		"standing": func(int64) int64 { return 0 }, "half": func(i int64) int64 { return i * 20e6 },
		"double": func(i int64) int64 { return i * 80e6 }, "jumping": func(i int64) int64 { return i*40e6 + i/100*3600e9 },
	} {
		var clock streamClock
		last := int64(0)
		for i := range int64(2000) {
			now := 1e12 + i*40e6
			clock.arrived(at(i), now)
			got := clock.captured(at(i), now)
			if got < last || got > now || now-got > maxLag+int64(time.Second) {
				t.Fatalf("%s: frame %d: %d after %d, now %d", name, i, got, last, now)
			}
			last = got
		}
	}
}

// The pictures of a burst are due one after the other; after a jump the next one is due at once.
func TestStreamClockOfBursts(t *testing.T) {
	var clock streamClock
	for i, want := range []int64{0, 40e6, 80e6} {
		if got := clock.due(5e9+int64(i)*40e6, 1e12); got != want {
			t.Errorf("picture %d is due in %d, want %d", i, got, want)
		}
	}
	if got := clock.due(5e9+120e6, 1e12+200e6); got != -80e6 {
		t.Errorf("a late picture is due in %d", got)
	}
	if got := clock.due(9000e9, 1e12+200e6); got != 0 {
		t.Errorf("after a jump: %d", got)
	}
	if got := clock.due(9000e9+40e6, 1e12+200e6); got != 40e6 {
		t.Errorf("after a jump: %d", got)
	}
}
