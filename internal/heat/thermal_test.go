package heat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// chip is a device whose temperature follows its load: it approaches ambient + gain × (share of busy time) by a factor
// e per tau. Its sensor has steps of a quarter of a degree, like the real one.
type chip struct {
	ambient, gain float64 // °C
	tau           time.Duration
	celsius       float64
}

func (c *chip) spend(d time.Duration, work float64) {
	to := c.ambient + c.gain*work
	c.celsius = to + (c.celsius-to)*math.Exp(-d.Seconds()/c.tau.Seconds())
}

func (c *chip) sensor() float64 { return math.Round(c.celsius*4) / 4 }

// room is a chip with a Monitor whose decisions are followed.
type room struct {
	t *testing.T
	*Monitor
	chip
	now time.Time

	demand float64 // share of the time that there is work for
	rest   float64
	moved  bool
	moves  int
	top    float64 // °C
}

func newRoom(t *testing.T, mode Mode, c chip) *room {
	t.Helper()
	c.celsius = c.ambient
	r := &room{t: t, chip: c, now: start, demand: 1}
	m, err := New(Options{
		Mode:   mode,
		OnRest: func(rest float64) { r.rest = rest },
		OnMove: func(string) { r.moved = true; r.moves++ },
		OnBack: func() { r.moved = false },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	r.Monitor = m
	return r
}

// work is the share of busy time.
func (r *room) work() float64 {
	if r.moved {
		return 0
	}
	return min(r.demand, 1/(1+r.rest))
}

// live simulates time, and checks at each reading that there are not more moves than doc.go says.
func (r *room) live(d time.Duration, each func()) {
	r.t.Helper()
	for end := r.now.Add(d); r.now.Before(end); r.now = r.now.Add(DefaultInterval) {
		r.Feed(r.now, reading(r.sensor()), nil)
		r.spend(DefaultInterval, r.work())
		r.top = max(r.top, r.celsius)
		if most := 6 + float64(r.now.Sub(start))/float64(10*time.Minute); float64(r.moves) > most {
			r.t.Fatalf("%d moves in %v", r.moves, r.now.Sub(start))
		}
		each()
	}
}

// cool checks that everything is back to normal once it is cool again.
func (r *room) cool() {
	r.t.Helper()
	r.ambient, r.demand = 5, 1
	moves := r.moves
	r.live(10*r.tau+20*time.Minute, func() {})
	if s := r.Stats(); s.State != Normal || r.rest != 0 || r.moved || r.moves != moves || r.work() != 1 {
		r.t.Errorf("cool again, at %.1f °C: %v, rest %v, moved %v, %d more moves", r.celsius, s.State, r.rest, r.moved, r.moves-moves)
	}
}

// TestThrottlingHolds has rooms in which throttling suffices: the device gets as warm as allowed and no warmer, does
// not oscillate, and nothing moves.
func TestThrottlingHolds(t *testing.T) {
	for _, tau := range []time.Duration{10, 20, 60, 300, 900} {
		for _, ambient := range []float64{20, 35, 50, 60} {
			for _, gain := range []float64{15, 30, 45, 60} {
				t.Run(fmt.Sprintf("tau %d, %v °C and %v °C by work", tau, ambient, gain), func(t *testing.T) {
					r := newRoom(t, Throttle, chip{ambient: ambient, gain: gain, tau: tau * time.Second})
					r.live(3*time.Hour, func() {})
					low, high := r.celsius, r.celsius
					r.live(time.Hour, func() { low, high = min(low, r.celsius), max(high, r.celsius) })
					switch full := ambient + gain; {
					case r.moves > 0 || r.top >= 83:
						t.Errorf("%d moves, up to %.1f °C", r.moves, r.top)
					case full < 75 && (r.rest != 0 || high < full-0.1):
						t.Errorf("it rests %v and stays at %.1f °C, though it is never hot", r.rest, high)
					case full >= 77 && low < 75:
						t.Errorf("it rests more than it must: %.1f °C", low)
					case high-low > 1:
						t.Errorf("it swings between %.1f and %.1f °C", low, high)
					}
					r.cool()
				})
			}
		}
	}
}

// TestThrottlingDoesNotHold has rooms that are too hot even for the minimum load, or a chip that heats too fast.
func TestThrottlingDoesNotHold(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  Mode
		chip  chip
		moves [2]int  // in eight hours, from and to
		top   float64 // °C
	}{
		{"a little too hot", Throttle, chip{ambient: 77, gain: 70, tau: time.Minute}, [2]int{6, 50}, 85},
		{"slowly a little too hot", Throttle, chip{ambient: 77, gain: 70, tau: 10 * time.Minute}, [2]int{2, 50}, 85},
		{"too hot without any work", Throttle, chip{ambient: 82, gain: 30, tau: time.Minute}, [2]int{1, 1}, 85},
		{"quick to heat, once it is at rest it holds", Throttle, chip{ambient: 20, gain: 90, tau: 5 * time.Second}, [2]int{1, 1}, 85},
		{"too quick for readings every two seconds", Throttle, chip{ambient: 35, gain: 90, tau: 5 * time.Second}, [2]int{6, 54}, 90},
		{"cpu", CPU, chip{ambient: 50, gain: 60, tau: time.Minute}, [2]int{6, 54}, 85},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRoom(t, c.mode, c.chip)
			r.live(8*time.Hour, func() {})
			if r.moves < c.moves[0] || r.moves > c.moves[1] || r.top >= c.top {
				t.Errorf("%d moves, want %d to %d; up to %.1f °C, want less than %v", r.moves, c.moves[0], c.moves[1], r.top, c.top)
			}
			r.gain = 60
			r.cool()
		})
	}
}

// TestRandomRooms has random changes of surroundings and load.
func TestRandomRooms(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 2))
		between := func(low, high float64) float64 { return low + (high-low)*random.Float64() }
		harmless := seed%3 != 0 // throttling suffices
		c := chip{ambient: between(5, 60), gain: between(10, 60), tau: time.Duration(between(10, 900) * 1e9)}
		mode := Throttle
		if !harmless {
			c = chip{ambient: between(5, 84), gain: between(10, 150), tau: time.Duration(between(1, 600) * 1e9)}
			mode = []Mode{Throttle, CPU}[seed%2]
		}
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			r := newRoom(t, mode, c)
			drift := 0.0
			r.live(4*time.Hour, func() {
				if random.IntN(100) == 0 { // every 200 s
					r.demand = min(1, between(0, 1.5))
					drift = between(-0.05, 0.05)
				}
				most := 60.0
				if !harmless {
					most = 84
				}
				r.ambient = min(max(r.ambient+drift, -10), most)
			})
			if harmless && (r.moves > 0 || r.top >= 85) {
				t.Errorf("%d moves, up to %.1f °C: %+v", r.moves, r.top, c)
			}
			r.gain = min(r.gain, 60)
			r.cool()
		})
	}
}
