package pipetest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"corallite/pipeline"
)

// ErrClosed is what the fakes return after Close.
var ErrClosed = errors.New("closed")

// FakeSource gives FakeItems. The fields are set before the first Next.
type FakeSource struct {
	Items    *Items        // who makes the items; required
	Count    int           // how many until io.EOF; negative: without end
	IsLive   bool          // what Live returns
	Name     string        // Meta.Source; "fake" when empty
	Interval time.Duration // how long Next waits before each item, unless its context or the source ends
	// Read is called before item n, counted from 0 in calls of Next; when it returns an error, Next returns that
	// instead of the item.
	Read func(ctx context.Context, n int) error

	once   sync.Once
	closed chan struct{}
	init   sync.Once
	n      int
}

func (s *FakeSource) setUp() {
	s.init.Do(func() { s.closed = make(chan struct{}) })
}

// Next gives the next item.
func (s *FakeSource) Next(ctx context.Context) (*FakeItem, error) {
	s.setUp()
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	if s.Count >= 0 && s.n >= s.Count {
		return nil, io.EOF
	}
	n := s.n
	s.n++
	if s.Read != nil {
		if err := s.Read(ctx, n); err != nil {
			return nil, err
		}
	}
	name := s.Name
	if name == "" {
		name = "fake"
	}
	position := time.Duration(0)
	if !s.IsLive {
		position = time.Duration(n) * 40 * time.Millisecond
	}
	return s.Items.New(ValueOf(n), pipeline.Meta{Time: time.Now(), Source: name, Seq: uint64(n), Position: position}), nil
}

func (s *FakeSource) wait(ctx context.Context) error {
	select {
	case <-s.closed:
		return ErrClosed
	default:
	}
	if s.Interval == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(s.Interval)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return ErrClosed
	}
}

// Live is IsLive.
func (s *FakeSource) Live() bool { return s.IsLive }

// Stats say Count, where that is a number.
func (s *FakeSource) Stats() pipeline.Stats { return pipeline.Stats{Total: max(s.Count, 0)} }

// Close makes Next return ErrClosed.
func (s *FakeSource) Close() error {
	s.setUp()
	s.once.Do(func() { close(s.closed) })
	return nil
}

// Closed says whether Close was called.
func (s *FakeSource) Closed() bool {
	s.setUp()
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// ValueOf is the value of item n: another one for each, and never 0.
func ValueOf(n int) uint64 { return uint64(n)*0x9E3779B97F4A7C15 | 1 }
