package heat

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"corallite/delegate/edgetpu"
)

// TestMonitorOrder goes through all states, up and down.
func TestMonitorOrder(t *testing.T) {
	r := newRig(t, Options{})
	r.feed(45, 74.9)
	r.told()
	r.logged()

	r.feed(79)
	r.told("rest 0.818")
	r.logged("level=INFO msg=\"the Edge TPU is at 79.0 °C: it rests between runs from now on\" move=83")

	r.feed(83)
	r.told("move: the Edge TPU is at 83.0 °C") // the rest is told when it counts again
	r.logged("level=WARN msg=\"the Edge TPU is at 83.0 °C: its models move to the CPU\" back=78 least=30s")

	r.feed(60, 60)
	r.told()
	r.now = r.now.Add(DefaultAway)
	r.feed(77.5)
	r.told("rest 2.93", "back")
	r.logged("level=INFO msg=\"the Edge TPU is at 77.5 °C again: its models come back from the CPU\"",
		"level=INFO msg=\"the Edge TPU is at 77.5 °C: it rests between runs from now on\" move=83")

	r.feed(slices.Repeat([]float64{60}, 16)...)
	if last := r.calls[len(r.calls)-1]; last != "rest 0" {
		t.Errorf("%q at the end", last)
	}
	r.logged("level=INFO msg=\"the Edge TPU is at 60.0 °C again: it needs no more rest\"")
}

func TestMonitorTellsRestOnChange(t *testing.T) {
	r := newRig(t, Options{})
	r.feed(75, 75, 75)
	r.told() // a rest of 0 still
	r.feed(79, 79, 79, 79)
	r.told("rest 0.818")
	r.feed(79.05, 79.08) // less than a hundredth of the time
	r.told()
	r.feed(79.1)
	r.told("rest 0.856")
	r.feed(77, 77, 77)
	r.told("rest 0.673", "rest 0.557", "rest 0.481")
}

func TestMonitorModes(t *testing.T) {
	r := newRig(t, Options{Mode: CPU})
	r.feed(82.9, 83)
	r.now = r.now.Add(DefaultAway)
	r.feed(78)
	r.told("move: the Edge TPU is at 83.0 °C", "back")

	r = newRig(t, Options{Mode: Off})
	r.feed(84, 120, 40)
	r.told()
	r.logged("past trip point 2", "below trip point 0 again")
}

// TestMonitorReachesNobody has no callbacks.
func TestMonitorReachesNobody(t *testing.T) {
	for _, mode := range []Mode{Throttle, CPU, Off} {
		m, err := New(Options{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []float64{80, 90, 60} {
			m.Feed(start, reading(c), nil)
		}
		m.Feed(start, edgetpu.Reading{}, edgetpu.ErrGone)
		if s := m.Stats(); s.Moves != 0 || s.Max != 90 || !s.Gone {
			t.Errorf("%s: %+v", mode, s)
		}
		m.Close()
	}
	// With OnMove and OnBack, but no other callbacks.
	m, err := New(Options{OnMove: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	m.Feed(start, reading(90), nil)
	m.Feed(start.Add(time.Hour), reading(75), nil)
	if s := m.Stats(); s.Moves != 1 || s.State != Throttling {
		t.Errorf("%+v", s)
	}
	m.Close()
}

// TestMonitorTripPoints has one line for each crossing, with the hysteresis of 2 °C.
func TestMonitorTripPoints(t *testing.T) {
	r := newRig(t, Options{Mode: Off})
	for _, c := range []struct {
		celsius []float64
		want    []string
	}{
		{[]float64{84.9}, nil},
		{[]float64{85}, []string{"level=WARN msg=\"the Edge TPU is at 85.0 °C, past trip point 0: the driver may run it at half its clock\" trip=85"}},
		{[]float64{86, 84, 83.1, 85, 86}, nil},
		{[]float64{83}, []string{"level=INFO msg=\"the Edge TPU is at 83.0 °C, below trip point 0 again\" trip=85"}},
		{[]float64{83.1, 84.9, 60}, nil},
		{[]float64{91}, []string{"past trip point 1: the driver may run it at a quarter of its clock\" trip=90"}},
		{[]float64{96}, []string{"past trip point 2: the driver may run it at an eighth of its clock\" trip=95"}},
		{[]float64{92}, []string{"below trip point 2 again\" trip=95"}},
		{[]float64{95}, []string{"past trip point 2"}},
		{[]float64{40, 30}, []string{"below trip point 0 again\" trip=85"}},
		{[]float64{99}, []string{"past trip point 2"}},
	} {
		r.feed(c.celsius...)
		t.Logf("%v °C", c.celsius)
		r.logged(c.want...)
	}
	if got := r.Stats().Trips; got != [3]uint64{3, 2, 3} {
		t.Errorf("passed %v times", got)
	}
}

// TestMonitorWarnsOfALateMove has a threshold above the driver's.
func TestMonitorWarnsOfALateMove(t *testing.T) {
	const words = "only past the point from which the driver slows the Edge TPU down\" move=90 trip=85"
	r := newRig(t, Options{Thresholds: Thresholds{Move: 90}})
	r.feed(50, 50)
	r.logged(words)
	r = newRig(t, Options{Thresholds: Thresholds{Move: 90}, Mode: Off})
	r.feed(50)
	r.logged()
}

var errGone = fmt.Errorf("%w: its sensor reads -89.7 °C", edgetpu.ErrGone)

func TestMonitorGone(t *testing.T) {
	r := newRig(t, Options{})
	r.feed(79)
	r.logged("rests")
	r.told("rest 0.818")
	r.fail(errGone)
	r.told("gone: the Edge TPU is gone: its sensor reads -89.7 °C")
	r.logged("level=WARN msg=\"the Edge TPU is gone: its sensor reads -89.7 °C\"")
	if s := r.Stats(); !s.Gone || s.Now != 79 || s.State != Throttling { // not cold
		t.Errorf("gone: %+v", s)
	}
	r.fail(errGone)
	r.fail(errors.New("cannot be read"))
	r.fail(errGone)
	r.told()
	r.logged()

	r.feed(50)
	r.told("rest 0.509")
	r.logged("level=INFO msg=\"the temperature of the Edge TPU can be read again\" celsius=50")
	if s := r.Stats(); s.Gone || s.Now != 50 {
		t.Errorf("back: %+v", s)
	}
	r.fail(errGone)
	r.told("gone: the Edge TPU is gone: its sensor reads -89.7 °C")
}

// TestMonitorGoneWhileMoved has a device that falls off the bus while its models are on the CPU: they come back when it
// answers and is cool enough, and not before.
func TestMonitorGoneWhileMoved(t *testing.T) {
	r := newRig(t, Options{Mode: CPU})
	r.feed(90)
	r.now = r.now.Add(time.Hour)
	r.fail(errGone)
	r.told("move: the Edge TPU is at 90.0 °C", "gone: "+errGone.Error())
	r.feed(85)
	r.told()
	r.feed(40)
	r.told("back")
}

func TestMonitorReadErrors(t *testing.T) {
	r := newRig(t, Options{})
	broken := errors.New(`/sys/class/apex/apex_0/temp: "warm" is no temperature`)
	r.feed(79)
	r.told("rest 0.818")
	r.logged("rests")
	r.fail(broken)
	r.fail(broken)
	r.fail(errors.New("another"))
	r.told() // what was decided stays
	r.logged("level=WARN msg=\"the temperature of the Edge TPU cannot be read\" error=\"/sys/class/apex/apex_0/temp: \\\"warm\\\" is no temperature\"")
	r.feed(79)
	r.told()
	r.logged("can be read again")
	r.fail(broken)
	r.logged("cannot be read")
	r.fail(errGone) // that is news
	r.told("gone: " + errGone.Error())
	r.logged("is gone")
}

// TestMonitorNoNumber passes values that are not temperatures.
func TestMonitorNoNumber(t *testing.T) {
	r := newRig(t, Options{})
	no := reading(math.NaN())
	r.Feed(r.now, no, nil)
	r.logged("error=\"a temperature of NaN °C\"")
	no = reading(100)
	no.Trip[0] = math.NaN()
	r.Feed(r.now, no, nil)
	r.told()
	if s := r.Stats(); s.Known || s.State != Normal {
		t.Errorf("%+v", s)
	}
}

// TestMonitorSensorVanishes has a device whose sensor disappears: that is temporary, as when the driver is reloaded.
func TestMonitorSensorVanishes(t *testing.T) {
	r := newRig(t, Options{})
	r.feed(50)
	r.fail(edgetpu.ErrNoSensor)
	r.logged("level=WARN msg=\"the temperature of the Edge TPU cannot be read\"")
	r.feed(79)
	r.told("rest 0.818")
}

func TestFeedAfterClose(t *testing.T) {
	r := newRig(t, Options{})
	r.feed(79)
	r.told("rest 0.818")
	r.logged("rests")
	before := r.Stats()
	r.Close()
	r.Close()
	r.feed(90, 40)
	r.fail(errGone)
	r.told()
	r.logged()
	if after := r.Stats(); after != before {
		t.Errorf("before Close %+v, after it %+v", before, after)
	}
}

func TestStats(t *testing.T) {
	r := newRig(t, Options{})
	if s := r.Stats(); s != (Stats{}) {
		t.Errorf("at first %+v", s)
	}
	r.fail(errors.New("not yet"))
	if s := r.Stats(); s.Known {
		t.Errorf("without a reading %+v", s)
	}
	begin := r.now
	// Each temperature lasts until the next reading, two seconds later.
	r.feed(50, 75, 74, 73, 79, 84)
	r.now = r.now.Add(28 * time.Second)
	r.feed(83, 80, 70, 50)
	s := r.Stats()
	if work := 0.49375; math.Abs(s.Rest-(1-work)/work) > 1e-9 {
		t.Errorf("a rest of %v", s.Rest)
	}
	s.Rest = 0
	want := Stats{
		Known: true, Now: 50, Max: 84, MaxAt: begin.Add(10 * time.Second), Trip: [3]float64{85, 90, 95},
		State: Throttling, Throttles: 3, Moves: 1, Throttling: 8 * time.Second, Moved: 34 * time.Second,
	}
	if s != want {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	r.feed(84, 84) // as hot again: the first time counts
	if s := r.Stats(); s.MaxAt != want.MaxAt || s.State != Moved || s.Moves != 2 {
		t.Errorf("hot again: %+v", s)
	}
	r.fail(errGone)
	if s := r.Stats(); !s.Gone || s.State != Moved || s.Now != 84 {
		t.Errorf("gone: %+v", s)
	}
}
