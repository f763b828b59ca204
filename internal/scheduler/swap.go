package scheduler

import "time"

const (
	// preferenceFactor: the loaded model may run for this multiple of a swap's cost before another token is scheduled.
	preferenceFactor = 8
	// holdFraction: the device idles at most 1/4 of a swap's cost waiting for the last client.
	holdFraction = 4
	// defaultSwapCost is assumed until a swap is measured: 8 MB of parameters take about 20 ms over USB 3 and PCIe, most
	// models have less.
	defaultSwapCost = 10 * time.Millisecond
	// jitter is added to the time after which a client is expected back.
	jitter = 50 * time.Microsecond
)

// average is a mean in which older values count ever less.
type average struct {
	value time.Duration
	known bool
}

// add counts a value for one nth of the mean.
func (a *average) add(d time.Duration, n int) {
	if !a.known {
		a.value, a.known = d, true
		return
	}
	a.value += (d - a.value) / time.Duration(n)
}

// loaded is what the device keeps.
type loaded struct {
	any    bool
	token  uint64
	client *Client       // that ran last
	used   time.Duration // what runs have counted for since the last swap
	cost   average       // of a swap
}

// has says whether a client's parameters are on the device.
func (l *loaded) has(c *Client) bool {
	return l.any && (l.client == c || l.token != 0 && l.token == c.options.Token)
}

// swaps says whether a client's run replaces what the device keeps.
func (l *loaded) swaps(c *Client) bool { return l.any && !l.has(c) }

// account counts a run's swap, if it was one, and measures what one costs: what the first run after another token
// takes more than that client's usual run. Swaps that come before the usual run is known are measured when it is.
func (q *Queue) account(c *Client, ran time.Duration) {
	if c.swap {
		q.totals.swaps++
		q.loaded.used = 0
	}
	switch {
	case c.swap && c.usual.known:
		q.price(ran-c.usual.value, 1)
	case c.swap:
		c.unpriced++
		c.unpricedTime += ran
	case !c.fresh:
		c.usual.add(ran, 8)
		if c.unpriced > 0 {
			q.price(c.unpricedTime-time.Duration(c.unpriced)*c.usual.value, c.unpriced)
			c.unpriced, c.unpricedTime = 0, 0
		}
	}
	q.loaded.any, q.loaded.token, q.loaded.client = true, c.options.Token, c
	q.loaded.used += ran
}

// price counts what some swaps cost together.
func (q *Queue) price(cost time.Duration, swaps int) {
	cost = max(cost, 0)
	q.totals.swapCost += cost
	q.totals.measured += uint64(swaps)
	q.loaded.cost.add(cost/time.Duration(swaps), 4)
}

func (q *Queue) swapCost() time.Duration {
	if !q.loaded.cost.known {
		return defaultSwapCost
	}
	return q.loaded.cost.value
}

// preference is for how much device time after a swap the loaded token is preferred.
func (q *Queue) preference() time.Duration { return min(preferenceFactor*q.swapCost(), q.window) }

// holdFor is how long the device is kept for the client that has just run. Its next run is then no swap, which is
// worth the wait when the client comes back as quickly as it has come back so far.
func (q *Queue) holdFor(c *Client) time.Duration {
	expected := 2*c.gap.value + jitter
	if c.closed || !c.gap.known || q.loaded.used >= q.preference() || expected > q.swapCost()/holdFraction {
		return 0
	}
	return expected
}
