package refcount

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestCount(t *testing.T) {
	var c Count
	if c.InUse() || c.Retain() {
		t.Error("the zero value is in use")
	}
	c.Start()
	if !c.InUse() || !c.Retain() {
		t.Error("it is not in use")
	}
	for i, want := range [][2]bool{{false, true}, {true, true}, {false, false}, {false, false}} {
		if last, ok := c.Release(); last != want[0] || ok != want[1] {
			t.Errorf("release %d: last %v, ok %v", i, last, ok)
		}
	}
	if c.InUse() || c.Retain() {
		t.Error("it came back")
	}
}

// TestOneIsLast releases from many goroutines: exactly one of them is told that it was the last.
func TestOneIsLast(t *testing.T) {
	var c Count
	c.Start()
	for range 99 {
		c.Retain()
	}
	var lasts atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Add(1)
		go func() {
			defer all.Done()
			if last, ok := c.Release(); last {
				lasts.Add(1)
			} else if !ok {
				t.Error("a release that was due is refused")
			}
		}()
	}
	all.Wait()
	if lasts.Load() != 1 || c.InUse() {
		t.Errorf("%d were the last", lasts.Load())
	}
}
