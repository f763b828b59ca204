package failover

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
)

// property says how many random runs a property test does: quick by default, CORALLITE_PROPERTY_RUNS for more.
func property(t *testing.T, quick int) int {
	t.Helper()
	more := os.Getenv("CORALLITE_PROPERTY_RUNS")
	if more == "" {
		return quick
	}
	n, err := strconv.Atoi(more)
	if err != nil || n < 1 {
		t.Fatalf("CORALLITE_PROPERTY_RUNS=%s: want a number of runs", more)
	}
	return n
}

// law is what the package promises of waits, written down once more: it follows an engine's changes and says when the
// device must be tried.
type law struct {
	first, longest, stable time.Duration
	failures               int
	worksSince             time.Time // zero: it does not
	due                    []time.Time
}

func (l *law) failed(now time.Time) time.Time {
	if !l.worksSince.IsZero() && now.Sub(l.worksSince) >= l.stable {
		l.failures = 0
	}
	wait := l.first
	for range l.failures {
		wait = min(2*wait, l.longest)
	}
	l.failures++
	l.worksSince = time.Time{}
	l.due = append(l.due, now.Add(wait))
	return now.Add(wait)
}

// TestRandomFaults drives engines that share a device through random sequences of frames, faults, time, and heat. It
// checks of each frame that the answer is that of its own inputs and who gave it (rig.invoke does), and that waits
// follow the law; at the end that the numbers add up and that all that was opened was closed once.
func TestRandomFaults(t *testing.T) {
	var sum Stats
	for seed := range uint64(property(t, 400)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for _, s := range randomFaults(t, rand.New(rand.NewPCG(seed, 4))) {
				sum.DeviceRuns += s.DeviceRuns
				sum.FallbackRuns += s.FallbackRuns
				sum.Failovers += s.Failovers
				sum.Restores += s.Restores
				sum.Rejected += s.Rejected
				sum.Tries += s.Tries
			}
		})
	}
	t.Logf("all together: %+v", sum)
	if sum.Failovers < 100 || sum.Restores < 100 || sum.Rejected < 100 || sum.Tries < sum.Restores+sum.Rejected {
		t.Errorf("the mix is no good: %+v", sum)
	}
}

func randomFaults(t *testing.T, rng *rand.Rand) []Stats {
	device := &fakeDevice{model: &model{}, clock: clocktest.New(time.Unix(1e9, 0))}
	l := &law{
		first: time.Duration(1+rng.IntN(3)) * time.Second, longest: time.Duration(3+rng.IntN(30)) * time.Second,
		stable: time.Duration(1+rng.IntN(60)) * time.Second,
	}
	backoff := NewBackoff(BackoffOptions{Clock: device.clock, First: l.first, Max: l.longest, StableAfter: l.stable})
	alone := rng.IntN(2) == 0
	engines := 1
	if !alone {
		engines = 2 + rng.IntN(3)
	}
	var rigs []*rig
	for range engines {
		w := with{device: device, options: Options{Backoff: backoff, Trial: rng.IntN(5)}}
		if rng.IntN(4) == 0 {
			w.unavailable = errNoDevice
			l.due = append(l.due, device.clock.Now())
		} else {
			l.worksSince = device.clock.Now()
		}
		if alone {
			w.options.OnChange = func(c Change) { l.follow(t, c, device.clock.Now()) }
		}
		rigs = append(rigs, newRig(t, w))
	}
	settle := func() {
		t.Helper()
		until(t, "rest", func() bool { return allRest(rigs, device.clock) })
	}
	for range 40 + rng.IntN(60) {
		r := rigs[rng.IntN(len(rigs))]
		switch rng.IntN(10) {
		default:
			r.invoke()
		case 0, 1:
			r.Engine.mu.Lock()
			if u := r.Engine.device; u != nil {
				u.Engine.(*fakeEngine).fault = runFaults[rng.IntN(len(runFaults))]
			}
			r.Engine.mu.Unlock()
			r.invoke()
		case 2:
			device.mu.Lock()
			for range rng.IntN(4) {
				device.plan = append(device.plan, openFaults[rng.IntN(len(openFaults))])
			}
			device.mu.Unlock()
		case 3, 4, 5:
			end := device.clock.Now().Add(time.Duration(rng.IntN(20000)) * time.Millisecond)
			for settle(); device.clock.Next(end); settle() {
			}
			if d := end.Sub(device.clock.Now()); d > 0 { // a slow open may have taken longer
				device.clock.Advance(d)
			}
		case 6:
			if rng.IntN(2) == 0 {
				r.Park("it is hot")
			} else {
				r.Unpark()
			}
		}
		settle()
	}
	var all []Stats
	for _, r := range rigs {
		s := r.Stats()
		if s.Runs != r.frame || s.Runs != s.DeviceRuns+s.FallbackRuns || s.Errors != s.Failovers || s.Restores > s.Tries {
			t.Errorf("%d frames, stats %+v", r.frame, s)
		}
		all = append(all, s)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	device.check(t)
	if alone {
		l.check(t, device.opened)
	}
	return all
}

func allRest(rigs []*rig, clock *clocktest.Clock) bool {
	waiting := 0
	for _, r := range rigs {
		if r.Stats().State == StateWaiting {
			waiting++
		} else if !r.rests(clock, 0) {
			return false
		}
	}
	return clock.Waiting() == waiting
}

// follow checks a change of the only engine against the law.
func (l *law) follow(t *testing.T, c Change, now time.Time) {
	switch c.Kind {
	case Failover, OpenFailed, Rejected:
		if want := l.failed(now); c.Next != want {
			t.Errorf("%s: the next try is in %v, by the law in %v", c.Kind, c.Next.Sub(now), want.Sub(now))
		}
	case Restored:
		l.worksSince = now
	}
}

// check compares when the device was opened with when it was due.
func (l *law) check(t *testing.T, opened []time.Time) {
	t.Helper()
	if len(opened) > len(l.due) || len(opened) < len(l.due)-1 { // the last one may not have come
		t.Errorf("opened %d times, due %d times", len(opened), len(l.due))
		return
	}
	for i, at := range opened {
		if at != l.due[i] {
			t.Errorf("try %d came %v after it was due", i, at.Sub(l.due[i]))
		}
	}
}
