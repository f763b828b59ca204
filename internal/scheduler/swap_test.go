package scheduler

import (
	"fmt"
	"testing"
	"time"
)

// TestSwaps lets busy clients of models that push each other off the device compete, and compares with first come,
// first served, where nearly every run would be a swap. A model has several clients, or one that comes back at once.
func TestSwaps(t *testing.T) {
	for _, c := range []struct {
		models, clients  int
		think, run, load time.Duration
		window           time.Duration // the preference: eight swaps, at most DefaultWindow
	}{
		{models: 2, clients: 3, run: 5 * ms, load: 10 * ms, window: 80 * ms},
		{models: 2, clients: 3, run: 5 * ms, load: 30 * ms, window: DefaultWindow},
		{models: 4, clients: 2, run: 8 * ms, load: 6 * ms, window: 48 * ms},
		{models: 2, clients: 1, think: 200 * time.Microsecond, run: 5 * ms, load: 10 * ms, window: 80 * ms},
		{models: 3, clients: 1, think: 300 * time.Microsecond, run: 3 * ms, load: 12 * ms, window: 96 * ms},
	} {
		t.Run(fmt.Sprintf("%d models with %d clients", c.models, c.clients), func(t *testing.T) {
			seeds(t, 15, func(t *testing.T, seed uint64) {
				w := newWorld(t, seed, Options{})
				for i := range c.models * c.clients {
					w.user(ClientOptions{Name: fmt.Sprint(i), Token: uint64(1 + i%c.models)}, c.run, c.think, c.load)
				}
				w.live(time.Minute)
				s := w.q.Stats()
				// A preference begins with a swap and ends with the run that reaches it. It is learned in the first second.
				if most := uint64(1.1*s.Busy.Seconds()/c.window.Seconds()) + 10; s.Swaps > most || s.Swaps < 100 {
					t.Errorf("%d swaps in %v, want 100 to %d", s.Swaps, s.Busy, most)
				}
				if s.Swaps > s.Runs/4 {
					t.Errorf("%d of %d runs were swaps", s.Swaps, s.Runs)
				}
				if cost := s.MeanSwapCost(); cost < c.load*9/10 || cost > c.load*11/10 {
					t.Errorf("a swap costs %v, measured %v", c.load, cost)
				}
				if idle := time.Minute - s.Busy; idle > time.Minute/10 {
					t.Errorf("the device was free for %v", idle)
				}
			})
		})
	}
}

// TestSlowClientsAreNotWaitedFor lets two clients that take their time between runs use different models: keeping the
// device for either would only waste it.
func TestSlowClientsAreNotWaitedFor(t *testing.T) {
	w := newWorld(t, 1, Options{})
	for i := range 2 {
		w.user(ClientOptions{Name: fmt.Sprint(i), Token: uint64(1 + i)}, 5*ms, 20*ms, 10*ms).mustBePrompt()
	}
	w.live(10 * time.Second)
	if s := w.q.Stats(); s.Runs < 300 {
		t.Errorf("%d runs", s.Runs)
	}
}

// TestTokensThatShare has models compiled together, and clients without a token, which share with nobody, not even
// with themselves of another stream.
func TestTokensThatShare(t *testing.T) {
	for _, c := range []struct {
		name   string
		tokens [2]uint64
		swaps  bool
	}{
		{"the same token", [2]uint64{5, 5}, false},
		{"different tokens", [2]uint64{5, 6}, true},
		{"no tokens", [2]uint64{0, 0}, true},
		{"one without", [2]uint64{0, 5}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1, Options{Window: -1})
			for i, token := range c.tokens {
				w.user(ClientOptions{Name: fmt.Sprint(i), Token: token}, 5*ms, 0, 0)
			}
			w.live(time.Second)
			if s := w.q.Stats(); (s.Swaps > 0) != c.swaps || c.swaps && s.Swaps != s.Runs-1 {
				t.Errorf("%d swaps in %d runs", s.Swaps, s.Runs)
			}
		})
	}
}

// TestForget opens the device again in the middle: loading its parameters then is no swap.
func TestForget(t *testing.T) {
	w := newWorld(t, 1, Options{})
	u := w.user(ClientOptions{Name: "a", Token: 1}, 5*ms, ms, 50*ms)
	w.live(200 * ms)
	usual := u.usual.value
	if usual == 0 || usual > 8*ms {
		t.Fatalf("the usual run takes %v", usual)
	}
	for range 5 {
		w.q.Forget()
		w.live(70 * ms)
	}
	if u.usual.value > 8*ms {
		t.Errorf("loading was taken for usual: %v", u.usual.value)
	}
	if s := w.q.Stats(); s.Swaps != 0 {
		t.Errorf("%d swaps", s.Swaps)
	}
}
