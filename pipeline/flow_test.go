package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"corallite/pipeline"
	"corallite/pipeline/pipetest"
)

// ear is a Flow that says something at each fifth item, unless do says otherwise.
type ear struct {
	seen   []uint64 // no lock: the race detector sees calls side by side
	device pipeline.Device
	do     func(seq int) (pipeline.Result, error)
}

func (e *ear) Name() string { return "wakeword" }

func (e *ear) Device() pipeline.Device { return e.device }

func (e *ear) Take(ctx context.Context, in *pipetest.FakeItem) (pipeline.Result, error) {
	seq := int(in.Meta().Seq)
	e.seen = append(e.seen, in.Meta().Seq)
	if !in.InUse() || ctx.Err() != nil {
		return pipeline.Result{}, errors.New("the item was released before, or the pipeline has ended")
	}
	if e.do != nil {
		return e.do(seq)
	}
	if seq%5 != 0 {
		return pipeline.Result{Quiet: true}, nil
	}
	return pipeline.Result{Keywords: []pipeline.Keyword{{Label: "now", Score: 1, StartS: float64(seq)}}}, nil
}

// newEarRig has a Flow for its only model.
func newEarRig(count int) (*rig, *ear) {
	r := newRig(count)
	e := &ear{device: pipeline.Device{Name: "cpu:ear"}}
	r.Models = []pipeline.Model[*pipetest.FakeItem]{{Name: "word", Flow: e}}
	return r, e
}

// TestFlow has a flow beside a model with a task, whose engines overtake each other: each gets all items, the flow in
// order, and what it has nothing to say of gives no event.
func TestFlow(t *testing.T) {
	r := newRig(50, "cpu:a", "edgetpu:b")
	e := &ear{device: pipeline.Device{Name: "cpu:ear"}}
	r.Models = append(r.Models, pipeline.Model[*pipetest.FakeItem]{Name: "word", Flow: e})
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Frames != 50 {
		t.Fatal(sum, err)
	}
	inOrder(t, r.sinks[0], 50)
	var want []uint64
	for i := range uint64(50) {
		want = append(want, i)
	}
	if !slices.Equal(e.seen, want) {
		t.Errorf("the flow took %v", e.seen)
	}
	for _, rep := range r.sinks[0].Reports() {
		loud := rep.Seq%5 == 0
		if (len(rep.Events) == 2) != loud || rep.Events[0].Model != "coco" {
			t.Errorf("item %d has %d events", rep.Seq, len(rep.Events))
			continue
		}
		if !loud {
			continue
		}
		if ev := rep.Events[1]; ev.Model != "word" || ev.Task != "wakeword" || ev.Device != "cpu:ear" || ev.Keywords[0].StartS != float64(rep.Seq) {
			t.Errorf("item %d: %+v", rep.Seq, ev)
		}
	}
	if m := sum.Models["word"]; m.Events != 10 || m.Devices["cpu:ear"] != 50 || m.Device != "cpu:ear" {
		t.Errorf("summary %+v", m)
	}
}

// TestFlowAlone gives sinks only the items of which something is said.
func TestFlowAlone(t *testing.T) {
	r, _ := newEarRig(23)
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Frames != 23 || sum.Failed != 0 {
		t.Fatal(sum, err)
	}
	var got []uint64
	for _, rep := range r.sinks[0].Reports() {
		got = append(got, rep.Seq)
	}
	if !slices.Equal(got, []uint64{0, 5, 10, 15, 20}) {
		t.Errorf("reports of %v", got)
	}
}

// TestFlowFails counts items that a flow could not take, and ends the pipeline at what is no item's fault.
func TestFlowFails(t *testing.T) {
	r, e := newEarRig(30)
	e.do = func(seq int) (pipeline.Result, error) {
		switch {
		case seq == 3:
			return pipeline.Result{}, &pipeline.ItemError{Source: "x.wav", Err: errors.New("is torn")}
		case seq == 4:
			panic("a strange item")
		}
		return pipeline.Result{Classes: []pipeline.Class{{Label: "x"}}}, nil
	}
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Failed != 2 || sum.Frames != 28 || sum.Errors.Total != 2 || len(e.seen) != 30 {
		t.Fatal(sum, err)
	}

	r, e = newEarRig(30)
	e.do = func(seq int) (pipeline.Result, error) {
		if seq == 7 {
			return pipeline.Result{}, errors.New("the model is gone")
		}
		return pipeline.Result{Quiet: true}, nil
	}
	_, err = r.run(t, t.Context())
	if err == nil || !strings.Contains(err.Error(), "pipeline door: model word: fake (item 7): take: the model is gone") || len(e.seen) != 8 {
		t.Errorf("%v after %d items", err, len(e.seen))
	}
}

// TestFlowDevice has a flow that moves to another device: said once, and each event has its own.
func TestFlowDevice(t *testing.T) {
	r, e := newEarRig(20)
	var log bytes.Buffer
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	e.do = func(seq int) (pipeline.Result, error) {
		if seq == 10 {
			e.device = pipeline.Device{Name: "cpu:twin", Degraded: true, Reason: "it was lost"}
		}
		return pipeline.Result{}, nil
	}
	sum, err := r.run(t, t.Context())
	if m := sum.Models["word"]; err != nil || m.Devices["cpu:ear"] != 10 || m.Devices["cpu:twin"] != 10 || !m.Degraded {
		t.Errorf("summary %+v, %v", m, err)
	}
	if n := strings.Count(log.String(), "device changed"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// heard is a live source that keeps its items.
type heard struct{ *pipetest.FakeSource }

func (heard) Sound() pipeline.SoundSummary { return pipeline.SoundSummary{Seconds: 1.5, Overruns: 2} }

// TestAudible gives a flow, which is slower than its source, every item of a live source of sound.
func TestAudible(t *testing.T) {
	r, e := newEarRig(40)
	r.source.IsLive = true
	r.Source = heard{r.source}
	turn := make(chan struct{})
	e.do = func(seq int) (pipeline.Result, error) {
		if seq == 0 {
			<-turn
		}
		return pipeline.Result{Quiet: true}, nil
	}
	read := 0
	r.source.Read = func(_ context.Context, n int) error {
		if read++; n == 2 { // one is taken, one waits in the feed, and this one is being read
			close(turn)
		}
		return nil
	}
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Frames != 40 || sum.Dropped != 0 || len(e.seen) != 40 || read != 40 {
		t.Errorf("%+v, %v: %d taken", sum, err, len(e.seen))
	}
	if sum.Sound == nil || *sum.Sound != (pipeline.SoundSummary{Seconds: 1.5, Overruns: 2}) {
		t.Errorf("sound %+v", sum.Sound)
	}
}

func TestFlowAndMore(t *testing.T) {
	r, e := newEarRig(1)
	r.Models[0].Task = &pipetest.FakeTask{}
	if _, err := r.run(t, t.Context()); err == nil || !strings.Contains(err.Error(), "model word has a flow") {
		t.Error(err)
	}
	if len(e.seen) != 0 {
		t.Error("it was run")
	}
}
