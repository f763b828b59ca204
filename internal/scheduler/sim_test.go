package scheduler

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"
)

// world is a device, its queue and their clients in simulated time. Nothing in it blocks: clients enter and leave the
// queue as Acquire and Release do it, event by event.
type world struct {
	t       testing.TB
	q       *Queue
	rand    *rand.Rand
	now     time.Time
	events  events
	order   uint64
	users   []*user
	current *user // whose run is under way
	began   time.Time
	busy    time.Duration // what finished runs took
	turns   []turnTaken   // all finished runs, when log is set
	log     bool
}

// turnTaken is one run in a world's log.
type turnTaken struct {
	user  *user
	began time.Time
}

// user is a client that wants a run, takes it, does something else for a while, and wants the next.
type user struct {
	*Client
	w       *world
	run     func() time.Duration // without loading parameters
	think   func() time.Duration // between a run and the wish for the next
	load    time.Duration        // what loading its parameters takes
	longest time.Duration        // wait
	gone    bool
	// onAsk and onGrant look at the world when the user begins to wait and when it gets its turn; nil: nothing.
	onAsk, onGrant func()
}

type event struct {
	at    time.Time
	order uint64 // events of one moment happen in the order in which they were planned
	f     func()
}

type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(*event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newWorld(t testing.TB, seed uint64, o Options) *world {
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 4)), now: time.Unix(0, 0)}
	o.Clock = w
	w.q = New(o)
	return w
}

func (w *world) Now() time.Time { return w.now }

func (w *world) at(t time.Time, f func()) {
	w.order++
	heap.Push(&w.events, &event{t, w.order, f})
}

func (w *world) after(d time.Duration, f func()) { w.at(w.now.Add(d), f) }

// simTimer is a timer of a world. Each Reset plans an event of its own, which does nothing when it is not the last.
type simTimer struct {
	w   *world
	f   func()
	set uint64
}

func (w *world) AfterFunc(d time.Duration, f func()) Timer {
	t := &simTimer{w: w, f: f}
	t.Reset(d)
	return t
}

func (t *simTimer) Reset(d time.Duration) bool {
	t.set++
	set := t.set
	t.w.after(d, func() {
		if set == t.set {
			t.f()
		}
	})
	return true
}

func (t *simTimer) Stop() bool { t.set++; return true }

// user adds a user that wants its first run at once. run and think are varied by up to a third, think may be 0.
func (w *world) user(o ClientOptions, run, think, load time.Duration) *user {
	vary := func(d time.Duration) func() time.Duration {
		return func() time.Duration { return d + time.Duration(float64(d)*(w.rand.Float64()-0.5)*2/3) }
	}
	u := &user{Client: w.q.Client(o), w: w, run: vary(run), think: vary(think), load: load}
	w.users = append(w.users, u)
	w.after(0, u.ask)
	return u
}

// ask is Acquire.
func (u *user) ask() {
	if u.gone || u.state != idle {
		return
	}
	if u.onAsk != nil {
		u.onAsk()
	}
	u.w.q.enter(u.Client, u.w.now)
	u.parked = u.state == waiting
}

// mustBePrompt fails the test when the user waits for anything but the run in hand.
func (u *user) mustBePrompt() {
	var inHand *user
	u.onAsk = func() { inHand = u.w.current }
	u.onGrant = func() {
		waited := u.w.now.Sub(u.since)
		switch {
		case waited == 0:
		case inHand == nil:
			u.w.t.Errorf("%s waited %v for a device that was free", u.options.Name, waited)
		case !inHand.released.Equal(u.w.now) || inHand.granted.After(u.since):
			u.w.t.Errorf("%s waited %v, for more than the run in hand", u.options.Name, waited)
		}
	}
}

// settle begins the run of who has got its turn.
func (w *world) settle() {
	for w.current == nil && w.q.running != nil {
		var u *user
		for _, o := range w.users {
			if o.state == running {
				if u != nil {
					w.t.Fatalf("%s and %s have a turn", u.options.Name, o.options.Name)
				}
				u = o
			}
		}
		select {
		case <-u.turn:
		default:
		}
		w.current, w.began = u, w.now
		u.longest = max(u.longest, w.now.Sub(u.since))
		if u.onGrant != nil {
			u.onGrant()
		}
		takes := u.run()
		if u.swap || u.fresh {
			takes += u.load
		}
		w.after(takes, func() {
			w.current = nil
			w.busy += takes
			if w.log {
				w.turns = append(w.turns, turnTaken{u, w.began})
			}
			u.Release()
			if think := u.think(); think > 0 {
				w.after(think, u.ask)
			} else {
				w.at(w.now, u.ask)
			}
		})
	}
}

// live lets time pass.
func (w *world) live(d time.Duration) {
	w.settle()
	for end := w.now.Add(d); len(w.events) > 0 && !w.events[0].at.After(end); {
		e := heap.Pop(&w.events).(*event)
		w.now = e.at
		e.f()
		w.settle()
		if w.q.running == nil && len(w.q.waiting) > 0 && len(w.events) == 0 {
			w.t.Fatalf("%d clients wait for a free device, and nothing will wake them", len(w.q.waiting))
		}
	}
}

// between gives an even random time.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rand.Int64N(int64(high-low)+1))
}

// seeds runs a property for many seeds. A failing one is named, so that it can be run alone.
func seeds(t *testing.T, n int, f func(t *testing.T, seed uint64)) {
	t.Helper()
	for seed := range uint64(n) {
		f(t, seed)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}
