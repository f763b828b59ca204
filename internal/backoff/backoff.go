// Package backoff computes the wait between attempts.
package backoff

import (
	"math"
	"math/rand/v2"
	"time"
)

// Policy is exponential back-off: after the n-th consecutive failure the wait is
//
//	min(Max, First × Factor^(n−1)), less a random part of up to Jitter of it.
type Policy struct {
	First  time.Duration  // the wait after the first failure
	Max    time.Duration  // the longest wait; 0: no limit
	Factor float64        // what each failure multiplies the wait by, at least 1; 0: 2
	Jitter float64        // the part of each wait that is taken off at random, 0 to 1
	Random func() float64 // from 0 to below 1; nil: math/rand/v2's
}

// Wait returns the wait after the given number of consecutive failures, at least 1.
func (p Policy) Wait(failures int) time.Duration {
	factor, longest := p.Factor, p.Max
	if factor == 0 {
		factor = 2
	}
	factor = max(factor, 1)
	if longest <= 0 {
		longest = math.MaxInt64
	}
	d := min(float64(p.First)*math.Pow(factor, float64(max(failures, 1)-1)), float64(longest)) // also of an infinity
	if p.Jitter > 0 {
		random := p.Random
		if random == nil {
			random = rand.Float64
		}
		d *= 1 - float64(min(p.Jitter, 1)*random())
	}
	if d >= math.MaxInt64 { // float64 rounds it up to what does not fit
		return math.MaxInt64
	}
	return time.Duration(d)
}
