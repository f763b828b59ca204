package mic

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// hurried is a clock on which every wait is over at once.
type hurried struct{}

func (hurried) Now() time.Time { return time.Time{} }

func (hurried) After(d time.Duration) (<-chan time.Time, func() bool) {
	passed := make(chan time.Time, 1)
	passed <- time.Time{}.Add(d)
	return passed, func() bool { return true }
}

// still is a clock that stands still.
type still struct{ hurried }

func (still) After(time.Duration) (<-chan time.Time, func() bool) {
	return nil, func() bool { return true }
}

var errCall = errors.New("the call failed")

func TestCalls(t *testing.T) {
	c := guardedCalls{clock: still{}}
	undo := func() error {
		t.Error("a call that was waited for is taken back")
		return nil
	}
	for _, want := range []error{nil, errCall} {
		if err := c.do(context.Background(), "opening", func() (func() error, error) { return undo, want }); err != want {
			t.Errorf("do: %v, not %v", err, want)
		}
		if err := c.close(false, func() error { return want }); err != want {
			t.Errorf("close: %v, not %v", err, want)
		}
	}
	if len(c.abandoned) != 0 {
		t.Errorf("%d calls hang", len(c.abandoned))
	}
}

// TestCallsHang: calls that hang are left behind, but not more than a few. What comes of them later is taken back.
func TestCallsHang(t *testing.T) {
	c := guardedCalls{clock: hurried{}}
	release := make(chan struct{})
	undone := make(chan struct{}, maxAbandoned)
	hang := func() (func() error, error) {
		<-release
		return func() error { undone <- struct{}{}; return nil }, nil
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for i := range maxAbandoned - 1 {
		if i == 0 {
			c.clock = still{}
			if err := c.do(canceled, "opening", hang); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			c.clock = hurried{}
			continue
		}
		if err := c.do(context.Background(), "opening", hang); err == nil || !strings.Contains(err.Error(), "opening took longer than 10s") {
			t.Error(err)
		}
	}
	err := c.close(true, func() error { <-release; return nil })
	if err == nil || !strings.Contains(err.Error(), "closing the microphone took longer than 1s") {
		t.Error(err)
	}
	never := func() (func() error, error) {
		t.Error("one more call is made")
		return nil, nil
	}
	if err := c.do(context.Background(), "opening", never); err == nil || !strings.Contains(err.Error(), "4 calls are still waiting, the oldest is opening") {
		t.Error(err)
	}
	close(release)
	for range maxAbandoned - 1 {
		<-undone
	}
	for _, a := range c.abandoned {
		<-a.returned
	}
	c.clock = still{}
	if err := c.do(context.Background(), "opening", func() (func() error, error) { return nil, nil }); err != nil || len(c.abandoned) != 0 {
		t.Errorf("%v, %d calls hang", err, len(c.abandoned))
	}
}
