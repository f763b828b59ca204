package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// second adds a class that holds the item's number, unless do says otherwise.
type second struct {
	do func(seq int, found pipeline.Result) (pipeline.Result, error)
}

func (s second) Refine(ctx context.Context, in *pipetest.FakeItem, found pipeline.Result) (pipeline.Result, error) {
	if err := ctx.Err(); err != nil {
		return found, err
	}
	if !in.InUse() {
		return found, fmt.Errorf("item %d was released before", in.Meta().Seq)
	}
	seq := int(in.Meta().Seq)
	if s.do != nil {
		if result, err := s.do(seq, found); err != nil {
			return result, err
		}
	}
	found.Classes = append(found.Classes, pipeline.Class{Label: "second", Index: seq})
	return found, nil
}

// refinedSeqs are the numbers of the items whose reports have the second class; all must have the first.
func refinedSeqs(t *testing.T, s *pipetest.FakeSink) map[uint64]bool {
	t.Helper()
	refined := map[uint64]bool{}
	for _, rep := range s.Reports() {
		classes := rep.Events[0].Classes
		if len(classes) == 0 || classes[0].Label != "fake" {
			t.Errorf("item %d: the event has not what the task found: %v", rep.Seq, classes)
		}
		if len(classes) == 2 && classes[1] == (pipeline.Class{Label: "second", Index: int(rep.Seq)}) {
			refined[rep.Seq] = true
		}
	}
	return refined
}

func TestRefiner(t *testing.T) {
	for _, devices := range [][]string{{"cpu:fake"}, {"edgetpu:fake"}, {"cpu:a", "cpu:b"}, {"edgetpu:a", "cpu:b"}} {
		r := newRig(40, devices...)
		r.Models[0].Refiner = second{}
		sum, err := r.run(t, context.Background())
		if err != nil || sum.Frames != 40 || sum.Errors.Total != 0 {
			t.Errorf("%v: %v, %+v", devices, err, sum)
		}
		inOrder(t, r.sinks[0], 40)
		if n := len(refinedSeqs(t, r.sinks[0])); n != 40 {
			t.Errorf("%v: %d events of 40 have the second class", devices, n)
		}
	}
}

func TestRefinersTimeIsTold(t *testing.T) {
	r := newRig(1, "cpu:fake")
	const pause = 5 * time.Millisecond
	r.Models[0].Refiner = second{func(int, pipeline.Result) (pipeline.Result, error) {
		time.Sleep(pause)
		return pipeline.Result{}, nil
	}}
	if _, err := r.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	if l := r.sinks[0].Reports()[0].Events[0].Latency; l.Decode < pause || l.Total < l.Decode {
		t.Errorf("decode took %v of %v, and the second model alone %v", l.Decode, l.Total, pause)
	}
}

// TestRefinersFailure tries each way to fail at item 5: what the task found is kept.
func TestRefinersFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(pipeline.Result) (pipeline.Result, error)
		err  string // what Run returns; empty: nothing
	}{
		{"one item", func(found pipeline.Result) (pipeline.Result, error) {
			return found, fmt.Errorf("box 2: %w", &pipeline.ItemError{Err: errBroken})
		}, ""},
		{"panic", func(pipeline.Result) (pipeline.Result, error) { panic("strange box") }, ""},
		{"any", func(pipeline.Result) (pipeline.Result, error) { return pipeline.Result{}, errBroken },
			"pipeline door: model coco: fake (item 5): refine: broken"},
	} {
		for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
			t.Run(c.name+" "+device, func(t *testing.T) {
				r := newRig(20, device)
				r.Models[0].Refiner = second{func(seq int, found pipeline.Result) (pipeline.Result, error) {
					if seq == 5 {
						return c.fail(found)
					}
					return found, nil
				}}
				var log bytes.Buffer
				r.Logger = slog.New(slog.NewTextHandler(&log, nil))
				sum, err := r.run(t, context.Background())
				if c.err != "" {
					if err == nil || err.Error() != c.err || !errors.Is(err, errBroken) {
						t.Errorf("error %v, want %q", err, c.err)
					}
					for _, rep := range r.sinks[0].Reports() {
						if rep.Seq == 5 {
							t.Error("the item on which the pipeline ended was reported")
						}
					}
					return
				}
				if err != nil || sum.Frames != 20 || sum.Failed != 0 || sum.Errors.Total != 1 {
					t.Errorf("error %v, summary %+v", err, sum)
				}
				if first := sum.Errors.First; len(first) != 1 || first[0].Name != "coco" || !strings.Contains(first[0].Item, "item 5") {
					t.Errorf("the summary says %+v", first)
				}
				if strings.Contains(log.String(), "refine_test.go") != (c.name == "panic") {
					t.Errorf("the log: %s", log.String())
				}
				refined := refinedSeqs(t, r.sinks[0])
				if len(refined) != 19 || refined[5] {
					t.Errorf("%d events have the second class, item 5: %v", len(refined), refined[5])
				}
			})
		}
	}
}
