package assemble

import (
	"context"
	"errors"
	"slices"
	"testing"

	"corallite/pipeline"
)

// slowSink is an asynchronous sink, which a test lets report.
type slowSink struct {
	to       pipeline.ErrorReporter
	consumed int
	closed   int
}

func (s *slowSink) Consume(context.Context, pipeline.Report) error { s.consumed++; return nil }
func (s *slowSink) Lossless() bool                                 { return true }
func (s *slowSink) SetReporter(to pipeline.ErrorReporter)          { s.to = to }
func (s *slowSink) Close() error {
	s.closed++
	s.to.Failed("last", errors.New("at the end"))
	return nil
}

// heardOf is who is told of failures.
type heardOf struct{ all []string }

func (h *heardOf) Failed(item string, err error) { h.all = append(h.all, item+": "+err.Error()) }
func (h *heardOf) Lost(int)                      { h.all = append(h.all, "lost") }

// TestShared has three streams with one sink, which end one after the other.
func TestShared(t *testing.T) {
	sink := &slowSink{}
	s := &shared{sink: sink}
	streams := make([]heardOf, 3)
	var shares []pipeline.Sink
	for i := range streams {
		one := s.of(0)
		one.(pipeline.AsyncSink).SetReporter(&streams[i])
		if err := one.Consume(t.Context(), pipeline.Report{}); err != nil || !one.Lossless() {
			t.Fatal(err)
		}
		shares = append(shares, one)
	}
	sink.to.Failed("a", errors.New("x"))
	for range 2 { // twice is safe
		if err := shares[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
	sink.to.Lost(3)
	shares[1].Close()
	sink.to.Failed("b", errors.New("y"))
	if sink.closed != 0 {
		t.Fatal("it is closed while a stream has it")
	}
	shares[2].Close()
	sink.to.Failed("nobody", errors.New("is there"))
	want := [][]string{{"a: x"}, {"lost"}, {"b: y", "last: at the end"}}
	for i, w := range want {
		if !slices.Equal(streams[i].all, w) {
			t.Errorf("stream %d was told %q, want %q", i, streams[i].all, w)
		}
	}
	if sink.closed != 1 || sink.consumed != 3 {
		t.Errorf("closed %d times, %d reports", sink.closed, sink.consumed)
	}
}

// TestSharedPlain has a sink that reports nothing later, and so is not asked to.
func TestSharedPlain(t *testing.T) {
	s := &shared{sink: ringer{new(bell)}}
	if _, is := s.of(0).(pipeline.AsyncSink); is {
		t.Error("it is asynchronous")
	}
}
