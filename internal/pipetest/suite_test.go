package pipetest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sourceCase(items *Items, count int, live bool) SourceCase[*FakeItem] {
	return SourceCase[*FakeItem]{
		Open: func() (pipeline.Source[*FakeItem], error) {
			return &FakeSource{Items: items, Count: count, IsLive: live}, nil
		},
		Items: count, Alive: items.Alive, Wait: time.Second,
		Sum: func(it *FakeItem) uint64 { return it.Value },
	}
}

func TestFakesKeepTheContracts(t *testing.T) {
	for _, recycle := range []bool{false, true} {
		TestSource(t, sourceCase(&Items{Recycle: recycle}, 8, false))
		TestSource(t, sourceCase(&Items{Recycle: recycle}, -1, true))
	}
	TestSink(t, SinkCase{Open: func() (pipeline.Sink, error) { return &FakeSink{}, nil }})
	TestEngine(t, EngineCase{Open: func() (pipeline.Engine, error) { return NewFakeEngine("cpu:fake", 64), nil }})
}

// spoiltSource is a source with one thing wrong.
type spoiltSource struct {
	*FakeSource
	next  func(s *FakeSource, ctx context.Context) (*FakeItem, error)
	close func(s *FakeSource) error
	total int
}

func (s *spoiltSource) Next(ctx context.Context) (*FakeItem, error) {
	if s.next != nil {
		return s.next(s.FakeSource, ctx)
	}
	return s.FakeSource.Next(ctx)
}

func (s *spoiltSource) Close() error {
	if s.close != nil {
		return s.close(s.FakeSource)
	}
	return s.FakeSource.Close()
}

func (s *spoiltSource) Stats() pipeline.Stats { return pipeline.Stats{Total: s.total} }

func TestSourceSuiteFinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*spoiltSource)
		want  string
	}{
		{"an early end", func(s *spoiltSource) { s.Count-- }, "7 items, not 8"},
		{"an item too many", func(s *spoiltSource) { s.Count++ }, "more than 8 items"},
		{"a wrapped end", func(s *spoiltSource) {
			s.next = func(f *FakeSource, ctx context.Context) (*FakeItem, error) {
				it, err := f.Next(ctx)
				if err == io.EOF {
					err = errors.Join(err)
				}
				return it, err
			}
		}, "EOF"},
		{"a wrong total", func(s *spoiltSource) { s.total = 9 }, "Stats say 9"},
		{"an item kept", func(s *spoiltSource) {
			s.next = func(f *FakeSource, ctx context.Context) (*FakeItem, error) {
				it, err := f.Next(ctx)
				if err == nil {
					it.Retain()
				}
				return it, err
			}
		}, "have references"},
		{"memory used again too early", func(s *spoiltSource) {
			var one *FakeItem
			s.next = func(f *FakeSource, ctx context.Context) (*FakeItem, error) {
				it, err := f.Next(ctx)
				if err != nil {
					return nil, err
				}
				if one == nil || !one.InUse() {
					one = it
					return it, nil
				}
				one.Value = it.Value
				one.Retain()
				it.Release()
				return one, nil
			}
		}, "item 0 changed while it was kept"},
		{"a context not looked at", func(s *spoiltSource) {
			s.next = func(f *FakeSource, _ context.Context) (*FakeItem, error) { return f.Next(context.Background()) }
		}, "Next with an ended context gives <nil>"},
		{"a context that ends it for good", func(s *spoiltSource) {
			s.next = func(f *FakeSource, ctx context.Context) (*FakeItem, error) {
				if ctx.Err() != nil {
					return nil, errors.Join(ctx.Err(), f.Close())
				}
				return f.Next(ctx)
			}
		}, "Next after one with an ended context"},
		{"an end after close", func(s *spoiltSource) {
			s.next = func(f *FakeSource, ctx context.Context) (*FakeItem, error) {
				if f.Closed() {
					return nil, io.EOF
				}
				return f.Next(ctx)
			}
		}, "Next after Close gives EOF"},
		{"a second close", func(s *spoiltSource) {
			s.close = func(f *FakeSource) error {
				if f.Closed() {
					return ErrClosed
				}
				return f.Close()
			}
		}, "second close: closed"},
		{"a panic", func(s *spoiltSource) {
			s.next = func(*FakeSource, context.Context) (*FakeItem, error) { panic("oh") }
		}, "it panicked: oh"},
		{"no name", func(s *spoiltSource) {
			s.next = func(f *FakeSource, ctx context.Context) (*FakeItem, error) {
				it, err := f.Next(ctx)
				if err == nil {
					it.Meta().Source = ""
				}
				return it, err
			}
		}, "Meta.Source is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			items := &Items{}
			sc := sourceCase(items, 8, false)
			if c.name == "a panic" {
				sc.Wait = 50 * time.Millisecond
			}
			open := sc.Open
			sc.Open = func() (pipeline.Source[*FakeItem], error) {
				inner, err := open()
				s := &spoiltSource{FakeSource: inner.(*FakeSource)}
				c.spoil(s)
				return s, err
			}
			// The check that closes during Next runs Next by itself, where a panic cannot be caught.
			var err error
			if c.name == "a panic" {
				err = runAll(sc.checks()[:1])
			} else {
				err = CheckSource(sc)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the suite says %v, not %q", err, c.want)
			}
		})
	}
}

// spoiltSink is a sink with one thing wrong.
type spoiltSink struct {
	*FakeSink
	consume func(s *FakeSink, r pipeline.Report) error
	close   func(s *FakeSink) error
}

func (s *spoiltSink) Consume(ctx context.Context, r pipeline.Report) error {
	if s.consume != nil {
		return s.consume(s.FakeSink, r)
	}
	return s.FakeSink.Consume(ctx, r)
}

func (s *spoiltSink) Close() error {
	if s.close != nil {
		return s.close(s.FakeSink)
	}
	return s.FakeSink.Close()
}

func TestSinkSuiteFinds(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for _, c := range []struct {
		name  string
		spoil func(*spoiltSink)
		want  string
	}{
		{"consume after close", func(s *spoiltSink) {
			s.consume = func(*FakeSink, pipeline.Report) error { return nil }
		}, "Consume after Close gives no error"},
		{"a changed event", func(s *spoiltSink) {
			s.consume = func(_ *FakeSink, r pipeline.Report) error {
				if len(r.Events[0].Detections) > 0 {
					r.Events[0].Detections[0].Label = "cat"
				}
				return nil
			}
		}, "the sink changed the report"},
		{"an item kept", func(s *spoiltSink) {
			s.consume = func(_ *FakeSink, r pipeline.Report) error {
				r.Item.Retain()
				return nil
			}
		}, "have references after Close"},
		{"an error", func(s *spoiltSink) {
			s.consume = func(*FakeSink, pipeline.Report) error { return errors.New("oh") }
		}, "report 0: oh"},
		{"a second close", func(s *spoiltSink) {
			s.close = func(f *FakeSink) error {
				if f.Closed() {
					return ErrClosed
				}
				return f.Close()
			}
		}, "second close: closed"},
		{"a goroutine left behind", func(*spoiltSink) { go func() { <-stop }() }, "found unexpected goroutines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckSink(SinkCase{Open: func() (pipeline.Sink, error) {
				s := &spoiltSink{FakeSink: &FakeSink{}}
				c.spoil(s)
				return s, nil
			}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the suite says %v, not %q", err, c.want)
			}
		})
	}
}

// spoiltEngine is an engine with one thing wrong.
type spoiltEngine struct {
	*FakeEngine
	invoke func(e *FakeEngine, ctx context.Context) error
	output func(e *FakeEngine) tensor.Tensor
}

func (e *spoiltEngine) Invoke(ctx context.Context) error {
	if e.invoke != nil {
		return e.invoke(e.FakeEngine, ctx)
	}
	return e.FakeEngine.Invoke(ctx)
}

func (e *spoiltEngine) Output(i int) tensor.Tensor {
	if e.output != nil {
		return e.output(e.FakeEngine)
	}
	return e.FakeEngine.Output(i)
}

func TestEngineSuiteFinds(t *testing.T) {
	opened := 0
	for _, c := range []struct {
		name  string
		spoil func(*spoiltEngine)
		want  string
	}{
		{"no device", func(e *spoiltEngine) { e.SetDevice(pipeline.Device{}) }, "the device has no name"},
		{"no reason", func(e *spoiltEngine) { e.SetDevice(pipeline.Device{Name: "cpu:x", Degraded: true}) }, "without a reason"},
		{"a context not looked at", func(e *spoiltEngine) {
			e.invoke = func(f *FakeEngine, _ context.Context) error { return f.Invoke(context.Background()) }
		}, "Invoke with an ended context gives <nil>"},
		{"another answer each time", func(e *spoiltEngine) {
			e.invoke = func(f *FakeEngine, ctx context.Context) error {
				err := f.Invoke(ctx)
				f.memory[1][7] += byte(f.Runs())
				return err
			}
		}, "same input, same output: output 0 differs"},
		{"another answer each engine", func(e *spoiltEngine) {
			opened++
			mine := byte(opened)
			e.invoke = func(f *FakeEngine, ctx context.Context) error {
				err := f.Invoke(ctx)
				f.memory[1][7] += mine
				return err
			}
		}, "opened again, same output: output 0 differs"},
		{"memory after close", func(e *spoiltEngine) {
			e.output = func(f *FakeEngine) tensor.Tensor { return tensor.Tensor{Info: f.info[1][0], Data: f.memory[1]} }
		}, "output 0 gives memory after Close"},
		{"a short output", func(e *spoiltEngine) {
			e.output = func(f *FakeEngine) tensor.Tensor {
				out := f.Output(0)
				if len(out.Data) > 0 {
					out.Data = out.Data[1:]
				}
				return out
			}
		}, "has 7 bytes, not 8"},
		{"invoke after close", func(e *spoiltEngine) {
			e.invoke = func(f *FakeEngine, ctx context.Context) error {
				if f.Closed() {
					return nil
				}
				return f.Invoke(ctx)
			}
		}, "Invoke after Close gives no error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckEngine(EngineCase{Open: func() (pipeline.Engine, error) {
				e := &spoiltEngine{FakeEngine: NewFakeEngine("cpu:fake", 64)}
				c.spoil(e)
				return e, nil
			}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the suite says %v, not %q", err, c.want)
			}
		})
	}
}

// TestFakesNotice uses the fakes wrongly.
func TestFakesNotice(t *testing.T) {
	items := &Items{}
	it := items.New(1, pipeline.Meta{})
	if err := items.Err(); err == nil || !strings.Contains(err.Error(), "1 of 1 items were not released") {
		t.Errorf("%v", err)
	}
	it.Release()
	if err := items.Err(); err != nil {
		t.Error(err)
	}
	it.Release()
	if err := items.Err(); err == nil || !strings.Contains(err.Error(), "once too often") {
		t.Errorf("%v", err)
	}

	e := NewFakeEngine("edgetpu:fake", 64)
	e.Run = func(context.Context, int) error {
		e.memory[0][0]++ // as a staging buffer that is the input would
		e.Output(0)
		return nil
	}
	if err := e.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), "the input changed while") || !strings.Contains(err.Error(), "asked for while") {
		t.Errorf("%v", err)
	}

	s := &FakeSink{}
	for range 2 {
		r := FakeReport(items, 3)
		if err := s.Consume(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		r.Item.Release()
	}
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "item 3 came after item 3") {
		t.Errorf("%v", err)
	}
}
