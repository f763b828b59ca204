package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// chance is a random choice that several goroutines may ask, decided by its seed and the number of the question.
type chance struct {
	seed  uint64
	asked atomic.Uint64
}

// of says yes with probability p.
func (c *chance) of(p float64) bool {
	return rand.New(rand.NewPCG(c.seed, c.asked.Add(1))).Float64() < p
}

// pause waits a little, now and then.
func (c *chance) pause(p float64) {
	if c.of(p) {
		time.Sleep(time.Duration(rand.N(400)) * time.Microsecond)
	}
}

// randomRig is a stream of one to three models on one to three engines each, one to three sinks, with pauses and
// failures everywhere. Whether something is sure to end it early is told as well.
func randomRig(rng *rand.Rand) *rig {
	pick := func(words ...string) string { return words[rng.IntN(len(words))] }
	ask := func() *chance { return &chance{seed: rng.Uint64()} }
	item := &pipeline.ItemError{Source: "fake", Err: errBroken}
	fail := func(c *chance, items, fatal float64) error {
		switch {
		case c.of(items):
			return item
		case c.of(fatal):
			return errBroken
		}
		return nil
	}
	fatal := 0.0
	if rng.IntN(3) == 0 {
		fatal = 0.002
	}
	slow := rng.Float64() * 0.2

	r := &rig{items: &pipetest.Items{}}
	r.source = &pipetest.FakeSource{Items: r.items, Count: rng.IntN(150), IsLive: rng.IntN(2) == 0}
	reads := ask()
	r.source.Read = func(context.Context, int) error {
		reads.pause(slow)
		return fail(reads, 0.05, fatal)
	}
	r.Stream = &pipeline.Stream[*pipetest.FakeItem]{Name: "random", Source: r.source}
	for m := range 1 + rng.IntN(3) {
		work := ask()
		task := &pipetest.FakeTask{
			OnPrepare: func(*pipetest.FakeItem) error {
				work.pause(slow)
				return fail(work, 0.05, fatal)
			},
			OnDecode: func(uint64) error {
				work.pause(slow)
				if work.of(0.01) {
					panic("strange output")
				}
				return fail(work, 0.05, fatal)
			},
		}
		var devices []string
		for range 1 + rng.IntN(3) {
			devices = append(devices, pick("cpu:fake", "edgetpu:fake"))
		}
		r.addModel(fmt.Sprintf("model%d", m), task, devices...)
		r.Models[m].Overlap = rng.IntN(4) == 0
	}
	for _, e := range r.engines {
		runs := ask()
		e.Run = func(context.Context, int) error {
			runs.pause(slow)
			return fail(runs, 0, fatal/2)
		}
	}
	for range 1 + rng.IntN(3) {
		takes := ask()
		r.addSink(&pipetest.FakeSink{IsLossless: rng.IntN(2) == 0, OnConsume: func(context.Context, pipeline.Report) error {
			takes.pause(slow)
			return fail(takes, 0.05, fatal)
		}}, rng.IntN(6))
	}
	return r
}

// TestRandomStreams runs many streams, some of which are cancelled or fail, and checks what holds for all: Run
// returns, references are exact, the numbers add up, the order is kept, events belong to their items.
func TestRandomStreams(t *testing.T) {
	streams := 150
	if testing.Short() {
		streams = 30
	}
	failed, interrupted := 0, 0
	for seed := range uint64(streams) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			r := randomRig(rng)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if rng.IntN(3) == 0 {
				timer := time.AfterFunc(time.Duration(rng.IntN(8))*time.Millisecond, cancel)
				defer timer.Stop()
			}
			sinkErrors := make(map[string]uint64)
			r.OnError = func(f pipeline.Failure) {
				if f.Stage == pipeline.StageSink {
					sinkErrors[f.Name]++
				}
			}
			sum, err := r.run(t, ctx) // checks references, order and what the source gave
			if err != nil && !errors.Is(err, errBroken) {
				t.Errorf("error %v", err)
			}
			if (err != nil) != (sum.Error != "") {
				t.Errorf("error %v, summary %+v", err, sum)
			}
			if !r.source.IsLive && sum.Dropped > 0 {
				t.Errorf("%d of a file's items were dropped", sum.Dropped)
			}
			for i, s := range r.sinks {
				name := r.Sinks[i].Name
				got := uint64(s.Count()) + sinkErrors[name] + sum.Drops.Sinks[name]
				if got != sum.Frames {
					t.Errorf("%s: %d reports + %d failed + %d dropped, but %d frames", name, s.Count(), sinkErrors[name],
						sum.Drops.Sinks[name], sum.Frames)
				}
				if s.IsLossless && !r.source.IsLive && err == nil && sum.Drops.Sinks[name] > 0 {
					t.Errorf("%s is lossless and lost %d", name, sum.Drops.Sinks[name])
				}
				checkEvents(t, r, s)
			}
			if err != nil {
				failed++
			}
			if sum.Interrupted {
				interrupted++
			}
		})
	}
	if failed == 0 || interrupted == 0 || failed+interrupted >= streams {
		t.Errorf("%d of %d streams failed and %d were interrupted: the mix is no good", failed, streams, interrupted)
	}
}

// checkEvents checks that the events of a report are of its item and in the order of the models.
func checkEvents(t *testing.T, r *rig, s *pipetest.FakeSink) {
	t.Helper()
	for _, rep := range s.Reports() {
		last := -1
		for _, ev := range rep.Events {
			if ev.Seq != rep.Seq || len(rep.Events) > len(r.Models) {
				t.Fatalf("item %d has events %+v", rep.Seq, rep.Events)
			}
			for m := range r.Models {
				if r.Models[m].Name == ev.Model {
					if m <= last {
						t.Fatalf("item %d: the models' order is not kept", rep.Seq)
					}
					last = m
				}
			}
		}
	}
}
