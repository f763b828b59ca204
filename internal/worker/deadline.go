package worker

import (
	"math"
	"time"
)

// DeadlinePolicy sets how long a run may take before the child counts as hung and is killed. The time starts when the
// engine has its turn (Request.Turn) and the child is idle: waiting for these does not count.
//
// The zero policy follows measured run times, as the child reports them: Factor times the estimate, and at least Floor.
// The estimate follows long runs (about the 99th percentile): it rises at once to a longer run and falls by 1/64 of the
// difference with each shorter one.
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

// deadline applies a policy to the runs of one engine.
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

// next is the deadline of the next run.
func (d *deadline) next() time.Duration {
	switch {
	case d.estimate == 0:
		return d.first
	case d.policy.Fixed > 0:
		return d.policy.Fixed
	}
	long := d.policy.Factor * float64(d.estimate)
	if long > math.MaxInt64/2 { // practically unlimited
		return math.MaxInt64 / 2
	}
	return max(d.policy.Floor, time.Duration(long))
}

// ran records a successful run.
func (d *deadline) ran(took time.Duration) {
	took = max(took, 1)
	if took >= d.estimate {
		d.estimate = took
		return
	}
	d.estimate -= (d.estimate - took) / fading
}
