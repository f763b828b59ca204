package track

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

func newTracker(tb testing.TB, o Options) *Tracker {
	tb.Helper()
	t, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func every(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}

// uneven is 5 to 30 frames a second, with a tenth of the frames dropped.
func uneven(rng *rand.Rand) time.Duration {
	d := 33*time.Millisecond + time.Duration(rng.IntN(167))*time.Millisecond
	if rng.IntN(10) == 0 {
		d *= 2
	}
	return d
}

func TestScenes(t *testing.T) {
	person := func(from, to float64, at func(float64) (float64, float64)) actor {
		return actor{from: from, to: to, at: at, w: 40, h: 100}
	}
	walkers := []actor{person(0, 10, line(50, 300, 80, 0)), person(0, 10, line(850, 320, -80, 0))}
	for _, c := range []struct {
		name     string
		scene    scene
		options  Options
		gap      func(*rand.Rand) time.Duration
		numbers  int     // wanted exactly
		followed float64 // at least this part of all detections of actors
	}{
		{name: "one walks", scene: scene{actors: []actor{person(0, 8, line(100, 300, 90, 5))}, noise: 0.02},
			gap: every(frame), numbers: 1, followed: 0.99},
		{name: "at 5 frames a second", scene: scene{actors: []actor{person(0, 8, line(100, 300, 90, 5))}, noise: 0.02},
			gap: every(200 * time.Millisecond), numbers: 1, followed: 0.95},
		{name: "uneven times", scene: scene{actors: walkers[:1], noise: 0.02, miss: 0.1}, gap: uneven, numbers: 1, followed: 0.95},
		{name: "two cross, one behind the other", scene: scene{actors: walkers, noise: 0.01, hide: 0.3},
			gap: every(frame), numbers: 2, followed: 0.98},
		{name: "two cross, uneven times", scene: scene{actors: walkers, noise: 0.01, hide: 0.3},
			gap: uneven, numbers: 2, followed: 0.95},
		{name: "behind a pillar", options: Options{MaxLost: 2 * time.Second}, scene: scene{hide: 0.3, noise: 0.01, actors: []actor{
			person(0, 10, line(50, 300, 80, 0)), // a wide car stands in front for 0.9 to 1.7 s
			{class: 1, from: 0, to: 10, at: line(450, 300, 0, 0), w: 110, h: 200}}},
			gap: every(frame), numbers: 2, followed: 0.98},
		{name: "weak half of the time", scene: scene{actors: walkers[:1], noise: 0.02, weak: 0.5},
			gap: every(frame), numbers: 1, followed: 0.95},
		{name: "never sure", scene: scene{actors: walkers, noise: 0.02, weak: 1}, gap: every(frame), numbers: 0},
		{name: "every third frame missed", scene: scene{actors: walkers[:1], noise: 0.02, miss: 0.33},
			gap: every(frame), numbers: 1, followed: 0.95},
		{name: "back after long", scene: scene{noise: 0.01, actors: []actor{person(0, 3, line(300, 300, 0, 0)),
			person(6, 9, line(300, 300, 0, 0))}}, gap: every(frame), numbers: 2, followed: 0.97},
		{name: "six frames until sure", options: Options{MinFrames: 6}, scene: scene{actors: walkers[:1]},
			gap: every(frame), numbers: 1, followed: 0.97},
		{name: "sure at once", options: Options{MinFrames: 1}, scene: scene{actors: walkers[:1]},
			gap: every(frame), numbers: 1, followed: 1},
		{name: "two classes at one place", scene: scene{noise: 0.01, actors: []actor{person(0, 5, line(300, 300, 10, 0)),
			{class: 1, from: 0, to: 5, at: line(302, 300, 10, 0), w: 40, h: 100}}}, gap: every(frame), numbers: 2, followed: 0.98},
		{name: "false ones", scene: scene{actors: walkers[:1], noise: 0.02, false: 0.4, miss: 0.1},
			gap: every(frame), numbers: 1, followed: 0.95},
		{name: "nothing", scene: scene{}, gap: every(frame)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.scene.watch(newTracker(t, c.options), 1, c.gap, t.Errorf)
			if got.numbers != c.numbers || got.switches > 0 || got.mixed > 0 {
				t.Errorf("%d numbers, want %d; %d switches, %d numbers went on to another", got.numbers, c.numbers, got.switches, got.mixed)
			}
			if float64(got.followed) < c.followed*float64(got.frames) {
				t.Errorf("%d of %d detections were followed, want %.2f", got.followed, got.frames, c.followed)
			}
		})
	}
}

// TestCrowds watches 30 random crowds of 20 actors who cross, hide one another and are missed. The limits are what was
// seen (-v shows it) and some more: one of 30 actors changes its number once.
func TestCrowds(t *testing.T) {
	for _, c := range []struct {
		name     string
		gap      func(*rand.Rand) time.Duration
		followed float64
		switches int
	}{
		{"30 a second", every(frame), 0.965, 26}, {"10 a second", every(100 * time.Millisecond), 0.93, 24},
		{"uneven", uneven, 0.915, 28},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all count
			actors := 0
			for seed := range uint64(30) {
				rng := rand.New(rand.NewPCG(seed, 8))
				sc := scene{actors: crowd(20, rng), noise: 0.02, miss: 0.05, weak: 0.1, false: 0.5, hide: 0.4}
				got := sc.watch(newTracker(t, Options{}), seed, c.gap, t.Errorf)
				actors += len(sc.actors)
				all.frames += got.frames
				all.followed += got.followed
				all.switches += got.switches
				all.mixed += got.mixed
				all.false += got.false
				all.numbers += got.numbers
			}
			t.Logf("%d actors, %d detections: %.2f %% followed, %d switches, %d mixed, %d false followed, %d numbers", actors,
				all.frames, 100*float64(all.followed)/float64(all.frames), all.switches, all.mixed, all.false, all.numbers)
			if float64(all.followed) < c.followed*float64(all.frames) || all.switches > c.switches || all.mixed > 40 || all.false > 25 {
				t.Errorf("want %g of the detections followed, at most %d switches, 40 mixed and 25 false ones", c.followed, c.switches)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	nan := float32(0)
	nan /= nan
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{High: 1.5}, "invalid high score 1.5 (want 0 to 1)"},
		{Options{Low: nan}, "low score NaN"},
		{Options{Low: -0.1}, "low score -0.1"},
		{Options{High: 0.4, Low: 0.45}, "the low score 0.45 is above the high score 0.4"},
		{Options{High: 0.4, New: 0.3}, "the score of a new object, 0.3, is below the high score 0.4"},
		{Options{Show: 2}, "score to show 2"},
		{Options{MinIoU: 1}, "minimum overlap 1"},
		{Options{MinIoULow: -1}, "minimum overlap -1"},
		{Options{MinFrames: -1}, "is confirmed, -1"},
		{Options{MaxLost: -1}, "is forgotten, -1ns"},
		{Options{MaxLost: 2 * time.Hour}, "is forgotten, 2h0m0s"},
		{Options{Step: -time.Second}, "invalid interval -1s between items"},
	} {
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
	if _, err := New(Options{High: 2, MinFrames: -1}); err == nil || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Errorf("%v: want all that is wrong: the high score, that of a new object, the frames", err)
	}
	for _, c := range []struct {
		o              Options
		low, high, new float32
	}{
		{Options{}, 0.1, 0.5, 0.6}, {Options{High: 0.05}, 0.05, 0.05, 0.15}, {Options{High: 0.95}, 0.1, 0.95, 1},
	} {
		tr := newTracker(t, c.o)
		if tr.o.Low != c.low || tr.o.High != c.high || tr.o.New-c.new > 1e-6 || c.new-tr.o.New > 1e-6 {
			t.Errorf("%+v became %+v", c.o, tr.o)
		}
	}
}

// TestSameAgain runs one scene twice.
func TestSameAgain(t *testing.T) {
	run := func() count {
		sc := scene{actors: crowd(20, rand.New(rand.NewPCG(3, 8))), noise: 0.03, miss: 0.1, weak: 0.2, false: 1, hide: 0.4}
		return sc.watch(newTracker(t, Options{}), 3, uneven, t.Errorf)
	}
	if a, b := run(), run(); !reflect.DeepEqual(a, b) {
		t.Errorf("the same scene gave %+v and %+v", a, b)
	}
}

func detection(label string, index int, score float32, x, y float32) pipeline.Detection {
	return pipeline.Detection{Label: label, Index: index, Score: score, Box: [4]float32{x, y, x + 40, y + 80}}
}
