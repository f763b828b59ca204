package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a stream of fakes, and what to look at after it ran.
type rig struct {
	*pipeline.Stream[*pipetest.FakeItem]
	Models  []testModel // what run makes Stream.Models of
	items   *pipetest.Items
	source  *pipetest.FakeSource
	task    *pipetest.FakeTask
	engines []*pipetest.FakeEngine
	sinks   []*pipetest.FakeSink
}

// newRig has a source of count items, a model on an engine for each device, and one lossless sink.
func newRig(count int, devices ...string) *rig {
	r := &rig{items: &pipetest.Items{}, task: &pipetest.FakeTask{}}
	r.source = &pipetest.FakeSource{Items: r.items, Count: count}
	r.Stream = &pipeline.Stream[*pipetest.FakeItem]{Name: "door", Source: r.source}
	r.addModel("coco", r.task, devices...)
	r.addSink(&pipetest.FakeSink{IsLossless: true}, 0)
	return r
}

// testModel is what a model is made of: a Task with Engines, or a Streaming model.
type testModel struct {
	Name      string
	Task      pipeline.Task[*pipetest.FakeItem]
	Engines   []pipeline.Engine
	Streaming pipeline.StreamingModel[*pipetest.FakeItem]
	pipeline.ModelOptions[*pipetest.FakeItem]
}

func (m testModel) make() (*pipeline.Model[*pipetest.FakeItem], error) {
	if m.Streaming != nil {
		return pipeline.NewStreamingModel(m.Name, m.Streaming)
	}
	return pipeline.NewModel(m.Name, m.Task, m.Engines, m.ModelOptions)
}

func (r *rig) addModel(name string, task *pipetest.FakeTask, devices ...string) {
	m := testModel{Name: name, Task: task}
	for _, d := range devices {
		e := pipetest.NewFakeEngine(d, 64)
		r.engines = append(r.engines, e)
		m.Engines = append(m.Engines, e)
	}
	r.Models = append(r.Models, m)
}

func (r *rig) addSink(s *pipetest.FakeSink, queue int) *pipetest.FakeSink {
	r.sinks = append(r.sinks, s)
	r.Sinks = append(r.Sinks, pipeline.NamedSink{Name: fmt.Sprintf("sink%d", len(r.sinks)), Sink: s, Queue: queue})
	return s
}

// Run makes the models and runs the stream.
func (r *rig) Run(ctx context.Context) (pipeline.Summary, error) {
	r.Stream.Models = nil
	for _, m := range r.Models {
		made, err := m.make()
		if err != nil {
			return pipeline.Summary{}, err
		}
		r.Stream.Models = append(r.Stream.Models, made)
	}
	return r.Stream.Run(ctx)
}

// run runs the stream, which must end within 20 s, and checks what holds however it ended.
func (r *rig) run(t *testing.T, ctx context.Context) (pipeline.Summary, error) {
	t.Helper()
	type end struct {
		sum pipeline.Summary
		err error
	}
	done := make(chan end, 1)
	go func() {
		sum, err := r.Run(ctx)
		done <- end{sum, err}
	}()
	select {
	case e := <-done:
		r.check(t, e.sum)
		return e.sum, e.err
	case <-time.After(time.Minute):
		t.Fatal("Run has not returned after 20 s")
		return pipeline.Summary{}, nil
	}
}

func (r *rig) check(t *testing.T, sum pipeline.Summary) {
	t.Helper()
	if err := r.items.Err(); err != nil {
		t.Error(err)
	}
	for _, e := range r.engines {
		if err := e.Err(); err != nil {
			t.Error(err)
		}
		if e.Closed() {
			t.Error("Run closed an engine, which stays with who opened it")
		}
	}
	for _, s := range r.sinks {
		if err := s.Err(); err != nil {
			t.Error(err)
		}
		if !s.Closed() {
			t.Error("Run left a sink open")
		}
	}
	if !r.source.Closed() {
		t.Error("Run left the source open")
	}
	if given := uint64(r.items.Made()); given != sum.Frames+sum.Dropped+sum.Failed {
		t.Errorf("the source gave %d items, but %d frames + %d dropped + %d failed", given, sum.Frames, sum.Dropped, sum.Failed)
	}
}

// inOrder checks that a sink got the reports of items from to up, each once.
func inOrder(t *testing.T, s *pipetest.FakeSink, count int) {
	t.Helper()
	reports := s.Reports()
	if len(reports) != count {
		t.Errorf("the sink got %d reports, not %d", len(reports), count)
	}
	for i, rep := range reports {
		if rep.Seq != uint64(i) {
			t.Fatalf("report %d is item %d", i, rep.Seq)
		}
	}
}

func TestFileSource(t *testing.T) {
	for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
		t.Run(device, func(t *testing.T) {
			r := newRig(100, device)
			sum, err := r.run(t, context.Background())
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, r.sinks[0], 100)
			if sum.Frames != 100 || sum.Dropped != 0 || sum.Interrupted || sum.Errors.Total != 0 || sum.Device != device {
				t.Errorf("summary %+v", sum)
			}
			ev := r.sinks[0].Reports()[7].Events[0]
			want := int(pipetest.Answer(pipetest.ValueOf(7)))
			if len(ev.Classes) != 1 || ev.Classes[0].Index != want {
				t.Errorf("item 7 gave %+v, want class %d", ev.Classes, want)
			}
			if ev.Pipeline != "door" || ev.Seq != 7 || ev.Source != "fake" || ev.Model != "coco" || ev.Task != "classify" ||
				ev.Device != device || ev.PositionS != 0.28 || ev.Time.IsZero() {
				t.Errorf("event %+v", ev)
			}
			if l := ev.Latency; l.Prepare <= 0 || l.Invoke <= 0 || l.Decode <= 0 || l.Total < l.Prepare+l.Invoke+l.Decode {
				t.Errorf("latency %+v: the total is at least the sum of the stages", l)
			}
			if q := sum.Latency.Total; q.P50 <= 0 || q.P95 < q.P50 {
				t.Errorf("quantiles %+v", q)
			}
		})
	}
}

func TestSeveralModelsGiveOneReport(t *testing.T) {
	r := newRig(60, "cpu:a", "cpu:b")
	r.addModel("birds", &pipetest.FakeTask{TaskName: "birds", OnPrepare: func(it *pipetest.FakeItem) error {
		if it.Meta().Seq%3 == 0 {
			return &pipeline.ItemError{Err: errors.New("no bird")}
		}
		return nil
	}}, "edgetpu:c")
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 60)
	for _, rep := range r.sinks[0].Reports() {
		want := "coco birds"
		if rep.Seq%3 == 0 {
			want = "coco"
		}
		var names []string
		for _, ev := range rep.Events {
			names = append(names, ev.Model)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("item %d: models %q, want %q", rep.Seq, got, want)
		}
	}
	if sum.Models["coco"].Events != 60 || sum.Models["birds"].Events != 40 || sum.Errors.Total != 20 {
		t.Errorf("summary %+v", sum)
	}
	if d := sum.Models["coco"].Devices; d["cpu:a"]+d["cpu:b"] != 60 {
		t.Errorf("devices %v", d)
	}
}

// TestOrderIsRestored makes the first engine slow, so that the second overtakes it.
func TestOrderIsRestored(t *testing.T) {
	r := newRig(50, "cpu:slow", "cpu:fast")
	r.engines[0].Time = 3 * time.Millisecond
	if _, err := r.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 50)
	if r.engines[0].Runs() == 0 || r.engines[1].Runs() == 0 {
		t.Errorf("runs %d and %d: both engines must have worked", r.engines[0].Runs(), r.engines[1].Runs())
	}
}

func TestLiveSourceDropsTheOldest(t *testing.T) {
	const given = 40
	r := newRig(given, "cpu:fake")
	r.source.IsLive = true
	invoking, goOn := make(chan struct{}), make(chan struct{})
	r.engines[0].Run = func(_ context.Context, n int) error {
		if n == 0 {
			close(invoking)
			<-goOn
		}
		return nil
	}
	r.source.Read = func(_ context.Context, n int) error {
		switch n {
		case 1:
			<-invoking // the first item is in the engine
		case given - 1:
			defer close(goOn) // all but the last were offered
		}
		return nil
	}
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	reports := r.sinks[0].Reports()
	if reports[0].Seq != 0 || reports[len(reports)-1].Seq != given-1 {
		t.Errorf("first %d, last %d; want 0 and the newest, %d", reports[0].Seq, reports[len(reports)-1].Seq, given-1)
	}
	// The first was taken; of the others at most the one in the slot and the last one were.
	if sum.Dropped < given-3 || sum.Drops.Source != sum.Dropped {
		t.Errorf("%d dropped, by source %d", sum.Dropped, sum.Drops.Source)
	}
}

func TestSourceErrors(t *testing.T) {
	r := newRig(10, "cpu:fake")
	r.source.Read = func(_ context.Context, n int) error {
		if n%2 == 1 { // wrapping io.EOF: a truncated file is not the end of the source
			return &pipeline.ItemError{Source: fmt.Sprintf("bad%d.jpg", n), Err: fmt.Errorf("truncated: %w", io.EOF)}
		}
		return nil
	}
	var seen []pipeline.Failure
	r.OnError = func(f pipeline.Failure) { seen = append(seen, f) }
	r.MaxErrors = 2
	var last pipeline.Progress
	r.Progress = func(p pipeline.Progress) { last = p }
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 5)
	if sum.Errors.Total != 5 || len(seen) != 5 || len(sum.Errors.First) != 2 {
		t.Errorf("%d errors, %d seen, %d kept", sum.Errors.Total, len(seen), len(sum.Errors.First))
	}
	if e := sum.Errors.First[0]; e != (pipeline.ErrorEntry{Stage: "source", Item: "bad1.jpg", Error: "truncated: EOF"}) {
		t.Errorf("first error %+v", e)
	}
	if !last.Final || last.Done != 10 || last.Frames != 5 || last.Total != 10 || last.Errors != 5 {
		t.Errorf("progress %+v", last)
	}
}

func TestLostSource(t *testing.T) {
	lost := errors.New("unplugged")
	r := newRig(10, "cpu:fake")
	r.source.Read = func(_ context.Context, n int) error {
		if n == 4 {
			return lost
		}
		return nil
	}
	_, err := r.run(t, context.Background())
	if !errors.Is(err, lost) || err.Error() != "pipeline door: source: unplugged" {
		t.Errorf("error %v", err)
	}
}

func TestReopen(t *testing.T) {
	r := newRig(10, "cpu:fake")
	r.source.Read = func(_ context.Context, n int) error {
		if n == 4 {
			return errors.New("unplugged")
		}
		return nil
	}
	second := &pipetest.FakeSource{Items: r.items, Count: 3}
	r.Reopen = func(_ context.Context, err error) (pipeline.Source[*pipetest.FakeItem], error) {
		if err == nil || err.Error() != "unplugged" || !r.source.Closed() {
			t.Errorf("Reopen after %v, source closed: %v", err, r.source.Closed())
		}
		return second, nil
	}
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 7) // numbered on
	if sum.Reopened != 1 || !second.Closed() {
		t.Errorf("reopened %d, second source closed: %v", sum.Reopened, second.Closed())
	}
}

func TestProgressWhileItRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := newRig(-1, "cpu:fake")
	r.source.Interval = time.Millisecond
	var seen []pipeline.Progress
	r.Progress = func(p pipeline.Progress) {
		if seen = append(seen, p); len(seen) == 3 {
			cancel()
		}
	}
	sum, err := r.run(t, ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range seen {
		if p.Pipeline != "door" || p.Total != 0 || p.Final != (i == len(seen)-1) || p.Elapsed <= 0 || p.FPS < 0 {
			t.Errorf("call %d: %+v", i, p)
		}
		if i > 0 && p.Frames < seen[i-1].Frames {
			t.Errorf("call %d: %d frames after %d", i, p.Frames, seen[i-1].Frames)
		}
	}
	if last := seen[len(seen)-1]; last.Frames != sum.Frames || last.Done != sum.Frames {
		t.Errorf("the last call says %+v, the summary %d frames", last, sum.Frames)
	}
}

// reporting is a source that says something of itself.
type reporting struct {
	pipeline.Source[*pipetest.FakeItem]
	stats pipeline.Stats
}

func (r reporting) Stats() pipeline.Stats { return r.stats }

// TestStats has what a source says of itself in the summary.
func TestStats(t *testing.T) {
	r := newRig(2, "cpu:fake")
	r.Source = reporting{r.Source, pipeline.Stats{Reopened: 3, Skipped: 4, Lost: "unplugged"}}
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Reopened != 3 || sum.Skipped != 4 || sum.Lost != "unplugged" || sum.Frames != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestMotionSummary has what a source held back in the summary, and nothing where it does not look for motion.
func TestMotionSummary(t *testing.T) {
	r := newRig(2, "cpu:fake")
	r.Source = reporting{r.Source, pipeline.Stats{Motion: &pipeline.MotionSummary{Looked: 9, HeldBack: 7, Share: 7.0 / 9, Opened: 1, Seconds: 0.01234}}}
	sum, err := r.run(t, t.Context())
	want := pipeline.MotionSummary{Looked: 9, HeldBack: 7, Share: 0.7778, RunsSaved: 7, Opened: 1, Seconds: 0.012}
	if err != nil || sum.Motion == nil || *sum.Motion != want {
		t.Errorf("%+v, %v; want %+v", sum.Motion, err, want)
	}
	r = newRig(2, "cpu:fake")
	if sum, err := r.run(t, t.Context()); err != nil || sum.Motion != nil {
		t.Errorf("%+v, %v; want none", sum.Motion, err)
	}
}
