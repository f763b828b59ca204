package scheduler

import (
	"math"
	"time"
)

// share is how many times what a turn out of order took the others use the device before the next one: so such turns
// get a fifth of the time.
const share = 4

// next is who may use the device now, and whether out of order; nobody may before the time at when it is nil. At
// least one client waits.
func (q *Queue) next(now time.Time) (c *Client, owed bool, at time.Time) {
	top := q.classes[0]
	for _, k := range q.classes {
		if k.waiting > 0 {
			top = k
			break
		}
	}
	switch {
	case q.rest.stops(top.priority, now):
		return nil, false, q.rest.until
	case q.fairnessDebt <= 0 && !now.Before(q.rest.until):
		if c := q.owedClient(top); c != nil {
			return c, true, now
		}
	}
	best, kept := q.fairest(top)
	// Nobody gets ahead by more than the preference: else who is preferred again and again would leave the others
	// behind for good.
	preference := q.preference()
	switch {
	case kept != nil && q.loaded.used < preference && kept.start-best.start < preference:
		return kept, false, now
	case !q.loaded.has(best) && q.hold.stops(top.priority, now):
		return nil, false, q.hold.until
	}
	return best, false, now
}

// owedClient is the client below a class that has waited longest of those owed a turn, or nil.
func (q *Queue) owedClient(top *class) *Client {
	for _, c := range q.waiting {
		if c.class != top && c.class.passed-c.passed >= q.patience {
			return c
		}
	}
	return nil
}

// fairest is the waiting client of a class with the smallest virtual time, and the same of those whose parameters are
// on the device, or nil. Among equals it is who came first.
func (q *Queue) fairest(k *class) (best, kept *Client) {
	for _, c := range q.waiting {
		if c.class != k {
			continue
		}
		if best == nil || c.start < best.start {
			best = c
		}
		if q.loaded.has(c) && (kept == nil || c.start < kept.start) {
			kept = c
		}
	}
	return best, kept
}

// virtualStart is the virtual time that a client begins to wait with: its own, but at most one longest run behind
// the others, so that it does not take the device for all the time in which it did not want it.
func (q *Queue) virtualStart(c *Client) time.Duration {
	claim := c.last
	for _, o := range q.clients {
		if o.class == c.class {
			claim = max(claim, o.last)
		}
	}
	return max(c.finish, q.floor(c)-claim)
}

// floor is how far the other clients of a client's class are at least. It never falls, so that one who comes with a
// claim does not widen the claim of the next.
func (q *Queue) floor(c *Client) time.Duration {
	k := c.class
	behind, ahead := time.Duration(math.MaxInt64), k.floor
	for _, o := range q.clients {
		if o == c || o.class != k {
			continue
		}
		if o.state != idle {
			behind = min(behind, o.start)
		}
		ahead = max(ahead, o.finish)
	}
	if behind == math.MaxInt64 { // none is busy
		behind = ahead
	}
	k.floor = max(k.floor, behind)
	return k.floor
}

// pass notes what a run that counts for some time takes from lower priorities.
func (q *Queue) pass(c *Client, counts time.Duration) {
	if c.owed {
		q.fairnessDebt += share * counts
	} else {
		q.fairnessDebt = max(0, q.fairnessDebt-counts)
	}
	for _, k := range q.classes {
		if k.priority < c.class.priority {
			k.passed += counts
		}
	}
}
