package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

var errBroken = errors.New("broken")

// TestWhatEndsTheStream tries each failure of each part on both kinds of engine.
func TestWhatEndsTheStream(t *testing.T) {
	at := func(n int, err error) func(int) error {
		return func(i int) error {
			if i == n && err == nil {
				panic("strange input")
			}
			if i == n {
				return err
			}
			return nil
		}
	}
	one := &pipeline.ItemError{Source: "x", Err: errBroken}
	source := func(err error) func(*rig) {
		f := at(5, err)
		return func(r *rig) { r.source.Read = func(_ context.Context, n int) error { return f(n) } }
	}
	prepare := func(err error) func(*rig) {
		f := at(5, err)
		return func(r *rig) { r.task.OnPrepare = func(it *pipetest.FakeItem) error { return f(int(it.Meta().Seq)) } }
	}
	decode := func(err error) func(*rig) {
		f := at(int(pipetest.ValueOf(5)), err)
		return func(r *rig) { r.task.OnDecode = func(v uint64) error { return f(int(v)) } }
	}
	invoke := func(err error) func(*rig) {
		f := at(5, err)
		return func(r *rig) { r.engines[0].Run = func(_ context.Context, n int) error { return f(n) } }
	}
	sink := func(err error) func(*rig) {
		f := at(5, err)
		return func(r *rig) {
			r.sinks[0].OnConsume = func(_ context.Context, rep pipeline.Report) error { return f(int(rep.Item.Meta().Seq)) }
		}
	}
	sinkClose := func(err error) func(*rig) {
		return func(r *rig) { r.sinks[0].OnClose = func() error { return at(0, err)(0) } }
	}
	for _, c := range []struct {
		name  string
		spoil func(*rig)
		err   string // what Run returns; empty: nothing
		total uint64 // failures counted
	}{
		{"source, one item", source(one), "", 1},
		{"source, lost", source(errBroken), "pipeline door: source: broken", 0},
		{"source, panic", source(nil), "pipeline door: source: the source panicked: strange input", 0},
		{"prepare, one item", prepare(one), "", 1},
		{"prepare, any", prepare(errBroken), "pipeline door: model coco: fake (item 5): prepare: broken", 0},
		{"prepare, panic", prepare(nil), "", 1},
		{"decode, one item", decode(one), "", 1},
		{"decode, any", decode(errBroken), "pipeline door: model coco: fake (item 5): decode: broken", 0},
		{"decode, panic", decode(nil), "", 1},
		{"invoke", invoke(errBroken), "pipeline door: model coco: fake (item 5): invoke on DEVICE: broken", 0},
		{"invoke, one item", invoke(one), "pipeline door: model coco: fake (item 5): invoke on DEVICE: x: broken", 0},
		{"invoke, panic", invoke(nil), "pipeline door: model coco: fake (item 5): invoke on DEVICE: invoke panicked: strange input", 0},
		{"sink, one item", sink(one), "", 1},
		{"sink, any", sink(errBroken), "pipeline door: sink sink1: broken", 0},
		{"sink, panic", sink(nil), "pipeline door: sink sink1: the sink panicked: strange input", 0},
		{"sink close", sinkClose(errBroken), "pipeline door: sink sink1: close: broken", 0},
		{"sink close, panic", sinkClose(nil), "pipeline door: sink sink1: close: the sink panicked: strange input", 0},
	} {
		for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
			t.Run(c.name+" "+device, func(t *testing.T) {
				r := newRig(30, device)
				other := r.addSink(&pipetest.FakeSink{IsLossless: true}, 0)
				c.spoil(r)
				var log bytes.Buffer
				r.Logger = slog.New(slog.NewTextHandler(&log, nil))
				sum, err := r.run(t, context.Background())
				text := ""
				if err != nil {
					text = err.Error()
				}
				if want := strings.Replace(c.err, "DEVICE", device, 1); text != want || sum.Error != want {
					t.Errorf("error %q, in the summary %q, want %q", text, sum.Error, want)
				}
				if sum.Errors.Total != c.total || strings.Contains(log.String(), "item failed") != (c.total > 0) {
					t.Errorf("%d failures counted, want %d; log: %s", sum.Errors.Total, c.total, log.String())
				}
				if strings.Contains(c.name, "panic") && !strings.Contains(log.String(), "failure_test.go") {
					t.Errorf("the log has no stack: %s", log.String())
				}
				// What was finished reaches the other sink in order; when nothing ended the stream, that is all.
				reports := other.Reports()
				if c.err == "" && len(reports)+int(c.total) < 30 {
					t.Errorf("the other sink got %d reports", len(reports))
				}
				for i := 1; i < len(reports); i++ {
					if reports[i].Seq <= reports[i-1].Seq {
						t.Errorf("item %d after item %d", reports[i].Seq, reports[i-1].Seq)
					}
				}
				if sum.Frames != uint64(len(reports)) {
					t.Errorf("%d frames, %d reports", sum.Frames, len(reports))
				}
			})
		}
	}
}

// TestBrokenSinkGetsNothingMore fails the first report when others wait in the queue.
func TestBrokenSinkGetsNothingMore(t *testing.T) {
	r := newRig(20, "cpu:fake")
	waiting := make(chan struct{})
	r.engines[0].Run = func(_ context.Context, n int) error {
		if n == 3 { // the reports of 0 to 2 are made, but for the order's sake perhaps not all queued
			close(waiting)
		}
		return nil
	}
	calls := 0
	r.sinks[0].OnConsume = func(context.Context, pipeline.Report) error {
		calls++
		<-waiting
		return errBroken
	}
	sum, err := r.run(t, context.Background())
	if !errors.Is(err, errBroken) || calls != 1 {
		t.Errorf("error %v after %d calls, want 1", err, calls)
	}
	if sum.Frames < 2 || sum.Drops.Sinks["sink1"] != sum.Frames {
		t.Errorf("%d frames, %v dropped", sum.Frames, sum.Drops)
	}
}

func TestInterruptedStreamFinishesWhatItHas(t *testing.T) {
	for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
		ctx, cancel := context.WithCancel(context.Background())
		r := newRig(-1, device)
		r.engines[0].Run = func(work context.Context, n int) error {
			if n == 5 {
				cancel()
			}
			return work.Err() // must not have ended with ctx
		}
		sum, err := r.run(t, ctx)
		if err != nil || !sum.Interrupted || sum.Failed != 0 {
			t.Errorf("%s: error %v, summary %+v", device, err, sum)
		}
		inOrder(t, r.sinks[0], r.items.Made()) // all that was read
	}
}

// deafSource ignores the context of Next, as OpenCV does.
type deafSource struct {
	*pipetest.FakeSource
	called func()
}

func (s deafSource) Next(context.Context) (*pipetest.FakeItem, error) {
	s.called()
	return s.FakeSource.Next(context.Background())
}

func TestDeafSourceIsClosed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := newRig(-1, "cpu:fake")
	r.source.Interval = 1 << 60 // no item ever comes
	r.Source = deafSource{r.source, cancel}
	sum, err := r.run(t, ctx)
	if err != nil || !sum.Interrupted {
		t.Errorf("error %v, interrupted %v", err, sum.Interrupted)
	}
}

func TestSlowSinkOfAFileLosesItsOldest(t *testing.T) {
	r := newRig(50, "cpu:fake")
	r.addSink(&pipetest.FakeSink{}, 3)
	preview := r.sinks[1]
	goOn := make(chan struct{})
	preview.OnConsume = func(context.Context, pipeline.Report) error {
		<-goOn
		return nil
	}
	r.sinks[0].OnConsume = func(_ context.Context, rep pipeline.Report) error {
		if rep.Item.Meta().Seq == 49 { // the lossless one gets everything while the other stands still
			close(goOn)
		}
		return nil
	}
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 50)
	got := preview.Reports()
	if n := uint64(len(got)); n+sum.Drops.Sinks["sink2"] != 50 || n > 5 || got[n-1].Seq != 49 {
		t.Errorf("%d reports, %v dropped", n, sum.Drops)
	}
	if sum.Dropped != 0 || sum.Drops.Sinks["sink1"] != 0 {
		t.Errorf("dropped %d, %v", sum.Dropped, sum.Drops)
	}
}

func TestLiveSourceIsNotHeldBackByALosslessSink(t *testing.T) {
	r := newRig(50, "cpu:fake")
	r.source.IsLive = true
	goOn := make(chan struct{})
	r.sinks[0].OnConsume = func(context.Context, pipeline.Report) error {
		<-goOn
		return nil
	}
	// The last item is not given before the engine has run more often than the sink and its queue can hold.
	r.engines[0].Run = func(_ context.Context, n int) error {
		if n == pipeline.DefaultQueue+5 {
			close(goOn)
		}
		return nil
	}
	r.source.Read = func(_ context.Context, n int) error {
		if n == 49 {
			<-goOn
		} else {
			for r.engines[0].Runs() < min(n, pipeline.DefaultQueue+5) { // none is dropped before
				pipetest.Burn(1000)
			}
		}
		return nil
	}
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Drops.Sinks["sink1"] == 0 || uint64(r.sinks[0].Count())+sum.Drops.Sinks["sink1"] != sum.Frames {
		t.Errorf("%d frames, %d reports, %v dropped", sum.Frames, r.sinks[0].Count(), sum.Drops)
	}
}

func TestWrongStreams(t *testing.T) {
	for _, c := range []struct {
		spoil func(*rig)
		want  string
	}{
		{func(r *rig) { r.Models = nil }, "no model"},
		{func(r *rig) { r.Models = append(r.Models, r.Models[0]) }, "two models are named coco"},
		{func(r *rig) { r.Sinks[0].Queue = -1 }, "invalid queue length -1"},
	} {
		r := newRig(3, "cpu:fake")
		c.spoil(r)
		sum, err := r.run(t, context.Background())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pipeline door: ") || sum.Error == "" {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
	if _, err := (&pipeline.Stream[*pipetest.FakeItem]{Name: "empty"}).Run(context.Background()); err == nil {
		t.Error("a stream of nothing gives no error")
	}
}

func TestManyFailuresDoNotFillTheLog(t *testing.T) {
	r := newRig(1000, "cpu:fake")
	r.task.OnPrepare = func(*pipetest.FakeItem) error { return &pipeline.ItemError{Err: errBroken} }
	var log bytes.Buffer
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	sum, err := r.run(t, context.Background())
	if err != nil || sum.Errors.Total != 1000 || sum.Failed != 1000 || len(sum.Errors.First) != pipeline.DefaultMaxErrors {
		t.Errorf("error %v, %d errors, %d failed, %d kept", err, sum.Errors.Total, sum.Failed, len(sum.Errors.First))
	}
	if n := strings.Count(log.String(), "\n"); n > 150 {
		t.Errorf("%d lines of log", n)
	}
}

func TestDeviceChange(t *testing.T) {
	r := newRig(10, "edgetpu:fake")
	r.engines[0].Run = func(_ context.Context, n int) error {
		if n == 4 {
			r.engines[0].SetDevice(pipeline.Device{Name: "cpu:xnnpack", Degraded: true, Reason: "lost"})
		}
		return nil
	}
	var log bytes.Buffer
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	sum, err := r.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if sum.Device != "cpu:xnnpack" || !sum.Degraded || sum.Reason != "lost" {
		t.Errorf("summary %+v", sum)
	}
	if d := sum.Models["coco"].Devices; d["edgetpu:fake"] != 4 || d["cpu:xnnpack"] != 6 {
		t.Errorf("devices %v", d)
	}
	if strings.Count(log.String(), "device changed") != 1 {
		t.Errorf("log: %s", log.String())
	}
}

func TestRunAll(t *testing.T) {
	good, bad := newRig(20, "cpu:fake"), newRig(20, "cpu:fake")
	bad.engines[0].Run = func(context.Context, int) error { return errBroken }
	all, err := pipeline.RunAll(context.Background(), map[string]pipeline.Runner{"good": good, "bad": bad})
	if !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if all.Pipelines["good"].Frames != 20 || all.Pipelines["good"].Error != "" || all.Pipelines["bad"].Error == "" {
		t.Errorf("summaries %+v", all)
	}
	good.check(t, all.Pipelines["good"])
	bad.check(t, all.Pipelines["bad"])
}

func TestItemError(t *testing.T) {
	e := &pipeline.ItemError{Source: "a.jpg", Err: errBroken}
	if e.Error() != "a.jpg: broken" || !errors.Is(e, errBroken) {
		t.Error(e)
	}
	if s := fmt.Sprint(&pipeline.ItemError{Source: "a.jpg"}, &pipeline.ItemError{Err: errBroken}); s != "a.jpg: failed broken" {
		t.Error(s)
	}
}
