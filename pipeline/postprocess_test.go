package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// TestPostProcess has two engines of which one is overtaken, and a second model that fails now and then.
func TestPostProcess(t *testing.T) {
	r := newRig(60, "cpu:slow", "cpu:fast")
	r.engines[0].Time = 2 * time.Millisecond
	r.addModel("birds", &pipetest.FakeTask{OnPrepare: func(it *pipetest.FakeItem) error {
		if it.Meta().Seq%3 == 0 {
			return &pipeline.ItemError{Err: errors.New("no bird")}
		}
		return nil
	}}, "edgetpu:c")
	var seen [2][]uint64 // no lock: the race detector sees calls side by side
	for i := range r.Models {
		r.Models[i].PostProcess = func(it *pipetest.FakeItem, res *pipeline.Result) {
			m := it.Meta()
			if want := int(pipetest.Answer(pipetest.ValueOf(int(m.Seq)))); len(res.Classes) != 1 || res.Classes[0].Index != want {
				t.Errorf("item %d has %+v", m.Seq, res.Classes)
			}
			if m.Seq == 7 {
				time.Sleep(time.Millisecond)
			}
			seen[i] = append(seen[i], m.Seq)
			res.Ended = []pipeline.Track{{Track: m.Seq + 1, Label: r.Models[i].Name}}
		}
	}
	if _, err := r.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 60)
	var want [2][]uint64
	for _, rep := range r.sinks[0].Reports() {
		for _, ev := range rep.Events {
			if len(ev.Ended) != 1 || ev.Ended[0].Track != rep.Seq+1 || ev.Ended[0].Label != ev.Model {
				t.Errorf("item %d, model %s: ended %+v", rep.Seq, ev.Model, ev.Ended)
			}
			i := 0
			if ev.Model == "birds" {
				i = 1
			}
			want[i] = append(want[i], rep.Seq)
			if l := ev.Latency; rep.Seq == 7 && l.Decode < time.Millisecond || l.Total < l.Prepare+l.Invoke+l.Decode {
				t.Errorf("item %d: latency %+v leaves out PostProcess", rep.Seq, l)
			}
		}
	}
	for i, n := range []int{60, 40} {
		if len(seen[i]) != n || len(want[i]) != n {
			t.Fatalf("model %d was asked %d times and gave %d events, want %d", i, len(seen[i]), len(want[i]), n)
		}
		for k := range seen[i] {
			if seen[i][k] != want[i][k] {
				t.Fatalf("model %d: call %d was item %d, not %d", i, k, seen[i][k], want[i][k])
			}
		}
	}
}

func TestPostProcessPanics(t *testing.T) {
	r := newRig(30, "cpu:a", "cpu:b")
	r.addModel("birds", &pipetest.FakeTask{}, "cpu:c")
	calls := 0
	r.Models[0].PostProcess = func(it *pipetest.FakeItem, _ *pipeline.Result) {
		m := it.Meta()
		if calls++; m.Seq >= 5 {
			panic("strange state")
		}
	}
	var log bytes.Buffer
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	sum, err := r.run(t, context.Background())
	if want := "pipeline door: model coco: fake (item 5): post-processing panicked: strange state"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if !strings.Contains(log.String(), "postprocess_test.go") {
		t.Errorf("the log has no stack: %s", log.String())
	}
	if calls != 6 {
		t.Errorf("PostProcess was called %d times; after its panic it is not called again", calls)
	}
	if n := sum.Models["coco"].Events; n != 5 {
		t.Errorf("coco gave %d events, want those before the panic, 5", n)
	}
	if n := sum.Models["birds"].Events; n < 6 {
		t.Errorf("birds gave %d events: what was finished must reach the sinks", n)
	}
}
