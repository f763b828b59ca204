package heat

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseMode(t *testing.T) {
	for s, want := range map[string]Mode{"": Throttle, "throttle": Throttle, "cpu": CPU, "off": Off} {
		if got, err := ParseMode(s); got != want || err != nil {
			t.Errorf("ParseMode(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	for _, s := range []string{"CPU", "on", "throttle ", "none"} {
		got, err := ParseMode(s)
		if want := `heat "` + s + `": want throttle, cpu or off`; got != "" || err == nil || err.Error() != want {
			t.Errorf("ParseMode(%q) = %q, %v, want the error %q", s, got, err, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Mode: "slow"}, `heat "slow": want throttle, cpu or off`},
		{Options{Thresholds: Thresholds{Move: nan}}, "heat: NaN °C is no threshold"},
		{Options{Thresholds: Thresholds{Move: 80, Throttle: inf}}, "heat: +Inf °C is no threshold"},
		{Options{Thresholds: Thresholds{Move: 80, Back: -inf}}, "heat: -Inf °C is no threshold"},
		{Options{Thresholds: Thresholds{Throttle: 70}}, "heat: throttling or coming back was given a threshold, and moving was not: give it one too"},
		{Options{Thresholds: Thresholds{Back: 70}}, "heat: throttling or coming back was given a threshold, and moving was not: give it one too"},
		{Options{Thresholds: Thresholds{Move: 80, Throttle: 80}}, "heat: throttling begins at 80 °C: want at least 1 °C below moving, which is at 80 °C"},
		{Options{Thresholds: Thresholds{Move: 80, Throttle: 79.5}}, "heat: throttling begins at 79.5 °C: want at least 1 °C below moving, which is at 80 °C"},
		{Options{Thresholds: Thresholds{Move: 80, Back: 90}}, "heat: models come back at 90 °C: want at least 1 °C below moving, which is at 80 °C"},
		{Options{MaxRest: -1}, "heat: a longest rest of -1 runs: want 0 or more"},
		{Options{MaxRest: nan}, "heat: a longest rest of NaN runs: want 0 or more"},
		{Options{MaxRest: inf}, "heat: a longest rest of +Inf runs: want 0 or more"},
		{Options{Away: -time.Second}, "heat: away for -1s, readings every 0s: want no negative times"},
		{Options{Interval: -time.Second}, "heat: away for 0s, readings every -1s: want no negative times"},
	} {
		m, err := New(c.o)
		if m != nil || err == nil || err.Error() != c.want {
			t.Errorf("New(%+v): %v, want %q", c.o, err, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	o, err := Options{}.complete()
	if err != nil {
		t.Fatal(err)
	}
	if o.Mode != Throttle || o.MaxRest != 9 || o.Away != 30*time.Second || o.Interval != 2*time.Second || o.Logger == nil {
		t.Errorf("got %+v", o)
	}
	before, now, after := time.Now(), o.Clock.Now(), time.Now()
	if now.Before(before) || now.After(after) {
		t.Errorf("the clock shows %v, and it is between %v and %v", now, before, after)
	}
	passed, stop := o.Clock.After(time.Nanosecond)
	<-passed
	stop()
}

func TestThresholds(t *testing.T) {
	for _, c := range []struct {
		given Thresholds
		trip  float64
		want  Thresholds
	}{
		{Thresholds{}, 85, Thresholds{Throttle: 75, Move: 83, Back: 78}},
		{Thresholds{}, 60.05, Thresholds{Throttle: 50.05, Move: 58.05, Back: 53.05}},
		{Thresholds{Move: 70}, 85, Thresholds{Throttle: 62, Move: 70, Back: 65}},
		{Thresholds{Move: 70, Throttle: 69}, 85, Thresholds{Throttle: 69, Move: 70, Back: 65}},
		{Thresholds{Move: 70, Throttle: 40, Back: 30}, 85, Thresholds{Throttle: 40, Move: 70, Back: 30}},
	} {
		if err := c.given.Validate(); err != nil {
			t.Errorf("%+v: %v", c.given, err)
		}
		got := c.given.resolve(c.trip)
		if math.Abs(got.Throttle-c.want.Throttle)+math.Abs(got.Move-c.want.Move)+math.Abs(got.Back-c.want.Back) > 1e-9 {
			t.Errorf("%+v with the trip point at %v °C: %+v, want %+v", c.given, c.trip, got, c.want)
		}
	}
}

func TestStateString(t *testing.T) {
	names := []string{}
	for s := Normal; s <= Moved+1; s++ {
		names = append(names, s.String())
	}
	if got := strings.Join(names, " "); got != "normal throttling moved state(3)" {
		t.Errorf("got %q", got)
	}
}
