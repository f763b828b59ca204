package mqtt

import (
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// TestWordsBesidePictures: what is heard does not change what is seen.
func TestWordsBesidePictures(t *testing.T) {
	r := newRig(t)
	r.broker.start()
	s := r.open()
	base := "corallite/front_door"
	r.consume(s, person(1), person(2))
	r.broker.is(base+"/person/count", "2")
	counts := len(r.broker.of(base + "/person/count"))
	s.mu.Lock()
	seen := s.reported
	s.mu.Unlock()
	time.Sleep(time.Millisecond)

	var pool audio.Pool
	hear := func(label string) {
		c := pool.Get(160)
		at := time.Now()
		*c.Meta() = pipeline.Meta{Time: at}
		ev := pipeline.Event{
			Time: at, Pipeline: "front door", Model: "nabu", Task: "wakeword", Device: "cpu:builtin",
			Result: pipeline.Result{Keywords: pipeline.Keywords{{Label: label, Score: 0.9}}},
		}
		if err := s.Consume(t.Context(), pipeline.Report{Item: c, Events: []pipeline.Event{ev}}); err != nil {
			t.Error(err)
		}
		c.Release()
	}
	hear("okay_nabu")
	if !waitFor(func() bool { m, _ := r.broker.last(base + "/words"); return strings.Contains(m.payload, `"okay_nabu"`) }) {
		t.Fatal("no word")
	}
	s.mu.Lock()
	p := *s.counts["person"]
	if p.now != 2 || !p.low.IsZero() || len(s.objects) != 2 || !s.reported.Equal(seen) || s.state.Device != "cpu:xnnpack" {
		t.Errorf("after a word: %+v, %d objects, reported at %v, on %s", p, len(s.objects), s.reported.Sub(seen), s.state.Device)
	}
	s.mu.Unlock()
	if n := len(r.broker.of(base + "/person/count")); n != counts {
		t.Errorf("%d counts were published, not %d", n, counts)
	}
	r.close(s)
}
