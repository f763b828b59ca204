package scheduler

import (
	"fmt"
	"testing"
	"time"
)

// TestBounds mixes everything at random: priorities, tokens, run times, pauses, rest, clients that give up, close and
// come new. Nobody waits longer than the package's documentation says.
func TestBounds(t *testing.T) {
	worst := 0.0
	seeds(t, 400, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, Options{})
		n, priorities, tokens := 2+w.rand.IntN(15), 1+w.rand.IntN(4), 1+w.rand.IntN(5)
		pace := []float64{0, 0, 0.5, 3}[w.rand.IntN(4)]
		w.q.SetPace(pace)
		longestRun, longestLoad := w.between(2*ms, 80*ms), w.between(0, 30*ms)
		add := func() *user {
			o := ClientOptions{Name: fmt.Sprint(len(w.users)), Priority: w.rand.IntN(priorities), Token: uint64(w.rand.IntN(tokens))}
			think := time.Duration(0)
			if w.rand.IntN(2) == 0 {
				think = w.between(0, 50*ms)
			}
			return w.user(o, w.between(ms, longestRun), think, w.between(0, longestLoad))
		}
		for range n {
			add()
		}
		change := func() {}
		change = func() {
			w.disturb(add)
			w.after(w.between(0, 200*ms), change)
		}
		if w.rand.IntN(2) == 0 {
			change()
		}
		w.live(20 * time.Second)
		run := longestRun*4/3 + longestLoad
		run = time.Duration(float64(run)*(1+pace)) + longestLoad/holdFraction
		bound := time.Duration(float64(DefaultPatience)*(1+pace)) + time.Duration(n)*(12*run+3*DefaultWindow)
		for _, u := range w.users {
			longest := u.longest
			if u.state == waiting {
				longest = max(longest, w.now.Sub(u.since))
			}
			worst = max(worst, float64(longest)/float64(bound))
			if longest > bound {
				t.Errorf("client %s of priority %d waited %v, more than %v", u.options.Name, u.options.Priority, longest, bound)
			}
		}
	})
	t.Logf("the longest wait was %.0f %% of its bound", 100*worst)
}

// disturb does one of the things that a queue must bear.
func (w *world) disturb(add func() *user) {
	u := w.users[w.rand.IntN(len(w.users))]
	switch {
	case u.gone:
	case w.rand.IntN(2) == 0 && u.state == waiting: // its context ends
		u.giveUp()
		w.after(w.between(0, 30*ms), u.ask)
	case w.rand.IntN(3) == 0: // another comes for it
		u.gone = true
		u.Close()
		add()
	}
}

// TestGivenUpLeavesNoTrace has, in one of two worlds that are alike otherwise, clients that ask again and again and
// give up before they get a turn, or at the moment in which they get it.
func TestGivenUpLeavesNoTrace(t *testing.T) {
	seeds(t, 50, func(t *testing.T, seed uint64) {
		run := func(ghosts bool) []turnTaken {
			w := newWorld(t, seed, Options{})
			w.log = true
			for i := range 6 {
				o := ClientOptions{Name: fmt.Sprint(i), Priority: i / 4, Token: uint64(i % 3)}
				w.user(o, w.between(2*ms, 30*ms), w.between(0, 10*ms), 5*ms)
			}
			if ghosts {
				for i := range 3 {
					w.haunt(w.q.Client(ClientOptions{Name: "ghost", Priority: i, Token: 9}))
				}
			}
			w.live(10 * time.Second)
			return w.turns
		}
		without, with := run(false), run(true)
		if len(without) != len(with) || len(with) < 100 {
			t.Fatalf("%d turns without those who give up, %d with them", len(without), len(with))
		}
		for i := range with {
			a, b := without[i], with[i]
			if a.user.options.Name != b.user.options.Name || !a.began.Equal(b.began) {
				t.Fatalf("turn %d was %s's at %v, and with those who give up %s's at %v", i,
					a.user.options.Name, a.began, b.user.options.Name, b.began)
			}
		}
	})
}

// haunt lets a client ask while the device is in use, and give up before the run in hand ends.
func (w *world) haunt(c *Client) {
	w.after(700*time.Microsecond, func() {
		if w.q.running != nil {
			w.q.enter(c, w.now)
			c.parked = true
			c.giveUp()
		}
		w.haunt(c)
	})
}

// TestGivenUpAtTheMoment gives up when the turn has come already and Acquire has not returned yet. The turn goes on
// to the next, and nothing was counted.
func TestGivenUpAtTheMoment(t *testing.T) {
	w := newWorld(t, 1, Options{})
	a, b, c := w.q.Client(ClientOptions{Name: "a"}), w.q.Client(ClientOptions{Name: "b"}), w.q.Client(ClientOptions{Name: "c"})
	for _, x := range []*Client{a, b, c} {
		w.q.enter(x, w.now)
		x.parked = x.state == waiting
	}
	if a.state != running {
		t.Fatal("the device was free, and a has no turn")
	}
	w.now = w.now.Add(5 * ms)
	a.Release()
	if b.state != running || len(b.turn) != 1 {
		t.Fatal("b has no turn after a")
	}
	before := w.q.Stats()
	b.giveUp()
	if b.state != idle || len(b.turn) != 0 || c.state != running {
		t.Errorf("b is %d, c is %d", b.state, c.state)
	}
	after := w.q.Stats()
	if after.Runs != before.Runs || after.Swaps != before.Swaps || b.runs != 0 || !w.q.loaded.has(a) {
		t.Errorf("the turn that was not used counts: %+v, before %+v", after, before)
	}
}

// TestPace rests after each run: the device works for the part of the time that is left, and a higher priority does
// not wait for the rest.
func TestPace(t *testing.T) {
	for _, pace := range []float64{0.25, 1, 4} {
		t.Run(fmt.Sprint(pace), func(t *testing.T) {
			w := newWorld(t, 1, Options{})
			w.q.SetPace(pace)
			for i := range 4 {
				w.user(ClientOptions{Name: fmt.Sprint(i), Token: 1}, 10*ms, 0, 0)
			}
			voice := w.user(ClientOptions{Name: "voice", Priority: 1, Token: 1}, 5*ms, 300*ms, 0)
			voice.onGrant = func() {
				if waited := w.now.Sub(voice.since); waited > 14*ms { // a run of 10 ms, varied by a third
					t.Errorf("the higher priority waited %v", waited)
				}
			}
			w.live(10 * time.Second)
			want := 10 * time.Second.Seconds() / (1 + pace)
			if busy := w.busy.Seconds(); busy > want*1.02 || busy < want*0.95 {
				t.Errorf("the device worked for %.2f s of 10 s, want %.2f s", busy, want)
			}
			w.q.SetPace(0)
			w.busy = 0
			w.live(time.Second)
			if w.busy < 950*ms {
				t.Errorf("without rest it worked for %v of 1 s", w.busy)
			}
		})
	}
}
