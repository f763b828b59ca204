package track

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// TestFollowTellsTime lets one object stand still and looks at when it got another number and what ended.
func TestFollowTellsTime(t *testing.T) {
	const ms = time.Millisecond
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	type item struct {
		time, position time.Duration
		track          uint64  // wanted
		seconds        float64 // of what ended with this item; 0: nothing
	}
	for _, c := range []struct {
		name  string
		step  time.Duration
		items []item
	}{
		{"a camera", 0, []item{{0, 0, 0, 0}, {100 * ms, 0, 1, 0}, {900 * ms, 0, 1, 0}, {2000 * ms, 0, 0, 0.9}, {2100 * ms, 0, 2, 0}}},
		{"its clock goes back", 0, []item{{0, 0, 0, 0}, {900 * ms, 0, 1, 0}, {-5000 * ms, 0, 1, 0}, {-4500 * ms, 0, 1, 0},
			{-3000 * ms, 0, 0, 1.4}}},
		{"a video, read fast", 0, []item{{0, 0, 0, 0}, {3 * ms, 500 * ms, 1, 0}, {6 * ms, 1400 * ms, 1, 0}, {9 * ms, 3000 * ms, 0, 1.4}}},
		{"a video, read slowly", 0, []item{{0, 0, 0, 0}, {3000 * ms, 500 * ms, 1, 0}, {6000 * ms, 1000 * ms, 1, 0}}},
		{"a video from its middle", 0, []item{{0, 9000 * ms, 0, 0}, {3 * ms, 9500 * ms, 1, 0}, {6 * ms, 12000 * ms, 0, 0.5}}},
		{"a video and another", 0, []item{{0, 0, 0, 0}, {5 * ms, 500 * ms, 1, 0}, {10 * ms, 0, 0, 0.5}, {15 * ms, 500 * ms, 2, 0}}},
		{"the other's first frame is lost", 0, []item{{0, 0, 0, 0}, {5 * ms, 500 * ms, 1, 0}, {10 * ms, 400 * ms, 0, 0.5}, {15 * ms, 900 * ms, 2, 0},
			{20 * ms, 2000 * ms, 0, 0.5}}},
		{"pictures", 400 * ms, []item{{0, 0, 0, 0}, {5000 * ms, 0, 1, 0}, {90000 * ms, 0, 1, 0}}},
		{"pictures far apart", 1500 * ms, []item{{0, 0, 0, 0}, {1 * ms, 0, 0, 0}, {2 * ms, 0, 0, 0}}},
	} {
		tr := newTracker(t, Options{Step: c.step, MinFrames: 2})
		for i, it := range c.items {
			r := pipeline.Result{Detections: []pipeline.Detection{detection("person", 0, 0.9, 100, 100)}}
			tr.Follow(pipeline.Meta{Time: began.Add(it.time), Position: it.position}, &r)
			seconds := 0.0
			for _, e := range r.Ended {
				seconds += e.Seconds
			}
			if got := r.Detections[0]; got.Track != it.track || seconds != it.seconds || len(r.Ended) > 1 {
				t.Errorf("%s, item %d: number %d, want %d; ended %+v, want %g s", c.name, i, got.Track, it.track, r.Ended, it.seconds)
			}
		}
	}
}

func TestFollowShows(t *testing.T) {
	tr := newTracker(t, Options{Show: 0.5, MinFrames: 2})
	begin := time.Now()
	for i, c := range []struct {
		scores [3]float32
		want   []float32 // in their order
	}{
		{[3]float32{0.3, 0.9, 0.5}, []float32{0.9, 0.5}}, {[3]float32{0.3, 0.9, 0.4}, []float32{0.9}},
		{[3]float32{0.3, 0.2, 0.55}, []float32{0.2, 0.55}}, {[3]float32{0.3, 0.05, 0.1}, []float32{}},
	} {
		r := pipeline.Result{}
		for k, s := range c.scores {
			r.Detections = append(r.Detections, detection("person", 0, s, 200*float32(k), 100))
		}
		tr.Follow(pipeline.Meta{Time: begin.Add(time.Duration(i) * frame)}, &r)
		var got []float32
		for _, d := range r.Detections {
			got = append(got, d.Score)
		}
		if !slices.Equal(got, c.want) || r.Detections == nil {
			t.Errorf("frame %d: %v, want %v", i, got, c.want)
		}
	}
	r := pipeline.Result{}
	if tr.Follow(pipeline.Meta{Time: begin}, &r); r.Detections != nil || r.Ended != nil {
		t.Errorf("a result without detections became %+v", r)
	}
}

func TestClasses(t *testing.T) {
	for _, across := range []bool{false, true} {
		tr := newTracker(t, Options{AcrossClasses: across, MinFrames: 2})
		at := time.Now()
		var numbers []uint64
		for i, d := range []pipeline.Detection{
			detection("van", 3, 0.8, 100, 100), detection("van", 3, 0.7, 101, 100), detection("truck", 4, 0.9, 102, 100),
			detection("truck", 4, 0.85, 103, 100), detection("van", 3, 0.8, 104, 100),
		} {
			found := []pipeline.Detection{d}
			tr.Update(at.Add(time.Duration(i)*frame), found)
			numbers = append(numbers, found[0].Track)
		}
		ended := tr.End()
		want := []pipeline.Track{{Track: 1, Label: "van", Index: 3, Frames: 3}, {Track: 2, Label: "truck", Index: 4, Frames: 2}}
		wantNumbers := []uint64{0, 1, 0, 2, 1}
		if across { // named by the best
			want = []pipeline.Track{{Track: 1, Label: "truck", Index: 4, Frames: 5}}
			wantNumbers = []uint64{0, 1, 1, 1, 1}
		}
		for i := range ended {
			ended[i].Seconds = 0
		}
		if !reflect.DeepEqual(ended, want) || !slices.Equal(numbers, wantNumbers) {
			t.Errorf("across %v: %v, ended %+v", across, numbers, ended)
		}
	}
}

// movingTask is a task that finds one object, which walks with the items' numbers.
type movingTask struct{ pipetest.FakeTask }

func (m *movingTask) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	r, err := m.FakeTask.Decode(out, p)
	for n := range 200 { // which item it is, the engine's answer tells
		if err == nil && r.Classes[0].Index == int(pipetest.Answer(pipetest.ValueOf(n))) {
			r.Detections = []pipeline.Detection{detection("person", 0, 0.9, 6*float32(n), 100)}
		}
	}
	return r, err
}

// TestFollowInAStream has three engines, which take items side by side: out of order the object would jump.
func TestFollowInAStream(t *testing.T) {
	items, sink, tr := &pipetest.Items{}, &pipetest.FakeSink{IsLossless: true}, newTracker(t, Options{MinFrames: 2})
	var engines []pipeline.Engine
	for i := range 3 {
		e := pipetest.NewFakeEngine("cpu:fake", 64)
		e.Time = time.Duration(i) * time.Millisecond
		engines = append(engines, e)
	}
	m, err := pipeline.NewModel("coco", &movingTask{}, engines, pipeline.ModelOptions[*pipetest.FakeItem]{
		PostProcess: func(it *pipetest.FakeItem, r *pipeline.Result) { tr.Follow(*it.Meta(), r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s := pipeline.Stream[*pipetest.FakeItem]{Name: "door", Source: &pipetest.FakeSource{Items: items, Count: 200},
		Models: []*pipeline.Model[*pipetest.FakeItem]{m}, Sinks: []pipeline.NamedSink{{Sink: sink}}}
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	reports := sink.Reports()
	if len(reports) != 200 {
		t.Fatalf("%d reports", len(reports))
	}
	for i, r := range reports {
		d := r.Events[0].Detections
		if len(d) != 1 || d[0].Track != min(uint64(i), 1) || d[0].New != (i == 1) || r.Events[0].Ended != nil {
			t.Fatalf("item %d: %+v", i, r.Events[0].Result)
		}
	}
	want := []pipeline.Track{{Track: 1, Label: "person", Frames: 200, Seconds: 7.96}}
	if left := tr.End(); !reflect.DeepEqual(left, want) {
		t.Errorf("left %+v, want %+v", left, want)
	}
}
