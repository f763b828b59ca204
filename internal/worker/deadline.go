package worker

import (
	"math"
	"time"
)

// DeadlinePolicy says how long a run may take before the child counts as hung and is killed. The time begins when the
// engine has its turn (Request.Turn) and the child has nothing else to do: waiting for them does not count.
//
// The zero policy goes by what the runs take, as the child measures it: Factor times the estimate, and at least Floor.
// The estimate is that of a long run, near the 99th in 100: it rises at once to a run that took longer, and comes down
// by 1/64 of the difference with each that took less.
type DeadlinePolicy struct {
	Fixed  time.Duration // more than 0: exactly this
	Floor  time.Duration // 0: 1 s
	Factor float64       // 0: 20
}

const (
	defaultFloor  = time.Second
	defaultFactor = 20
	// defaultFirst is for the first run, which loads the parameters into the device.
	defaultFirst = 10 * time.Second
	fading       = 64
)

// deadline applies a policy to one engine's runs.
type deadline struct {
	policy   DeadlinePolicy
	first    time.Duration // for the first run
	estimate time.Duration // 0: no run yet
}

func newDeadline(p DeadlinePolicy, first time.Duration) deadline {
	if p.Floor <= 0 {
		p.Floor = defaultFloor
	}
	if p.Factor <= 0 {
		p.Factor = defaultFactor
	}
	if first <= 0 {
		first = max(defaultFirst, p.Fixed)
	}
	return deadline{policy: p, first: first}
}

// next is how long the next run may take.
func (d *deadline) next() time.Duration {
	switch {
	case d.estimate == 0:
		return d.first
	case d.policy.Fixed > 0:
		return d.policy.Fixed
	}
	long := d.policy.Factor * float64(d.estimate)
	if long > math.MaxInt64/2 { // longer than anybody waits
		return math.MaxInt64 / 2
	}
	return max(d.policy.Floor, time.Duration(long))
}

// ran takes note of a run that succeeded.
func (d *deadline) ran(took time.Duration) {
	took = max(took, 1)
	if took >= d.estimate {
		d.estimate = took
		return
	}
	d.estimate -= (d.estimate - took) / fading
}
