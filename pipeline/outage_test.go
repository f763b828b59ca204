package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// endless is a source that is not live and goes on.
type endless struct{ *pipetest.FakeSource }

func (endless) Stats() pipeline.Stats { return pipeline.Stats{Endless: true} }

// outageRig is a stream of 40 items whose first sink fails from item 5 to item 14, and one beside it.
func outageRig(err error) (r *rig, resumed *[]pipeline.Resumption) {
	r = newRig(40, "cpu:fake")
	r.Source = endless{r.source} // nothing is dropped before the sinks, so that the numbers are known
	r.SinkRetry = time.Nanosecond
	r.addSink(&pipetest.FakeSink{IsLossless: true}, 0)
	r.sinks[0].OnConsume = func(_ context.Context, rep pipeline.Report) error {
		if seq := rep.Item.Meta().Seq; seq >= 5 && seq < 15 {
			return err
		}
		return nil
	}
	resumed = &[]pipeline.Resumption{}
	r.OnResume = func(one pipeline.Resumption) { *resumed = append(*resumed, one) }
	return r, resumed
}

func TestSinkThatFailsIsTriedAgain(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "found.jsonl", Err: syscall.ENOSPC}
	for name, err := range map[string]error{
		"for all items": full,
		"for one item":  &pipeline.ItemError{Source: "x", Err: fmt.Errorf("writing x.jpg: %w", syscall.ENOSPC)},
		"not system's":  errBroken,
	} {
		t.Run(name, func(t *testing.T) {
			r, resumed := outageRig(err)
			sum, got := r.run(t, context.Background())
			if got != nil {
				t.Fatal(got)
			}
			inOrder(t, r.sinks[1], 40) // the other one gets all
			if n := r.sinks[0].Count(); n != 30 {
				t.Errorf("the sink has %d reports, want the 30 that it could take", n)
			}
			if sum.Frames != 40 || sum.Drops.Sinks["sink1"] != 10 || sum.Drops.Sinks["sink2"] != 0 {
				t.Errorf("%d frames, drops %v", sum.Frames, sum.Drops.Sinks)
			}
			if sum.Errors.Total != 1 || sum.Errors.Recovered != 1 || len(sum.Errors.First) != 1 {
				t.Errorf("failures %+v, want one for the outage, which is over", sum.Errors)
			}
			if len(*resumed) != 1 || (*resumed)[0].Name != "sink1" || (*resumed)[0].Lost != 10 {
				t.Errorf("resumed %+v", *resumed)
			}
		})
	}
}

// TestSinkRests checks that a sink is not tried before its rest is over, and that the outage is told at the end.
func TestSinkRests(t *testing.T) {
	r, resumed := outageRig(syscall.ENOSPC)
	r.SinkRetry = time.Hour
	tries := 0
	r.sinks[0].OnConsume = func(context.Context, pipeline.Report) error {
		tries++
		return syscall.EIO
	}
	sum, err := r.run(t, context.Background())
	if err != nil || tries != 1 || sum.Drops.Sinks["sink1"] != 40 || len(*resumed) != 0 {
		t.Errorf("%v, %d tries, %d dropped, resumed %v", err, tries, sum.Drops.Sinks["sink1"], *resumed)
	}
	if sum.Errors.Total != 2 || sum.Errors.Recovered != 0 { // the failure, and that it lasted to the end
		t.Errorf("failures %+v", sum.Errors)
	}
}

// TestWhatASinkDoesNotComeBackFrom checks the failures that no later try can mend.
func TestWhatASinkDoesNotComeBackFrom(t *testing.T) {
	t.Run("final", func(t *testing.T) {
		r, _ := outageRig(&pipeline.FinalError{Err: syscall.EPIPE})
		if _, err := r.run(t, context.Background()); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Run("panic", func(t *testing.T) {
		r, resumed := outageRig(nil)
		r.sinks[0].OnConsume = func(context.Context, pipeline.Report) error { panic("broken") }
		sum, err := r.run(t, context.Background())
		if err != nil || sum.Errors.Total != 1 || sum.Drops.Sinks["sink1"] != 40 || len(*resumed) != 0 {
			t.Errorf("%v, failures %+v, %v dropped", err, sum.Errors, sum.Drops.Sinks)
		}
		inOrder(t, r.sinks[1], 40)
	})
}

// TestItemsOfAnEndlessSourceStillFailAlone checks that what is about one item only is no outage.
func TestItemsOfAnEndlessSourceStillFailAlone(t *testing.T) {
	r, resumed := outageRig(&pipeline.ItemError{Source: "x", Err: errBroken})
	r.SinkRetry = time.Hour
	sum, err := r.run(t, context.Background())
	if err != nil || sum.Errors.Total != 10 || r.sinks[0].Count() != 30 || len(*resumed) != 0 {
		t.Errorf("%v, failures %d, %d reports, resumed %v", err, sum.Errors.Total, r.sinks[0].Count(), *resumed)
	}
}

// TestLiveStreamGoesOnWithoutASink is the same behind a live source, which may drop items.
func TestLiveStreamGoesOnWithoutASink(t *testing.T) {
	r, _ := outageRig(nil)
	r.Source, r.source.IsLive = r.source, true
	r.sinks[0].OnConsume = func(context.Context, pipeline.Report) error { return syscall.ENOSPC }
	sum, err := r.run(t, context.Background())
	if err != nil || sum.Frames == 0 || sum.Drops.Sinks["sink1"] == 0 || r.sinks[1].Count() == 0 {
		t.Errorf("%v, %d frames, drops %v, %d reports beside it", err, sum.Frames, sum.Drops.Sinks, r.sinks[1].Count())
	}
}
