package mic

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// TestFeed gives sound in pieces, with gaps, a change of the rate and losses.
func TestFeed(t *testing.T) {
	f, err := NewFeed(FeedOptions{Name: "yard", Rate: 16000})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1000, 0)
	put := func(n, rate int, gap bool, lost time.Duration) {
		t.Helper()
		if err := f.Put(make([]float32, n), rate, at, gap, lost); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Duration(n) * time.Second / time.Duration(rate))
	}
	put(1600, 16000, false, 0)
	put(1600, 16000, false, 0)
	put(1600, 16000, true, 30*time.Millisecond)
	put(4800, 48000, false, 0)
	f.End()
	first, chunks, last := 0, 0, time.Time{}
	for {
		c, err := f.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.First {
			first++
		} else if d := c.Meta().Time.Sub(last); d != 10*time.Millisecond {
			t.Errorf("chunk %d comes %v after the one before", chunks, d)
		}
		last = c.Meta().Time
		if chunks == 0 && !last.Equal(time.Unix(1000, 0)) {
			t.Errorf("the first is of %v", last)
		}
		chunks++
		c.Release()
	}
	// What the resampler holds back at the end of a piece is less than a chunk.
	if first != 3 || chunks < 38 || chunks > 40 {
		t.Errorf("%d pieces, %d chunks", first, chunks)
	}
	if s := f.Stats(); !s.Buffered || s.Sound.LostS != 0.03 || s.Sound.Overruns != 1 {
		t.Errorf("%+v, %+v", s, s.Sound)
	}
	if err := f.Put(nil, 10, at, false, 0); err == nil {
		t.Error("10 samples a second")
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestFeedWaits waits for sound until its context ends or it is closed.
func TestFeedWaits(t *testing.T) {
	f, err := NewFeed(FeedOptions{Rate: 16000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	got := make(chan error)
	go func() {
		_, err := f.Next(context.Background())
		got <- err
	}()
	f.Close()
	if err := <-got; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
