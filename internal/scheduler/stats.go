package scheduler

import (
	"slices"
	"time"
)

// Stats is what has happened since a Queue was made. Runs count when they are over; closed clients count in the
// totals.
type Stats struct {
	Runs uint64
	Busy time.Duration // what the runs took, swaps included
	Pace float64       // the rest after each run now, in multiples of it
	// Swaps are runs that had to load their parameters because those of another token were on the device. SwapCost
	// is what Measured of them took beyond their client's usual run. One is measured once its client has had a run
	// that loaded nothing.
	Swaps    uint64
	Measured uint64
	SwapCost time.Duration
	Clients  []ClientStats // that are open, in the order in which they were made
}

// MeanSwapCost is what one swap costs, 0 when none was measured.
func (s Stats) MeanSwapCost() time.Duration {
	if s.Measured == 0 {
		return 0
	}
	return s.SwapCost / time.Duration(s.Measured)
}

// ClientStats is what one client has had of the device.
type ClientStats struct {
	ClientOptions
	Runs        uint64
	Busy        time.Duration // what its runs took
	Waited      time.Duration // for its turns, in all
	LongestWait time.Duration
	UsualRun    time.Duration // a run that loads nothing, of late; 0 when there was none
	Waiting     bool          // now
	Running     bool          // now
}

// record counts a client's runs.
type record struct {
	runs                      uint64
	busy, waited, longestWait time.Duration
}

// count adds a client's run that is over.
func (c *Client) count(ran time.Duration) {
	wait := c.granted.Sub(c.since)
	c.runs++
	c.busy += ran
	c.waited += wait
	c.longestWait = max(c.longestWait, wait)
}

// totals counts all clients' runs.
type totals struct {
	runs, swaps, measured uint64
	busy, swapCost        time.Duration
}

func (t *totals) count(ran time.Duration) {
	t.runs++
	t.busy += ran
}

// Stats is what has happened so far.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := Stats{
		Runs: q.totals.runs, Busy: q.totals.busy, Pace: q.pace,
		Swaps: q.totals.swaps, Measured: q.totals.measured, SwapCost: q.totals.swapCost,
		Clients: slices.Grow([]ClientStats(nil), len(q.clients)),
	}
	for _, c := range q.clients {
		s.Clients = append(s.Clients, ClientStats{
			ClientOptions: c.options, Runs: c.runs, Busy: c.busy, Waited: c.waited, LongestWait: c.longestWait,
			UsualRun: c.usual.value, Waiting: c.state == waiting, Running: c.state == running,
		})
	}
	return s
}
