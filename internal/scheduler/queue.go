package scheduler

import (
	"slices"
	"sync"
	"time"
)

// Defaults of Options.
const (
	DefaultPatience = time.Second
	DefaultWindow   = 100 * time.Millisecond
)

// longest is the most that one run counts for: in shares, in swap costs and in the rest after it. A run that takes
// longer has hung, and its client and the device are not to suffer for it.
const longest = time.Second

// maxPace is the most that SetPace takes: a hundredth of the time at work.
const maxPace = 99

// Options of a Queue. The zero Options are the defaults.
type Options struct {
	// Patience is how much device time higher priorities may take while clients of a lower one wait, before one of
	// these gets a turn all the same. 0: DefaultPatience.
	Patience time.Duration
	// Window is the most device time after a swap in which clients of the loaded token are preferred. 0:
	// DefaultWindow; negative: they never are.
	Window time.Duration
	// Clock is for tests. nil: the machine's time.
	Clock Clock
}

// Queue is the queue for one device. It needs no closing: it has no goroutine of its own, and its timer runs only
// while a client waits.
type Queue struct {
	patience, window time.Duration
	clock            Clock

	mu           sync.Mutex
	clients      []*Client     // those open, and the one that runs, in the order in which they were made
	waiting      []*Client     // in the order in which they came
	classes      []*class      // highest priority first
	running      *Client       // whose turn it is; nil: nobody's
	fairnessDebt time.Duration // what others may use the device for before the next turn out of order (see Client.passed)
	loaded       loaded
	pace         float64
	rest         pause // the device rests
	hold         pause // the device is kept for the client that ran last
	timer        Timer // nil until it is first needed
	totals       totals
}

// pause is a time in which clients up to a priority get no turn.
type pause struct {
	until    time.Time
	priority int
}

// stops says whether a client of some priority must wait for the end.
func (p pause) stops(priority int, now time.Time) bool {
	return priority <= p.priority && now.Before(p.until)
}

// class is all that have one priority.
type class struct {
	priority int
	waiting  int           // how many clients of it wait
	floor    time.Duration // virtual time that no busy client is behind; only grows
	passed   time.Duration // device time that higher priorities have taken
}

// New makes a queue for one device.
func New(o Options) *Queue {
	q := &Queue{patience: o.Patience, window: o.Window, clock: o.Clock}
	if q.patience == 0 {
		q.patience = DefaultPatience
	}
	if q.window == 0 {
		q.window = DefaultWindow
	}
	if q.clock == nil {
		q.clock = systemClock{}
	}
	return q
}

// SetPace sets how long the device rests after each run, in multiples of what the run took: with 1 it works at most
// half of the time. It is at least 0, no rest, which also ends a rest under way, and at most 99. One rest is at most
// 99 s, that of a run of a second.
func (q *Queue) SetPace(rest float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !(rest > 0) { // NaN too
		rest = 0
		q.rest = pause{}
	}
	q.pace = min(rest, maxPace)
	q.dispatch(q.clock.Now())
}

// Forget says that the device has lost its parameters: it was opened again. The next run is then no swap, and what
// it takes is not taken for usual.
func (q *Queue) Forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.loaded = loaded{cost: q.loaded.cost}
	if c := q.running; c != nil {
		c.swap, c.fresh = false, true
	}
}

// classOf finds or makes the class of a priority.
func (q *Queue) classOf(priority int) *class {
	i, found := slices.BinarySearchFunc(q.classes, priority, func(k *class, p int) int { return p - k.priority })
	if !found {
		q.classes = slices.Insert(q.classes, i, &class{priority: priority})
	}
	return q.classes[i]
}

// enter puts a client into the queue, and gives it its turn when the device is free for it.
func (q *Queue) enter(c *Client, now time.Time) {
	k := c.class
	c.start = q.virtualStart(c)
	c.state, c.since, c.passed = waiting, now, k.passed
	k.waiting++
	q.waiting = append(q.waiting, c)
	q.dispatch(now)
}

// leave takes a client that waits out of the queue.
func (q *Queue) leave(c *Client) {
	i := slices.Index(q.waiting, c)
	q.waiting = slices.Delete(q.waiting, i, i+1)
	c.class.waiting--
	c.state = idle
}

// dispatch gives the turn to who is next when the device is free, or sets the timer for when it will be.
func (q *Queue) dispatch(now time.Time) {
	if q.running != nil {
		return
	}
	if len(q.waiting) == 0 {
		if q.timer != nil {
			q.timer.Stop()
		}
		return
	}
	c, owed, at := q.next(now)
	if c == nil {
		if q.timer == nil {
			q.timer = q.clock.AfterFunc(at.Sub(now), q.wake)
		} else {
			q.timer.Reset(at.Sub(now))
		}
		return
	}
	q.leave(c)
	q.running = c
	c.state, c.granted = running, now
	c.owed, c.swap, c.fresh = owed, q.loaded.swaps(c), c.runs == 0 || !q.loaded.any
	c.unrested = max(0, q.rest.until.Sub(now))
	if c.parked {
		c.parked = false
		c.turn <- struct{}{} // has room: it is emptied before the client waits again
	}
}

// wake is called by the timer.
func (q *Queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dispatch(q.clock.Now())
}

// exit ends a client's run. Everything that a run changes is changed here, so that a turn that was given back unused
// leaves nothing behind.
func (q *Queue) exit(c *Client, now time.Time) {
	ran := now.Sub(c.granted)
	counts := min(ran, longest)
	if c.runs > 0 {
		c.gap.add(c.since.Sub(c.released), 4)
	}
	c.count(ran)
	q.totals.count(ran)
	c.finish, c.last, c.released = c.start+counts, counts, now
	q.pass(c, counts)
	q.account(c, counts)
	q.rest = pause{now.Add(c.unrested + time.Duration(float64(counts)*q.pace)), c.class.priority}
	q.hold = pause{now.Add(q.holdFor(c)), c.class.priority}
	q.vacate(c, now)
}

// vacate takes the turn from a client, whether it has used it or not, and passes it on.
func (q *Queue) vacate(c *Client, now time.Time) {
	c.state = idle
	q.running = nil
	if c.closed {
		q.remove(c)
	}
	q.dispatch(now)
}

// remove forgets a closed client.
func (q *Queue) remove(c *Client) {
	q.clients = slices.DeleteFunc(q.clients, func(o *Client) bool { return o == c })
}
