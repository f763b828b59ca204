package assemble

import (
	"context"
	"slices"
	"sync"

	"corallite/pipeline"
)

// shared is a sink that several streams give their reports, one call at a time. It is closed when all have closed it.
type shared struct {
	sink  pipeline.Sink
	order *order     // of the reports of two streams, which must have its gates; nil: as they come
	mu    sync.Mutex // of the sink's calls
	open  int        // how many have not closed it

	late sync.Mutex
	told []listener // who is told what an asynchronous sink reports later: the first of them
}

// listener is who a stream wants to be told.
type listener struct {
	by *share
	to pipeline.ErrorReporter
}

// share is a shared sink as one of the streams has it.
type share struct {
	*shared
	side   int // in the order
	closed sync.Once
}

// asyncShare is that of an asynchronous sink.
type asyncShare struct{ *share }

// of gives a stream its share of the sink, before others have closed theirs: side is which one it is in the order, if there
// is one.
func (s *shared) of(side int) pipeline.Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	one := &share{shared: s, side: side}
	if _, ok := s.sink.(pipeline.AsyncSink); ok {
		return asyncShare{one}
	}
	return one
}

func (s *share) Consume(ctx context.Context, r pipeline.Report) error {
	if s.order != nil {
		s.order.turn(s.side)
		defer s.order.taken(s.side)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink.Consume(ctx, r)
}

func (s *share) Lossless() bool { return s.sink.Lossless() }

func (s *share) Close() error {
	var err error
	s.closed.Do(func() {
		if s.order != nil {
			s.order.end(s.side)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open--; s.open == 0 {
			err = s.sink.Close() // which still reports to this one
		}
		s.late.Lock()
		defer s.late.Unlock()
		s.told = slices.DeleteFunc(s.told, func(l listener) bool { return l.by == s })
	})
	return err
}

// SetReporter is called by each stream before its first report.
func (s asyncShare) SetReporter(to pipeline.ErrorReporter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late.Lock()
	s.told = append(s.told, listener{s.share, to})
	first := len(s.told) == 1
	s.late.Unlock()
	if first {
		s.sink.(pipeline.AsyncSink).SetReporter(s.shared)
	}
}

// Failed is pipeline.ErrorReporter's.
func (s *shared) Failed(item string, err error) {
	if to := s.reporter(); to != nil {
		to.Failed(item, err)
	}
}

// Lost is pipeline.ErrorReporter's.
func (s *shared) Lost(n int) {
	if to := s.reporter(); to != nil {
		to.Lost(n)
	}
}

// reporter is who is told now; nil: all streams have ended.
func (s *shared) reporter() pipeline.ErrorReporter {
	s.late.Lock()
	defer s.late.Unlock()
	if len(s.told) == 0 {
		return nil
	}
	return s.told[0].to
}
