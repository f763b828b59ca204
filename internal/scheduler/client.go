package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Errors of Acquire, beside those of its context.
var (
	ErrClosed = errors.New("closed")
	ErrBusy   = errors.New("waits for its turn or has it already")
)

// ClientOptions say who a client is.
type ClientOptions struct {
	Name     string // for people: the stream
	Priority int    // higher first
	Token    uint64 // parameter-caching token (edgetpu.Package.Token); 0: shares its parameters with nobody
	Model    string // for people
}

// state is where a client is.
type state int

const (
	idle state = iota
	waiting
	running
)

// Client is one user of the device. Acquire and Release are for one goroutine at a time; Close is for any.
type Client struct {
	queue   *Queue
	options ClientOptions
	class   *class
	turn    chan struct{} // gets one element when a parked client gets its turn or is closed

	// All below is guarded by queue.mu.
	state         state
	closed        bool
	parked        bool          // waits on turn
	start, finish time.Duration // virtual time: of the run that is waited for or running, and after the last one
	last          time.Duration // what the last run counted for
	since         time.Time     // when it began to wait
	passed        time.Duration // class.passed then: when it has grown by Patience, the client is owed a turn
	granted       time.Time     // when it got its turn
	released      time.Time     // when it gave it back
	gap           average       // from one run's end to the wish for the next

	// Of the run in hand.
	owed     bool          // the turn was out of order
	swap     bool          // it loads other parameters than those on the device
	fresh    bool          // it may load parameters without being a swap
	unrested time.Duration // what was left of the device's rest

	usual average // of runs that loaded nothing
	// Swaps before usual was known: their number, and what those runs took in all.
	unpriced     int
	unpricedTime time.Duration

	record
}

// Client adds a client. Whoever makes it closes it.
func (q *Queue) Client(o ClientOptions) *Client {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := &Client{queue: q, options: o, class: q.classOf(o.Priority), turn: make(chan struct{}, 1)}
	c.finish = q.floor(c)
	q.clients = append(q.clients, c)
	return c
}

// Acquire waits for the client's turn. When ctx ends first, or has ended, it returns ctx's error, and nothing is left
// of the attempt. A closed client gives ErrClosed, one that waits or has its turn already ErrBusy.
func (c *Client) Acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q := c.queue
	q.mu.Lock()
	if c.closed || c.state != idle {
		defer q.mu.Unlock()
		if c.closed {
			return c.wrap(ErrClosed)
		}
		return c.wrap(ErrBusy)
	}
	q.enter(c, q.clock.Now())
	if c.state == running {
		q.mu.Unlock()
		return nil
	}
	c.parked = true
	q.mu.Unlock()

	select {
	case <-c.turn:
		q.mu.Lock()
		defer q.mu.Unlock()
		if c.state != running {
			return c.wrap(ErrClosed)
		}
		return nil
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		c.giveUp()
		return ctx.Err()
	}
}

// giveUp ends an Acquire whose context has ended.
func (c *Client) giveUp() {
	q := c.queue
	if c.parked {
		c.parked = false
		q.leave(c)
		q.dispatch(q.clock.Now()) // stops the timer when nobody is left; who comes later may be stopped by less
		return
	}
	<-c.turn
	if c.state == running { // the turn came at the same moment
		q.vacate(c, q.clock.Now())
	}
}

// Release gives the turn back. Without a turn it does nothing.
func (c *Client) Release() {
	q := c.queue
	q.mu.Lock()
	if q.running == c {
		q.exit(c, q.clock.Now())
	}
	next := q.running != nil
	q.mu.Unlock()
	if next {
		// Who is next begins on this thread at once. Else it would wait until another thread is awake, and the device
		// with it: a tenth of a millisecond and more.
		runtime.Gosched()
	}
}

// Close takes the client out of the queue. An Acquire under way returns ErrClosed. A turn that the client has stays
// its own until Release, because the device is in use. Twice is safe.
func (c *Client) Close() {
	q := c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	switch c.state {
	case running:
		return // removed by Release
	case waiting:
		q.leave(c)
		if c.parked {
			c.parked = false
			c.turn <- struct{}{}
		}
	}
	q.remove(c)
	if q.loaded.client == c {
		q.hold = pause{} // it will not come back
	}
	q.dispatch(q.clock.Now())
}

func (c *Client) wrap(err error) error {
	return fmt.Errorf("scheduler: client %q: %w", c.options.Name, err)
}
