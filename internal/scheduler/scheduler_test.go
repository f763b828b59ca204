package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// acquire takes a turn that must come.
func acquire(tb testing.TB, c *scheduler.Client) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	if err := c.Acquire(ctx); err != nil {
		tb.Fatal(err)
	}
}

// waits returns when n clients of a queue wait.
func waits(tb testing.TB, q *scheduler.Queue, n int) {
	tb.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		waiting := 0
		for _, c := range q.Stats().Clients {
			if c.Waiting {
				waiting++
			}
		}
		if waiting == n {
			return
		}
		if time.Now().After(end) {
			tb.Fatalf("%d clients wait, want %d", waiting, n)
		}
	}
}

// group is some goroutines.
type group struct{ sync.WaitGroup }

func (g *group) start(f func()) {
	g.Add(1)
	go func() {
		defer g.Done()
		f()
	}()
}

// TestGoroutines lets goroutines with all sorts of priorities and tokens take turns for real. The race detector sees
// whether two have one at a time: what they count is guarded by nothing else.
func TestGoroutines(t *testing.T) {
	q := scheduler.New(scheduler.Options{Patience: 5 * time.Millisecond})
	const clients, runs = 12, 300
	var total, inside int
	var all group
	for i := range clients {
		all.start(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			c := q.Client(scheduler.ClientOptions{Name: fmt.Sprint(i), Priority: i % 3, Token: uint64(i % 4)})
			defer func() { c.Close() }()
			for done := 0; done < runs; {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if r.IntN(4) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(200))*time.Microsecond)
				}
				switch err := c.Acquire(ctx); {
				case err == nil:
					if inside++; inside != 1 {
						t.Errorf("%d clients have a turn", inside)
					}
					if r.IntN(8) == 0 {
						time.Sleep(time.Duration(r.IntN(100)) * time.Microsecond)
					}
					total++
					inside--
					c.Release()
					done++
				case !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
					done = runs
				}
				cancel()
				if r.IntN(100) == 0 {
					c.Close()
					c = q.Client(scheduler.ClientOptions{Name: fmt.Sprint(i), Priority: i % 3, Token: uint64(i % 4)})
				}
			}
		})
	}
	all.start(func() {
		for i := range 20 {
			q.SetPace(float64(i%3) / 10)
			q.Forget()
			time.Sleep(time.Millisecond)
		}
		q.SetPace(0)
	})
	all.Wait()
	s := q.Stats()
	if s.Runs != clients*runs || total != clients*runs || len(s.Clients) != 0 {
		t.Errorf("%d turns taken, %d counted, want %d; %d clients left", total, s.Runs, clients*runs, len(s.Clients))
	}
}

// TestTurnIsNeverLost gives up in the moment in which the turn comes, again and again: somebody always gets it.
func TestTurnIsNeverLost(t *testing.T) {
	q := scheduler.New(scheduler.Options{})
	a, b, c := q.Client(scheduler.ClientOptions{}), q.Client(scheduler.ClientOptions{}), q.Client(scheduler.ClientOptions{})
	for range 1000 {
		acquire(t, a)
		ctx, cancel := context.WithCancel(t.Context())
		var both group
		both.start(func() {
			if b.Acquire(ctx) == nil {
				b.Release()
			}
		})
		both.start(func() {
			acquire(t, c)
			c.Release()
		})
		both.start(a.Release)
		cancel()
		both.Wait()
	}
	if s := q.Stats(); s.Clients[0].Runs != 1000 || s.Clients[2].Runs != 1000 || s.Clients[1].Runs > 1000 {
		t.Errorf("%+v", s.Clients)
	}
}

func TestAcquireErrors(t *testing.T) {
	q := scheduler.New(scheduler.Options{})
	a, b := q.Client(scheduler.ClientOptions{Name: "door"}), q.Client(scheduler.ClientOptions{Name: "yard"})
	defer a.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Acquire(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	acquire(t, a)
	if err := a.Acquire(t.Context()); !errors.Is(err, scheduler.ErrBusy) || !strings.Contains(err.Error(), `"door"`) {
		t.Errorf("a second turn: %v", err)
	}
	failed := make(chan error)
	go func() { failed <- b.Acquire(t.Context()) }()
	waits(t, q, 1)
	if err := b.Acquire(t.Context()); !errors.Is(err, scheduler.ErrBusy) {
		t.Errorf("waiting twice: %v", err)
	}
	b.Close()
	if err := <-failed; !errors.Is(err, scheduler.ErrClosed) || !strings.Contains(err.Error(), `"yard"`) {
		t.Errorf("closed while it waits: %v", err)
	}
	b.Close()
	b.Release()
	if err := b.Acquire(t.Context()); !errors.Is(err, scheduler.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestRelease gives back what was not taken, which does nothing, least of all to another's turn.
func TestRelease(t *testing.T) {
	q := scheduler.New(scheduler.Options{})
	a, b := q.Client(scheduler.ClientOptions{}), q.Client(scheduler.ClientOptions{})
	a.Release()
	acquire(t, a)
	b.Release()
	got := make(chan error)
	go func() { got <- b.Acquire(t.Context()) }()
	waits(t, q, 1)
	b.Release() // it waits: that is no turn either
	if s := q.Stats(); !s.Clients[0].Running || s.Clients[1].Running || s.Runs != 0 {
		t.Errorf("%+v", s)
	}
	a.Release()
	a.Release()
	if err := <-got; err != nil {
		t.Error(err)
	}
	b.Release()
	if s := q.Stats(); s.Runs != 2 {
		t.Errorf("%d runs", s.Runs)
	}
}

// TestCloseWithTurn closes a client in its run: the device is free only after its Release.
func TestCloseWithTurn(t *testing.T) {
	q := scheduler.New(scheduler.Options{})
	a, b := q.Client(scheduler.ClientOptions{}), q.Client(scheduler.ClientOptions{})
	acquire(t, a)
	a.Close()
	got := make(chan error, 1)
	go func() { got <- b.Acquire(t.Context()) }()
	waits(t, q, 1)
	if s := q.Stats(); len(s.Clients) != 2 || !s.Clients[0].Running {
		t.Errorf("%+v", s.Clients)
	}
	a.Release()
	if err := <-got; err != nil {
		t.Error(err)
	}
	if s := q.Stats(); len(s.Clients) != 1 || s.Runs != 1 {
		t.Errorf("%+v", s)
	}
	b.Release()
}

// TestWaitingThroughRest waits for the end of a rest by the machine's clock; and what cannot be waited for is no pace.
func TestWaitingThroughRest(t *testing.T) {
	q := scheduler.New(scheduler.Options{})
	c := q.Client(scheduler.ClientOptions{})
	q.SetPace(2)
	acquire(t, c)
	time.Sleep(5 * time.Millisecond)
	c.Release()
	began := time.Now()
	acquire(t, c)
	if rested := time.Since(began); rested < 9*time.Millisecond {
		t.Errorf("a run of 5 ms at pace 2 was followed by a rest of %v", rested)
	}
	c.Release()
	for _, p := range []struct{ set, want float64 }{{-1, 0}, {math.NaN(), 0}, {math.Inf(1), 99}, {0.5, 0.5}} {
		q.SetPace(p.set)
		if got := q.Stats().Pace; got != p.want {
			t.Errorf("pace %v set, %v taken", p.set, got)
		}
	}
	// The end of heat ends the rest: with pace 99 the next turn would come a minute and a half later.
	q.SetPace(99)
	acquire(t, c)
	time.Sleep(time.Second)
	c.Release()
	done := make(chan error)
	go func() { done <- c.Acquire(t.Context()) }()
	waits(t, q, 1)
	began = time.Now()
	q.SetPace(0)
	if err := <-done; err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("the rest went on for %v: %v", time.Since(began), err)
	}
	c.Release()
}

// TestStats has times of a clock that stands still between the calls.
func TestStats(t *testing.T) {
	clock := &handClock{now: time.Unix(0, 0)}
	q := scheduler.New(scheduler.Options{Clock: clock})
	a := q.Client(scheduler.ClientOptions{Name: "a", Model: "birds", Token: 1})
	b := q.Client(scheduler.ClientOptions{Name: "b", Model: "faces", Token: 2, Priority: 3})
	run := func(c *scheduler.Client, d time.Duration) {
		acquire(t, c)
		clock.now = clock.now.Add(d)
		c.Release()
		clock.now = clock.now.Add(time.Second) // so long that the client is not waited for
	}
	run(a, 25*time.Millisecond) // loads
	run(a, 5*time.Millisecond)
	run(b, 18*time.Millisecond) // a swap, measured when b's usual run is known
	run(b, 8*time.Millisecond)
	run(a, 27*time.Millisecond) // a swap
	s := q.Stats()
	if s.Runs != 5 || s.Busy != 83*time.Millisecond || s.Swaps != 2 || s.Measured != 2 ||
		s.SwapCost != 32*time.Millisecond || s.MeanSwapCost() != 16*time.Millisecond {
		t.Errorf("%+v", s)
	}
	want := scheduler.ClientStats{
		ClientOptions: scheduler.ClientOptions{Name: "b", Model: "faces", Token: 2, Priority: 3},
		Runs:          2, Busy: 26 * time.Millisecond, UsualRun: 8 * time.Millisecond,
	}
	if s.Clients[1] != want {
		t.Errorf("got  %+v\nwant %+v", s.Clients[1], want)
	}
	if (scheduler.Stats{}).MeanSwapCost() != 0 {
		t.Error("a swap costs something where there was none")
	}
}

// handClock is moved by hand; nothing ever fires.
type handClock struct{ now time.Time }

func (c *handClock) Now() time.Time { return c.now }

func (c *handClock) AfterFunc(time.Duration, func()) scheduler.Timer { return time.NewTimer(time.Hour) }
