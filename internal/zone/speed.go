package zone

import (
	"math"
	"time"
)

const (
	speedSpan  = time.Second            // over which a speed is measured: boxes jitter from frame to frame
	speedLeast = 400 * time.Millisecond // less says nothing
	speedSteps = 16                     // positions that are kept for it
)

// velocity measures how fast an object moves on the ground.
type velocity struct {
	steps  [speedSteps]step // the last positions, the oldest first
	n      int
	whole  float64 // metres of the spans that are complete
	length time.Duration
	from   step // where the present span began
}

type step struct {
	at time.Time
	p  Point
}

func (s step) to(o step) (metres float64, took time.Duration) {
	return math.Hypot(o.p.X-s.p.X, o.p.Y-s.p.Y), o.at.Sub(s.at)
}

// add takes in a position in metres.
func (v *velocity) add(at time.Time, p Point) {
	now := step{at, p}
	if v.n == 0 {
		v.from = now
	} else if at.Sub(v.steps[v.n-1].at) <= 0 {
		return
	}
	if metres, took := v.from.to(now); took >= speedSpan {
		v.whole += metres
		v.length += took
		v.from = now
	}
	for v.n > 1 && at.Sub(v.steps[1].at) >= speedSpan {
		copy(v.steps[:], v.steps[1:v.n])
		v.n--
	}
	if v.n == speedSteps { // more frames than steps: thin out, and keep the oldest
		for i := 1; i < speedSteps/2; i++ {
			v.steps[i] = v.steps[2*i]
		}
		v.n = speedSteps / 2
	}
	v.steps[v.n] = now
	v.n++
}

// now is the speed over the last second, in metres a second; not known at first.
func (v *velocity) now() (float64, bool) {
	if v.n < 2 {
		return 0, false
	}
	metres, took := v.steps[0].to(v.steps[v.n-1])
	if took < speedLeast {
		return 0, false
	}
	return metres / took.Seconds(), true
}

// mean is the mean speed, by the ways from second to second; not known of short stays.
func (v *velocity) mean() (float64, bool) {
	metres, took := v.whole, v.length
	if v.n > 0 {
		m, t := v.from.to(v.steps[v.n-1])
		metres, took = metres+m, took+t
	}
	if took < speedLeast {
		return 0, false
	}
	return metres / took.Seconds(), true
}
