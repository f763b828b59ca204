package heat

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// step is a temperature and the expected result.
type step struct {
	after time.Duration // since the last one; 0: two seconds
	at    float64       // °C
	state State
	work  float64 // share of the time
}

func TestPolicy(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		o      Options
		nobody bool // can move
		steps  []step
	}{
		{name: "cool", steps: []step{{at: 40, work: 1}, {at: 74.9, work: 1}, {at: -20, work: 1}}},
		{name: "throttles in a straight line between Throttle and Move", steps: []step{
			{at: 75, state: Throttling, work: 1}, {at: 77, state: Throttling, work: 0.775}, {at: 79, state: Throttling, work: 0.55},
			{at: 82.9, state: Throttling, work: 0.11125},
		}},
		{name: "falls at once, rises by a quarter of the way", steps: []step{
			{at: 81, state: Throttling, work: 0.325}, {at: 77, state: Throttling, work: 0.4375}, {at: 77, state: Throttling, work: 0.521875},
			{at: 82, state: Throttling, work: 0.2125}, {at: 74, state: Throttling, work: 0.409375},
		}},
		{name: "goes on for as long as there is a rest", steps: []step{
			{at: 79, state: Throttling, work: 0.55}, {at: 75, state: Throttling, work: 0.6625}, {at: 60, state: Throttling, work: 0.746875},
		}},
		{name: "without rest it ends two degrees below its beginning", steps: []step{
			{at: 75, state: Throttling, work: 1}, {at: 73.1, state: Throttling, work: 1}, {at: 73, work: 1}, {at: 74.9, work: 1},
			{at: 75, state: Throttling, work: 1}, {at: 60, work: 1},
		}},
		{name: "moves at Move, comes back at Back only after Away", steps: []step{
			{at: 82.99, state: Throttling, work: 0.101125}, {at: 83, state: Moved, work: 0.1}, {at: 60, state: Moved, work: 0.1},
			{after: 27 * s, at: 60, state: Moved, work: 0.1}, {after: s, at: 78.1, state: Moved, work: 0.1},
			{after: 3600 * s, at: 78.1, state: Moved, work: 0.1}, {at: 78, state: Throttling, work: 0.240625},
		}},
		{name: "moves from normal, and comes back to little work", steps: []step{
			{at: 90, state: Moved, work: 0.1}, {after: 30 * s, at: 60, state: Throttling, work: 0.325},
			{at: 60, state: Throttling, work: 0.49375},
		}},
		{name: "thresholds and longest rest of one's own", o: Options{Thresholds: Thresholds{Throttle: 40, Move: 60, Back: 30}, MaxRest: 1},
			steps: []step{
				{at: 39.9, work: 1}, {at: 50, state: Throttling, work: 0.75}, {at: 60, state: Moved, work: 0.5},
				{after: 30 * s, at: 31, state: Moved, work: 0.5}, {at: 30, state: Throttling, work: 0.625},
			}},
		{name: "cpu never throttles", o: Options{Mode: CPU}, steps: []step{
			{at: 82.9, work: 1}, {at: 83, state: Moved, work: 1}, {after: 29 * s, at: 40, state: Moved, work: 1},
			{after: s, at: 78, work: 1}, {at: 82.9, work: 1},
		}},
		{name: "off does nothing", o: Options{Mode: Off}, steps: []step{{at: 80, work: 1}, {at: 84, work: 1}, {at: 120, work: 1}}},
		{name: "nobody moves, and it rests as long as it can", nobody: true, steps: []step{
			{at: 83, state: Throttling, work: 0.1}, {at: 100, state: Throttling, work: 0.1}, {at: 79, state: Throttling, work: 0.2125},
		}},
		{name: "cpu without anybody to move", o: Options{Mode: CPU}, nobody: true, steps: []step{{at: 100, work: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTestPolicy(t, c.o, !c.nobody)
			now := start
			for i, step := range c.steps {
				if step.after == 0 {
					step.after = DefaultInterval
				}
				now = now.Add(step.after)
				p.step(now, step.at, 85)
				if p.state != step.state || math.Abs(p.work-step.work) > 1e-9 {
					t.Errorf("step %d, %v °C: %v at work %v, want %v at %v", i, step.at, p.state, p.work, step.state, step.work)
				}
				if want := (1 - step.work) / step.work; math.Abs(p.rest()-want) > 1e-9 {
					t.Errorf("step %d: a rest of %v, want %v", i, p.rest(), want)
				}
			}
		})
	}
}

func newTestPolicy(t testing.TB, o Options, canMove bool) policy {
	t.Helper()
	if canMove {
		o.OnMove = func(string) {}
	}
	o, err := o.complete()
	if err != nil {
		t.Fatal(err)
	}
	return newPolicy(o)
}

// TestPolicyTripChanges changes the trip point: the thresholds follow.
func TestPolicyTripChanges(t *testing.T) {
	p := newTestPolicy(t, Options{}, true)
	for i, c := range []struct {
		trip float64
		want State
	}{{85, Normal}, {72, Throttling}, {70, Throttling}, {67, Moved}} {
		if p.step(start.Add(time.Duration(i)*time.Second), 65, c.trip); p.state != c.want {
			t.Errorf("65 °C with the trip point at %v °C: %v, want %v", c.trip, p.state, c.want)
		}
	}
}

// TestRestEnds has a cool device at full speed half a minute after the longest pause.
func TestRestEnds(t *testing.T) {
	p, now := newTestPolicy(t, Options{}, true), start
	p.step(now, 90, 85)
	readings := 0
	for now = now.Add(DefaultAway); p.state != Normal; now = now.Add(DefaultInterval) {
		before := p.work
		p.step(now, 60, 85)
		if readings++; p.work <= before || p.state == Normal && p.work != 1 {
			t.Fatalf("reading %d: %v at work %v, %v before", readings, p.state, p.work, before)
		}
	}
	if readings != 16 {
		t.Errorf("after %d readings, want 16", readings)
	}
}

// TestAway has a device that is hot whenever something runs on it, and otherwise cold: each time away is twice the
// last, up to ten minutes. Then it runs without moving for a while, and doublings are undone.
func TestAway(t *testing.T) {
	p, now := newTestPolicy(t, Options{Mode: CPU}, true), start
	away := func() time.Duration {
		t.Helper()
		now = now.Add(time.Second)
		if p.step(now, 85, 85); p.state != Moved {
			t.Fatalf("%v at 85 °C", p.state)
		}
		for moved := now; ; {
			now = now.Add(time.Second)
			if p.step(now, 40, 85); p.state != Moved {
				return now.Sub(moved)
			}
		}
	}
	check := func(what string, want ...time.Duration) {
		t.Helper()
		for i, w := range want {
			if got := away(); got != w*time.Second {
				t.Errorf("%s, time %d: away for %v, want %v", what, i+1, got, w*time.Second)
			}
		}
	}
	check("at first", 30, 60, 120, 240, 480, 600, 600, 600)
	run := func(d time.Duration) {
		for end := now.Add(d); now.Before(end); {
			now = now.Add(time.Second)
			p.step(now, 40, 85)
		}
	}
	run(599 * time.Second)
	check("after less than ten minutes", 600)
	run(600 * time.Second)
	check("after ten minutes", 480, 600)
	run(1800 * time.Second)
	check("after half an hour", 120)
	run(24 * time.Hour)
	check("after a day", 30, 60)
}

// TestMovesAreBounded tries the temperatures that cause most moves, and random ones: there are never more moves than
// doc.go says.
func TestMovesAreBounded(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		p, now := newTestPolicy(t, Options{Mode: []Mode{Throttle, CPU}[seed%2]}, true), start
		moves, calm := 0, time.Duration(r.IntN(1500))*time.Second // between coming back and the next heat
		var ran time.Duration
		for now.Sub(start) < 6*time.Hour {
			now = now.Add(DefaultInterval)
			before, celsius := p.state, 60.0
			switch {
			case before == Moved:
				ran = 0
			case ran >= calm:
				celsius = 84
			default:
				ran += DefaultInterval
			}
			if seed >= 10 && r.IntN(3) == 0 {
				celsius = 50 + 50*r.Float64()
			}
			p.step(now, celsius, 85)
			if before != Moved && p.state == Moved {
				moves++
			}
			if most := 6 + float64(now.Sub(start))/float64(10*time.Minute); float64(moves) > most {
				t.Fatalf("seed %d: %d moves in %v, want at most %.1f", seed, moves, now.Sub(start), most)
			}
		}
		if moves < 6 {
			t.Errorf("seed %d: only %d moves", seed, moves)
		}
	}
}
