package preview

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/pipeline"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestRate(t *testing.T) {
	at := func(seconds ...float64) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, noon.Add(time.Duration(s*float64(time.Second))))
		}
		return times
	}
	for name, c := range map[string]struct {
		arrivals []time.Time
		want     float64
	}{
		"none": {nil, 0}, "one": {at(0), 0}, "ten a second": {at(0, -0.1, -0.2, -0.3), 10},
		"in any order": {at(-0.2, -0.3, 0, -0.1), 10}, "at once": {at(0, 0, 0), 0},
		"old ones do not count":      {at(-60, -50, -40, -0.5, -0.4, -0.3, -0.2, -0.1, 0), 10},
		"few and slow":               {at(-9, -7, -5, -3, -1), 0.5},
		"none came for ten seconds":  {at(-10.4, -10.3, -10.2, -10.1, -10), 4 / 10.4},
		"of many, none came lately":  {at(-20.6, -20.5, -20.4, -20.3, -20.2, -20.1, -20), 4 / 20.4},
		"one frame, a long time ago": {at(-100), 0},
	} {
		if got := rate(c.arrivals, noon); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %g; want %g", name, got, c.want)
		}
	}
}

func TestTimesAreOfTheLast(t *testing.T) {
	var r ring[float64]
	if got := timesOf(&r); got != (Times{}) {
		t.Errorf("of nothing: %+v", got)
	}
	for i := range 1000 {
		r.add(float64(i), timeItems)
	}
	if got := timesOf(&r); got.Now != 999 || got.P50 != 744+127 || got.P95 != 744+242 {
		t.Errorf("got %+v", got)
	}
	if len(r.values) != timeItems {
		t.Errorf("%d values are kept", len(r.values))
	}
}

// TestPicturesAreNotMadeTooOften advances a clock: a viewer of a pipeline with ten pictures a second waits, and then gets
// the newest.
func TestPicturesAreNotMadeTooOften(t *testing.T) {
	clock := clocktest.New(noon)
	s := newServer(t, ServerOptions{clock: clock})
	k := newSink(t, s, "door", SinkOptions{FPS: 10})
	w := watch(t, s, "/stream/door.mjpg")
	consume(t, k, frame(t, 64, 48, 0))
	if seq, _, err := w.next(); err != nil || seq != 0 {
		t.Fatalf("got frame %d (%v)", seq, err)
	}
	for i := range 5 {
		consume(t, k, frame(t, 64, 48, 1+i))
	}
	for deadline := time.Now().Add(patience); clock.Waiting() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the viewer does not wait")
		}
	}
	if got := k.encoded.Load(); got != 1 {
		t.Errorf("%d pictures were made in no time", got)
	}
	clock.Advance(90 * time.Millisecond)
	if seq, _, err := w.next(); err != nil || seq != 5 {
		t.Errorf("got frame %d (%v); want the newest, 5", seq, err)
	}
	if got := k.encoded.Load(); got != 2 {
		t.Errorf("%d pictures were made; want 2", got)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	clock := clocktest.New(noon)
	s := newServer(t, ServerOptions{clock: clock})
	k := newSink(t, s, "door", SinkOptions{FPS: 10})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.wait(ctx, 0, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("before the first frame: %v", err)
	}
	consume(t, k, frame(t, 64, 48, 0))
	if _, err := k.picture(0); err != nil {
		t.Fatal(err)
	}
	consume(t, k, frame(t, 64, 48, 1))
	if _, err := k.wait(ctx, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("while it is too early: %v", err)
	}
}

func found(labels ...string) pipeline.Event {
	ev := pipeline.Event{Model: "coco", Task: "detect"}
	for _, l := range labels {
		ev.Detections = append(ev.Detections, pipeline.Detection{Label: l, Index: 7, Score: 0.5})
	}
	return ev
}

func TestJournalTellsWhatChanged(t *testing.T) {
	var j eventLog
	for i, c := range []struct {
		after  time.Duration
		labels []string
		want   string // "": no entry
	}{
		{0, nil, ""}, // nothing, as before
		{1, []string{"person"}, "1 person"},
		{2, []string{"person"}, ""},
		{3, []string{"dog"}, ""}, // too soon after the last entry
		{1010, []string{"dog", "person", "person"}, "2 people, 1 dog"},
		{5000, []string{"person", "dog", "person"}, ""},
		{6000, []string{""}, "#7"},
		{9000, nil, "nothing"},
	} {
		before := j.count
		ev := found(c.labels...)
		j.found(noon.Add(c.after*time.Millisecond), &ev)
		switch {
		case c.want == "" && j.count != before:
			t.Errorf("step %d: the entry %q", i, j.entries[len(j.entries)-1].Text)
		case c.want != "" && (j.count != before+1 || j.entries[len(j.entries)-1].Text != c.want):
			t.Errorf("step %d: %d entries, the last %+v; want %q", i, j.count-before, j.entries[len(j.entries)-1:], c.want)
		}
	}
}

func TestWhatEntriesSay(t *testing.T) {
	known := found("face")
	known.Detections[0].Classes = []pipeline.Class{{Label: "Ada", Score: 0.9}}
	for want, res := range map[string]pipeline.Result{
		"Ada":       known.Result,
		"macaw 81%": {Classes: []pipeline.Class{{Label: "macaw", Score: 0.81}, {Label: "crow"}}},
		"1 person":  {Poses: make([]pipeline.Pose, 1)},
		"3 people":  {Poses: make([]pipeline.Pose, 3)},
		"bird 23%, #4 1%": {Mask: &pipeline.Mask{Segments: []pipeline.Segment{
			{Label: "background", Share: 0.76}, {Label: "bird", Share: 0.23}, {Index: 4, Share: 0.01}}}},
		"": {Embedding: pipeline.Vector{1}},
	} {
		if _, got := describe(&pipeline.Event{Result: res}); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestTracksComeAndGo(t *testing.T) {
	var j eventLog
	came := pipeline.Event{Model: "coco", Result: pipeline.Result{
		Detections: []pipeline.Detection{{Label: "person", Track: 7, New: true}, {Label: "dog", Track: 3}},
	}}
	left := pipeline.Event{Model: "coco", Result: pipeline.Result{Ended: []pipeline.Track{{Track: 7, Label: "person", Seconds: 3.21}}}}
	j.found(noon, &came)
	j.found(noon, &left)
	var texts []string
	for _, e := range j.entries {
		texts = append(texts, e.Text)
	}
	if want := []string{"person #7 appeared", "person #7 left after 3.2 s"}; !slices.Equal(texts, want) {
		t.Errorf("got %q; want %q", texts, want)
	}
}

func TestEventLogIsBounded(t *testing.T) {
	var j eventLog
	for i := range 1000 {
		j.add(noon, "coco", fmt.Sprint(i), false)
	}
	if len(j.entries) != logSize || j.entries[0].Text != fmt.Sprint(1000-logSize) || j.entries[logSize-1].ID != 1000 {
		t.Errorf("%d entries, from %+v", len(j.entries), j.entries[0])
	}
}

func TestDeviceChangesAreTold(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	for i, device := range []string{"edgetpu:usb:2-1", "edgetpu:usb:2-1", "cpu:xnnpack", "edgetpu:usb:2-1"} {
		r := frame(t, 64, 48, i)
		r.Events[0].Device, r.Events[0].Degraded, r.Events[0].Reason = device, device == "cpu:xnnpack", ""
		if r.Events[0].Degraded {
			r.Events[0].Reason = "the device is gone"
		}
		consume(t, k, r)
	}
	var texts []string
	for _, e := range s.Status().Pipelines[0].Events {
		if e.Warning {
			texts = append(texts, e.Text)
		}
	}
	if want := []string{"now on edgetpu:usb:2-1", "now on cpu:xnnpack: the device is gone"}; !slices.Equal(texts, want) {
		t.Errorf("got %q; want %q", texts, want)
	}
}
