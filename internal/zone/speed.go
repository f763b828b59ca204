package zone

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

const (
	speedSpan  = time.Second            // over which a speed is measured: boxes jitter from frame to frame
	speedLeast = 400 * time.Millisecond // less says nothing
	speedSteps = 16                     // positions that are kept for it
)

// speedUnits are metres a second by what may stand after a speed.
var speedUnits = map[string]float64{"km/h": 1 / 3.6, "kph": 1 / 3.6, "mph": 0.44704, "m/s": 1}

// speedPattern is what a speed looks like, and speedForm the same in words.
var speedPattern = regexp.MustCompile(`^ *([0-9]+(?:\.[0-9]+)?) *(km/h|kph|mph|m/s) *$`)

const speedForm = "a speed with its unit, such as 30 km/h, 20 mph or 8.5 m/s"

// parseSpeed reads a speed with its unit, in metres a second; 0: there is none.
func parseSpeed(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	m := speedPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("expected %s, not %q", speedForm, text)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if v *= speedUnits[m[2]]; err != nil || !(v > 0 && v <= maxSpeed) {
		return 0, fmt.Errorf("expected a speed above 0 and up to %d m/s, not %s", maxSpeed, text)
	}
	return v, nil
}

const maxSpeed = 1000 // metres a second

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
