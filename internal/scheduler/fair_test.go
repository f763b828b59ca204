package scheduler

import (
	"fmt"
	"math"
	"testing"
	"time"
)

const ms = time.Millisecond

// TestEqualShares lets 16 busy clients of one priority share the device. The runs of some take many times those of
// others.
func TestEqualShares(t *testing.T) {
	seeds(t, 100, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, Options{})
		for i := range 16 {
			w.user(ClientOptions{Name: fmt.Sprint(i), Token: 7}, w.between(4*ms, 40*ms), 0, 0)
		}
		w.live(time.Minute)
		even := w.busy / 16
		for _, u := range w.users {
			if off := float64(u.busy-even) / float64(even); math.Abs(off) > 0.03 {
				t.Errorf("client %s has used the device for %v, %+.1f %% off its even share %v", u.options.Name, u.busy, 100*off, even)
			}
		}
	})
}

// TestEqualSharesWithSwaps is the same with models that push each other's parameters off the device.
func TestEqualSharesWithSwaps(t *testing.T) {
	seeds(t, 50, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, Options{})
		for i := range 16 {
			w.user(ClientOptions{Name: fmt.Sprint(i), Token: uint64(1 + i%4)}, w.between(4*ms, 40*ms), 0, 10*ms)
		}
		w.live(2 * time.Minute)
		even := w.busy / 16
		for _, u := range w.users {
			if off := float64(u.busy-even) / float64(even); math.Abs(off) > 0.05 {
				t.Errorf("client %s has used the device for %v, %+.1f %% off its even share %v", u.options.Name, u.busy, 100*off, even)
			}
		}
	})
}

// TestNothingIsSavedUp lets a client that comes late, or comes back, share the device with one that has had it alone.
func TestNothingIsSavedUp(t *testing.T) {
	w := newWorld(t, 1, Options{})
	old := []*user{
		w.user(ClientOptions{Name: "a", Token: 7}, 10*ms, 0, 0),
		w.user(ClientOptions{Name: "b", Token: 7}, 10*ms, 0, 0),
	}
	w.live(10 * time.Second)
	late := w.user(ClientOptions{Name: "late", Token: 7}, 10*ms, 0, 0)
	before := [2]time.Duration{old[0].busy, old[1].busy}
	w.live(300 * ms)
	for i, u := range old {
		if had := u.busy - before[i]; had < 70*ms || had > 130*ms {
			t.Errorf("client %s has had %v of 300 ms since a third came", u.options.Name, had)
		}
	}
	if late.busy < 70*ms || late.busy > 130*ms {
		t.Errorf("the third has had %v of 300 ms", late.busy)
	}
}

// TestPriority lets a client of a higher priority come now and then beside 15 busy ones: it gets its turn when the
// run in hand ends.
func TestPriority(t *testing.T) {
	seeds(t, 100, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, Options{})
		for i := range 15 {
			w.user(ClientOptions{Name: fmt.Sprint(i), Token: uint64(i % 3)}, w.between(5*ms, 60*ms), w.between(0, 2*ms), w.between(0, 20*ms))
		}
		voice := w.user(ClientOptions{Name: "voice", Priority: 10}, 3*ms, w.between(20*ms, 500*ms), 5*ms)
		voice.mustBePrompt()
		w.live(20 * time.Second)
		if voice.runs < 20 {
			t.Errorf("only %d runs", voice.runs)
		}
	})
}

// TestPriorityBusy keeps the device busy with higher priorities. Each of the others still gets turns within the bound
// of the package's documentation, a fifth of the time in all, and never two of their turns follow one another while
// a higher priority waits.
func TestPriorityBusy(t *testing.T) {
	seeds(t, 50, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, Options{})
		w.log = true
		const n, longest = 15, 80 * ms
		for i := range 3 {
			w.user(ClientOptions{Name: fmt.Sprint("high", i), Priority: 1}, w.between(20*ms, 30*ms), 0, 0)
		}
		low := map[*user]bool{}
		for i := range n - 3 {
			low[w.user(ClientOptions{Name: fmt.Sprint("low", i), Token: 7}, w.between(40*ms, 60*ms), 0, 0)] = true
		}
		w.live(time.Minute)
		var had time.Duration
		for u := range low {
			had += u.busy
			if bound := DefaultPatience + n*(12*longest+3*DefaultWindow); u.longest > bound || u.runs < 10 {
				t.Errorf("%s has had %d turns in a minute, and waited for one for %v (bound %v)", u.options.Name, u.runs, u.longest, bound)
			}
		}
		if part := float64(had) / float64(w.busy); part < 0.17 || part > 0.205 {
			t.Errorf("lower priorities have had %.1f %% of the time", 100*part)
		}
		for i := 1; i < len(w.turns); i++ {
			if low[w.turns[i-1].user] && low[w.turns[i].user] {
				t.Fatalf("turns %d and %d were both out of order", i-1, i)
			}
		}
	})
}
