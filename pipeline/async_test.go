package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// lateSink tells of what happened when it is closed.
type lateSink struct {
	pipetest.FakeSink
	later pipeline.ErrorReporter
	early bool // a report came before SetReporter
}

func (s *lateSink) SetReporter(to pipeline.ErrorReporter) {
	s.early = s.Count() > 0
	s.later = to
}

func (s *lateSink) Close() error {
	s.later.Failed("door.jpg item 1", errors.New("no answer"))
	s.later.Lost(2)
	s.later.Lost(3)
	return s.FakeSink.Close()
}

func TestAsyncSink(t *testing.T) {
	r := newRig(3, "cpu")
	late := &lateSink{}
	r.Sinks = append(r.Sinks, pipeline.NamedSink{Name: "webhook", Sink: late})
	var told []string
	r.OnError = func(f pipeline.Failure) { told = append(told, f.Err.Error()) }
	sum, err := r.run(t, context.Background())
	if err != nil || late.early || late.Count() != 3 {
		t.Fatalf("%v, told late: %v, %d reports", err, late.early, late.Count())
	}
	if sum.Drops.Sinks["webhook"] != 5 || sum.Drops.Sinks["sink1"] != 0 {
		t.Errorf("drops %v", sum.Drops.Sinks)
	}
	want := []pipeline.ErrorEntry{
		{Stage: pipeline.StageSink, Name: "webhook", Item: "door.jpg item 1", Error: "no answer"},
		{Stage: pipeline.StageSink, Name: "webhook", Error: "sink webhook: too much at once: the oldest work is dropped (the summary says how much)"},
	}
	if sum.Errors.Total != 2 || !slices.Equal(sum.Errors.First, want) {
		t.Errorf("errors %+v", sum.Errors)
	}
	if len(told) != 2 || told[0] != "door.jpg item 1: no answer" {
		t.Errorf("OnError got %q", told)
	}
}
