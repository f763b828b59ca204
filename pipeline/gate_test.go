package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// evenGate passes reports of even items one item later, and the last one at the end.
type evenGate struct {
	asked []uint64
	held  *pipeline.Report
	ended int
	panic bool
}

func (g *evenGate) Pass(r pipeline.Report, put func(pipeline.Report)) {
	seq := r.Item.Meta().Seq
	g.asked = append(g.asked, seq)
	g.release(put)
	if g.panic && seq == 5 {
		panic("a gate")
	}
	if seq%2 == 0 && len(r.Events) > 0 {
		r.Item.Retain()
		g.held = &r
	}
}

func (g *evenGate) End(put func(pipeline.Report)) {
	g.ended++
	g.release(put)
}

func (g *evenGate) release(put func(pipeline.Report)) {
	if g.held != nil {
		put(*g.held)
		g.held.Item.Release()
		g.held = nil
	}
}

func seqs(s *pipetest.FakeSink) (all []uint64) {
	for _, r := range s.Reports() {
		all = append(all, r.Seq)
	}
	return all
}

func TestGate(t *testing.T) {
	r := newRig(9, "cpu:a", "cpu:b")
	g := &evenGate{}
	gated := r.addSink(&pipetest.FakeSink{IsLossless: true}, 1)
	r.Sinks[1].Gate = g
	if _, err := r.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	inOrder(t, r.sinks[0], 9)
	if got := seqs(gated); !slices.Equal(got, []uint64{0, 2, 4, 6, 8}) || g.ended != 1 || len(g.asked) != 9 {
		t.Errorf("%v, asked for %v, ended %d times", got, g.asked, g.ended)
	}
}

// TestGateIsAskedInSilence has a model that reports nothing: time goes on for a gate.
func TestGateIsAskedInSilence(t *testing.T) {
	r := newRig(4, "cpu:a")
	g := &evenGate{}
	r.Sinks[0].Gate = g
	r.Models[0].PostProcess = func(_ *pipetest.FakeItem, res *pipeline.Result) { res.Suppress = true }
	if _, err := r.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(g.asked) != 4 || len(r.sinks[0].Reports()) != 0 {
		t.Errorf("asked for %v, %d reports", g.asked, len(r.sinks[0].Reports()))
	}
}

func TestGatePanics(t *testing.T) {
	r := newRig(500, "cpu:a")
	g := &evenGate{panic: true}
	r.addSink(&pipetest.FakeSink{}, 0)
	r.Sinks[1].Gate = g
	_, err := r.run(t, context.Background())
	if err == nil || !strings.Contains(err.Error(), "sink sink2: the gate panicked: a gate") {
		t.Errorf("%v", err)
	}
	if last := g.asked[len(g.asked)-1]; last != 5 || g.ended != 0 {
		t.Errorf("a gate that panicked was asked for %v, ended %d times", g.asked, g.ended)
	}
}

// lossGate counts what it is told.
type lossGate struct {
	evenGate
	told chan time.Duration
}

func (g *lossGate) Lost(silent time.Duration, put func(pipeline.Report)) {
	g.release(put)
	select {
	case g.told <- silent:
	default:
	}
}

// lostSource is a live source that is lost after its items, until it ends.
type lostSource struct {
	pipeline.Source[*pipetest.FakeItem]
	lost atomic.Bool
}

func (s *lostSource) Stats() pipeline.Stats {
	if s.lost.Load() {
		return pipeline.Stats{Lost: "unplugged"}
	}
	return pipeline.Stats{}
}

// TestGateIsToldOfALoss has a camera that is unplugged after five pictures: what the gate holds goes out without a sixth.
func TestGateIsToldOfALoss(t *testing.T) {
	r := newRig(-1, "cpu:a")
	g := &lossGate{told: make(chan time.Duration, 1)}
	gated := r.addSink(&pipetest.FakeSink{IsLossless: true}, 0)
	r.Sinks[1].Gate = g
	source := &lostSource{Source: r.source}
	r.source.IsLive = true
	r.source.Interval = 5 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	r.source.Read = func(ctx context.Context, n int) error {
		if n < 5 {
			return nil
		}
		source.lost.Store(true)
		select {
		case silent := <-g.told:
			if silent <= 0 {
				t.Errorf("silent for %v", silent)
			}
		case <-time.After(10 * time.Second):
			t.Error("the gate was not told within 10 s")
		}
		stop()
		<-ctx.Done()
		return ctx.Err()
	}
	r.Source = source
	if _, err := r.run(t, ctx); err != nil {
		t.Fatal(err)
	}
	if got := seqs(gated); len(got) == 0 || g.ended != 1 {
		t.Errorf("%v, ended %d times", got, g.ended)
	}
}
