package pipetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"corallite/pipeline"
)

// SourceCase tells the suite about a Source.
type SourceCase[T pipeline.Item] struct {
	// Open opens a new source at its beginning. The suite closes it.
	Open func() (pipeline.Source[T], error)
	// Items is how many items it gives before io.EOF, those that come as an *ItemError not counted; negative when it
	// has no end. At least 2.
	Items int
	// Sum is a checksum of an item's contents. With it the suite checks that items that are kept do not change.
	Sum func(T) uint64
	// Alive is how many items have references; it must come back to what it was. Nil: not checked.
	Alive func() int
	// Wait is how long an item, and any call, may take; 0 means 10 seconds.
	Wait time.Duration
}

// TestSource checks the contract of pipeline.Source, a subtest for each rule.
func TestSource[T pipeline.Item](t *testing.T, c SourceCase[T]) {
	t.Helper()
	subtests(t, c.checks())
}

// CheckSource checks the contract of pipeline.Source and returns what is wrong.
func CheckSource[T pipeline.Item](c SourceCase[T]) error { return runAll(c.checks()) }

func (c SourceCase[T]) checks() []check {
	if c.Wait == 0 {
		c.Wait = defaultWait
	}
	on := func(f func(pipeline.Source[T]) error) func() error {
		return func() error {
			alive := 0
			if c.Alive != nil {
				alive = c.Alive()
			}
			s, err := c.Open()
			if err != nil {
				return fmt.Errorf("open: %w", err)
			}
			err = errors.Join(f(s), s.Close())
			if c.Alive != nil && c.Alive() != alive && err == nil {
				err = fmt.Errorf("%d items have references, %d had before", c.Alive(), alive)
			}
			return err
		}
	}
	return []check{
		{"items and end", on(c.itemsAndEnd)},
		{"kept items do not change", on(c.keptItems)},
		{"ended context", on(c.endedContext)},
		{"close", on(c.closing)},
		{"close without next", on(func(s pipeline.Source[T]) error { return closeTwice(s) })},
		{"close during next", on(c.closeDuringNext)},
	}
}

// next is the next item that could be read, and how many could not.
func (c SourceCase[T]) next(s pipeline.Source[T]) (item T, bad int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Wait)
	defer cancel()
	for {
		err = within(2*c.Wait, "Next", func() (err error) {
			item, err = s.Next(ctx)
			return err
		})
		var one *pipeline.ItemError
		if !errors.As(err, &one) {
			return item, bad, err
		}
		bad++
		if bad > 1000 {
			return item, bad, fmt.Errorf("1000 item errors in a row: %w", err)
		}
	}
}

func (c SourceCase[T]) itemsAndEnd(s pipeline.Source[T]) error {
	count, bad := 0, 0
	var last pipeline.Meta
	for c.Items >= 0 || count < 5 {
		item, b, err := c.next(s)
		bad += b
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("item %d: %w", count, err)
		}
		meta := item.Meta()
		if meta == nil {
			return fmt.Errorf("item %d has no Meta", count)
		}
		m := *meta
		item.Release()
		switch {
		case m.Source == "":
			return fmt.Errorf("item %d: Meta.Source is empty", count)
		case m.Position < 0:
			return fmt.Errorf("item %d: Meta.Position is %v", count, m.Position)
		case m.Source == last.Source && m.Position < last.Position:
			return fmt.Errorf("item %d: Meta.Position went back from %v to %v", count, last.Position, m.Position)
		case m.Time.Before(last.Time):
			return fmt.Errorf("item %d: Meta.Time went back from %v to %v", count, last.Time, m.Time)
		}
		last = m
		if count++; c.Items >= 0 && count > c.Items {
			return fmt.Errorf("more than %d items", c.Items)
		}
	}
	if c.Items < 0 {
		return nil
	}
	if count != c.Items {
		return fmt.Errorf("%d items, not %d", count, c.Items)
	}
	if total := pipeline.StatsOf(s).Total; total > 0 && total != count+bad {
		return fmt.Errorf("Stats say %d items; %d came and %d could not be read", total, count, bad)
	}
	if _, _, err := c.next(s); err != io.EOF {
		return fmt.Errorf("Next after the end gives %v, not io.EOF", err)
	}
	return nil
}

func (c SourceCase[T]) keptItems(s pipeline.Source[T]) error {
	var kept []T
	var sums []uint64
	defer func() {
		for _, item := range kept {
			item.Release()
		}
	}()
	for i := 0; i < 6; i++ {
		item, _, err := c.next(s)
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
		if i >= 3 { // the memory of these is free for others
			item.Release()
			continue
		}
		item.Retain()
		item.Release()
		kept = append(kept, item)
		if c.Sum != nil {
			sums = append(sums, c.Sum(item))
		}
	}
	if len(kept) < 2 {
		return fmt.Errorf("%d items; the suite wants at least 2", len(kept))
	}
	for i, sum := range sums {
		if c.Sum(kept[i]) != sum {
			return fmt.Errorf("item %d changed while it was kept", i)
		}
	}
	return nil
}

func (c SourceCase[T]) endedContext(s pipeline.Source[T]) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := within(c.Wait, "Next with an ended context", func() error {
		item, err := s.Next(ctx)
		if err == nil {
			item.Release()
		}
		return err
	})
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("Next with an ended context gives %v, not the context's error", err)
	}
	item, _, err := c.next(s)
	if err != nil {
		return fmt.Errorf("Next after one with an ended context: %w", err)
	}
	item.Release()
	return nil
}

func (c SourceCase[T]) closing(s pipeline.Source[T]) error {
	live := s.Live()
	item, _, err := c.next(s)
	if err != nil {
		return err
	}
	if err := closeTwice(s); err != nil {
		item.Release()
		return err
	}
	item.Release() // an item may outlive its source
	err = within(c.Wait, "Next after Close", func() error {
		item, err := s.Next(context.Background())
		if err == nil {
			item.Release()
		}
		return err
	})
	var one *pipeline.ItemError
	if err == nil || err == io.EOF || errors.As(err, &one) {
		return fmt.Errorf("Next after Close gives %v, not an error that says so", err)
	}
	if s.Live() != live {
		return errors.New("Live is not the same after Close")
	}
	return nil
}

func (c SourceCase[T]) closeDuringNext(s pipeline.Source[T]) error {
	started := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		close(started)
		for {
			item, err := s.Next(context.Background())
			var one *pipeline.ItemError
			if err != nil && !errors.As(err, &one) {
				done <- nil
				return
			}
			if err == nil {
				item.Release()
			}
		}
	}()
	<-started
	if err := within(c.Wait, "Close during Next", s.Close); err != nil {
		return err
	}
	return within(c.Wait, "Next during Close", func() error { return <-done })
}
