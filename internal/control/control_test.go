package control

import (
	"math"
	"sync"
	"testing"
)

// TestThresholds: a model that is opened several times, at once, has one threshold, in its limits.
func TestThresholds(t *testing.T) {
	p := &Pipeline{}
	first := p.Add("nabu", 0.97)
	p.Add("faint", 0.05)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if p.Add("nabu", 0.5) != first {
				t.Error("it has another threshold")
			}
			p.Thresholds()
		})
	}
	all.Wait()
	ts := p.Thresholds()
	if len(ts) != 2 || ts[0] != first || first.Get() != 0.97 || first.Least() != Floor || ts[1].Least() != 0.05 {
		t.Errorf("%+v", ts)
	}
	for v, ok := range map[float64]bool{0.1: true, 1: true, 0.05: false, 1.1: false, math.NaN(): false} {
		before := first.Get()
		if first.Set(v) != ok || !ok && first.Get() != before {
			t.Errorf("%v: now %v", v, first.Get())
		}
	}
}
