package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// wordModel is a streaming model that says something at each fifth item, unless do says otherwise.
type wordModel struct {
	seen   []uint64 // no lock: the race detector sees calls side by side
	device pipeline.Device
	do     func(seq int) (pipeline.Result, error)
}

func (m *wordModel) Name() string { return "wakeword" }

func (m *wordModel) Device() pipeline.Device { return m.device }

func (m *wordModel) Process(ctx context.Context, in *pipetest.FakeItem) (pipeline.Result, error) {
	seq := int(in.Meta().Seq)
	m.seen = append(m.seen, in.Meta().Seq)
	if !in.InUse() || ctx.Err() != nil {
		return pipeline.Result{}, errors.New("the item was released before, or the pipeline has ended")
	}
	if m.do != nil {
		return m.do(seq)
	}
	if seq%5 != 0 {
		return pipeline.Result{Suppress: true}, nil
	}
	return pipeline.Result{Keywords: []pipeline.Keyword{{Label: "now", Score: 1, StartS: float64(seq)}}}, nil
}

// newWordRig has a streaming model for its only model.
func newWordRig(count int) (*rig, *wordModel) {
	r := newRig(count)
	m := &wordModel{device: pipeline.Device{Name: "cpu:word"}}
	r.Models = []testModel{{Name: "word", Streaming: m}}
	return r, m
}

// TestStreaming has a streaming model beside a model with a task, whose engines overtake each other: each gets all items, the streaming model in
// order, and what it has nothing to say of gives no event.
func TestStreaming(t *testing.T) {
	r := newRig(50, "cpu:a", "edgetpu:b")
	m := &wordModel{device: pipeline.Device{Name: "cpu:word"}}
	r.Models = append(r.Models, testModel{Name: "word", Streaming: m})
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Frames != 50 {
		t.Fatal(sum, err)
	}
	inOrder(t, r.sinks[0], 50)
	var want []uint64
	for i := range uint64(50) {
		want = append(want, i)
	}
	if !slices.Equal(m.seen, want) {
		t.Errorf("the streaming model took %v", m.seen)
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
		if ev := rep.Events[1]; ev.Model != "word" || ev.Task != "wakeword" || ev.Device != "cpu:word" || ev.Keywords[0].StartS != float64(rep.Seq) {
			t.Errorf("item %d: %+v", rep.Seq, ev)
		}
	}
	if got := sum.Models["word"]; got.Events != 10 || got.Devices["cpu:word"] != 50 || got.Device != "cpu:word" {
		t.Errorf("summary %+v", got)
	}
}

// TestStreamingAlone gives sinks only the items of which something is said.
func TestStreamingAlone(t *testing.T) {
	r, _ := newWordRig(23)
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

// TestStreamingFails counts items that a streaming model could not take, and ends the pipeline at what is no item's fault.
func TestStreamingFails(t *testing.T) {
	r, m := newWordRig(30)
	m.do = func(seq int) (pipeline.Result, error) {
		switch {
		case seq == 3:
			return pipeline.Result{}, &pipeline.ItemError{Source: "x.wav", Err: errors.New("is torn")}
		case seq == 4:
			panic("a strange item")
		}
		return pipeline.Result{Classes: []pipeline.Class{{Label: "x"}}}, nil
	}
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Failed != 2 || sum.Frames != 28 || sum.Errors.Total != 2 || len(m.seen) != 30 {
		t.Fatal(sum, err)
	}

	r, m = newWordRig(30)
	m.do = func(seq int) (pipeline.Result, error) {
		if seq == 7 {
			return pipeline.Result{}, errors.New("the model is gone")
		}
		return pipeline.Result{Suppress: true}, nil
	}
	_, err = r.run(t, t.Context())
	if err == nil || !strings.Contains(err.Error(), "pipeline door: model word: fake (item 7): process: the model is gone") || len(m.seen) != 8 {
		t.Errorf("%v after %d items", err, len(m.seen))
	}
}

// TestStreamingDevice has a streaming model that moves to another device: said once, and each event has its own.
func TestStreamingDevice(t *testing.T) {
	r, m := newWordRig(20)
	var log bytes.Buffer
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	m.do = func(seq int) (pipeline.Result, error) {
		if seq == 10 {
			m.device = pipeline.Device{Name: "cpu:twin", Degraded: true, Reason: "it was lost"}
		}
		return pipeline.Result{}, nil
	}
	sum, err := r.run(t, t.Context())
	if got := sum.Models["word"]; err != nil || got.Devices["cpu:word"] != 10 || got.Devices["cpu:twin"] != 10 || !got.Degraded {
		t.Errorf("summary %+v, %v", got, err)
	}
	if n := strings.Count(log.String(), "device changed"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// buffered is a live source that keeps its items.
type buffered struct{ *pipetest.FakeSource }

func (buffered) Stats() pipeline.Stats {
	return pipeline.Stats{Buffered: true, Sound: &pipeline.SoundSummary{Seconds: 1.5, Overruns: 2}}
}

// TestBuffered gives a streaming model, which is slower than its source, every item of a live source of sound.
func TestBuffered(t *testing.T) {
	r, m := newWordRig(40)
	r.source.IsLive = true
	r.Source = buffered{r.source}
	turn := make(chan struct{})
	m.do = func(seq int) (pipeline.Result, error) {
		if seq == 0 {
			<-turn
		}
		return pipeline.Result{Suppress: true}, nil
	}
	read := 0
	r.source.Read = func(_ context.Context, n int) error {
		if read++; n == 2 { // one is taken, one waits in the feed, and this one is being read
			close(turn)
		}
		return nil
	}
	sum, err := r.run(t, t.Context())
	if err != nil || sum.Frames != 40 || sum.Dropped != 0 || len(m.seen) != 40 || read != 40 {
		t.Errorf("%+v, %v: %d taken", sum, err, len(m.seen))
	}
	if sum.Sound == nil || *sum.Sound != (pipeline.SoundSummary{Seconds: 1.5, Overruns: 2}) {
		t.Errorf("sound %+v", sum.Sound)
	}
}
