package pipeline_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"corallite/pipeline"
	"corallite/pipeline/pipetest"
)

// lateSink tells of what happened when it is closed.
type lateSink struct {
	pipetest.FakeSink
	later pipeline.Later
	early bool // a report came before Tell
}

func (s *lateSink) Tell(to pipeline.Later) {
	s.early = s.Count() > 0
	s.later = to
}

func (s *lateSink) Close() error {
	s.later.Failed("door.jpg item 1", errors.New("no answer"))
	s.later.Lost(2)
	s.later.Lost(3)
	return s.FakeSink.Close()
}

func TestDeferredSink(t *testing.T) {
	r := newRig(3, "cpu")
	late := &lateSink{}
	r.Sinks = append(r.Sinks, pipeline.NamedSink{Name: "webhook", Sink: late})
	var log strings.Builder
	r.Logger = slog.New(slog.NewTextHandler(&log, nil))
	sum, err := r.run(t, context.Background())
	if err != nil || late.early || late.Count() != 3 {
		t.Fatalf("%v, told late: %v, %d reports", err, late.early, late.Count())
	}
	if sum.Drops.Sinks["webhook"] != 5 || sum.Drops.Sinks["sink1"] != 0 {
		t.Errorf("drops %v", sum.Drops.Sinks)
	}
	want := pipeline.ErrorEntry{Stage: pipeline.StageSink, Name: "webhook", Item: "door.jpg item 1", Error: "no answer"}
	if sum.Errors.Total != 1 || sum.Errors.First[0] != want {
		t.Errorf("errors %+v", sum.Errors)
	}
	if n := strings.Count(log.String(), "waits longest is lost"); n != 1 {
		t.Errorf("the loss is logged %d times:\n%s", n, &log)
	}
}
