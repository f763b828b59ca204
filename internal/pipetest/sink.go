package pipetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"corallite/pipeline"
)

// FakeSink keeps what it gets.
type FakeSink struct {
	IsLossless bool // what Lossless returns
	Discard    bool // only count
	OnConsume  func(ctx context.Context, r pipeline.Report) error
	OnClose    func() error

	busy    atomic.Bool
	mu      sync.Mutex
	count   int
	reports []Kept
	closed  int
	misuses []error
}

// Kept is what a FakeSink keeps of a report.
type Kept struct {
	Seq    uint64
	Events []pipeline.Event
}

// Consume keeps the report.
func (s *FakeSink) Consume(ctx context.Context, r pipeline.Report) error {
	if s.busy.Swap(true) {
		s.wrong("two Consumes at once")
	}
	defer s.busy.Store(false)
	if it, ok := r.Item.(*FakeItem); ok && !it.InUse() {
		s.wrong("an item came after its release")
	}
	if s.OnConsume != nil {
		if err := s.OnConsume(ctx, r); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed > 0 {
		return ErrClosed
	}
	seq := r.Item.Meta().Seq
	if n := len(s.reports); n > 0 && s.reports[n-1].Seq >= seq {
		s.misuses = append(s.misuses, fmt.Errorf("sink: item %d came after item %d", seq, s.reports[n-1].Seq))
	}
	s.count++
	if !s.Discard {
		s.reports = append(s.reports, Kept{seq, r.Events})
	}
	return nil
}

// Lossless is IsLossless.
func (s *FakeSink) Lossless() bool { return s.IsLossless }

// Close calls OnClose the first time.
func (s *FakeSink) Close() error {
	if s.busy.Load() {
		s.wrong("closed during Consume")
	}
	s.mu.Lock()
	s.closed++
	first := s.closed == 1
	s.mu.Unlock()
	if first && s.OnClose != nil {
		return s.OnClose()
	}
	return nil
}

// Closed says whether Close was called.
func (s *FakeSink) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed > 0
}

// Count is how many reports came.
func (s *FakeSink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Reports is what came, in order.
func (s *FakeSink) Reports() []Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Kept(nil), s.reports...)
}

// Err is nil when the sink was used as a Sink may be.
func (s *FakeSink) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.misuses...)
}

func (s *FakeSink) wrong(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misuses = append(s.misuses, errors.New("sink: "+what))
}
