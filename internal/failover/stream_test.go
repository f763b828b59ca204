package failover_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/failover"
	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

const (
	onDevice   = "edgetpu:fake"
	onFallback = "cpu:fake"
)

var errFault = errors.New("the Edge TPU is lost")

// faultyDevice opens engines that fail at random, in and after opening.
type faultyDevice struct {
	mu     sync.Mutex
	rng    *rand.Rand
	time   time.Duration // of a run
	opened []*pipetest.FakeEngine
}

// one says yes once in n times.
func (d *faultyDevice) one(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n) == 0
}

func (d *faultyDevice) engine(name string) *pipetest.FakeEngine {
	e := pipetest.NewFakeEngine(name, 64)
	e.Time = d.time
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened = append(d.opened, e)
	return e
}

func (d *faultyDevice) open(context.Context) (tensor.Engine, error) {
	if d.one(3) {
		return nil, fmt.Errorf("%w: not found", errFault)
	}
	e := d.engine(onDevice)
	e.Run = func(_ context.Context, n int) error {
		switch {
		case n == 0: // or there would be nothing to compare a device with that has no fallback
			return nil
		case d.one(25):
			return fmt.Errorf("%w: transfer failed", errFault)
		case d.one(50):
			panic(errFault)
		}
		return nil
	}
	if d.one(3) {
		return liar{e}, nil
	}
	return e, nil
}

// liar is an engine whose answers are wrong.
type liar struct{ *pipetest.FakeEngine }

func (l liar) Invoke(ctx context.Context) error {
	err := l.FakeEngine.Invoke(ctx)
	out := l.Output(0).Data
	for i := range out {
		out[i] ^= 0x55
	}
	return err
}

// working is an engine of the device that is open and answers rightly.
func (d *faultyDevice) working(t *testing.T) tensor.Engine {
	t.Helper()
	for {
		e, err := d.open(context.Background())
		if err != nil {
			continue
		}
		if _, wrong := e.(liar); !wrong {
			return e
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// rig is a stream of fakes over failing devices.
type rig struct {
	*pipeline.Stream[*pipetest.FakeItem]
	items   *pipetest.Items
	source  *pipetest.FakeSource
	sink    *pipetest.FakeSink
	device  *faultyDevice
	engines []*failover.Engine
}

func newRig(t *testing.T, seed uint64, engines int, unavailable error, fallbacks bool) *rig {
	t.Helper()
	r := &rig{items: &pipetest.Items{}, sink: &pipetest.FakeSink{IsLossless: true}, device: &faultyDevice{rng: rand.New(rand.NewPCG(seed, 7)), time: 200 * time.Microsecond}}
	r.source = &pipetest.FakeSource{Items: r.items}
	var all []pipeline.Engine
	backoff := failover.NewBackoff(failover.BackoffOptions{First: 100 * time.Microsecond, Max: time.Millisecond})
	for range engines {
		o := failover.Options{Name: "coco", Open: r.device.open, Backoff: backoff}
		if fallbacks {
			o.Fallback = r.device.engine(onFallback)
		}
		var primary tensor.Engine
		if unavailable == nil {
			primary = r.device.working(t)
		}
		e, err := failover.New(primary, unavailable, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		r.engines = append(r.engines, e)
		all = append(all, e)
	}
	m, err := pipeline.NewModel("coco", &pipetest.FakeTask{}, all, pipeline.ModelOptions[*pipetest.FakeItem]{})
	if err != nil {
		t.Fatal(err)
	}
	r.Stream = &pipeline.Stream[*pipetest.FakeItem]{
		Name: "door", Source: r.source, Models: []*pipeline.Model[*pipetest.FakeItem]{m}, Sinks: []pipeline.NamedSink{{Name: "sink", Sink: r.sink}},
	}
	return r
}

// run runs the stream and checks what holds for all: no error, and each event says what ran its item, and why. It
// returns the engines' stats added up.
func (r *rig) run(t *testing.T, ctx context.Context) (pipeline.Summary, failover.Stats) {
	t.Helper()
	done := make(chan struct{})
	guard := time.AfterFunc(time.Minute, func() {
		select {
		case <-done:
		default:
			panic("the stream has not ended after a minute")
		}
	})
	sum, err := r.Run(ctx)
	close(done)
	guard.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.items.Err(), r.sink.Err()); err != nil {
		t.Error(err)
	}
	ran := map[string]uint64{}
	for _, rep := range r.sink.Reports() {
		ev := rep.Events[0]
		ran[ev.Device]++
		if ev.Degraded != (ev.Device == onFallback) || ev.Degraded != (ev.Reason != "") || ev.Degraded && !strings.Contains(ev.Reason, errFault.Error()) {
			t.Errorf("event %+v", ev)
		}
	}
	var all failover.Stats
	for _, e := range r.engines {
		s := e.Stats()
		all.DeviceRuns += s.DeviceRuns
		all.FallbackRuns += s.FallbackRuns
		all.Failovers += s.Failovers
		all.Restores += s.Restores
	}
	if ran[onDevice] != all.DeviceRuns || ran[onFallback] != all.FallbackRuns {
		t.Errorf("events %v, stats %+v", ran, all)
	}
	return sum, all
}

// closed checks, after the engines are closed, how the fakes were used.
func (r *rig) closed(t *testing.T) {
	t.Helper()
	for _, e := range r.engines {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, e := range r.device.opened {
		if err := e.Err(); err != nil {
			t.Error(err)
		}
		if !e.Closed() {
			t.Errorf("an engine on %s was left open", e.Device().Name)
		}
	}
}

// untilBack waits in the source until an engine is back on the device, so that there is something to lose.
func (r *rig) untilBack(ctx context.Context) error {
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < time.Minute; time.Sleep(50 * time.Microsecond) {
		for _, e := range r.engines {
			if e.Stats().State == failover.StateWorking {
				return nil
			}
		}
	}
	return errors.New("no engine came back")
}

// TestFile loses no frame of a file, keeps the order, and answers each frame rightly (FakeTask compares).
func TestFile(t *testing.T) {
	const frames = 400
	var failovers, restores uint64
	for seed := range uint64(6) {
		for _, engines := range []int{1, 3} {
			for _, c := range []struct {
				name        string
				unavailable error
				fallbacks   bool
			}{
				{"device", nil, true},
				{"starts without device", errFault, true},
				{"without fallback", nil, false},
			} {
				t.Run(fmt.Sprintf("%s, %d engines, %d", c.name, engines, seed), func(t *testing.T) {
					r := newRig(t, seed, engines, c.unavailable, c.fallbacks)
					r.source.Count = frames
					r.source.Read = func(ctx context.Context, n int) error {
						if n >= frames/4 && n%20 == 0 {
							return r.untilBack(ctx)
						}
						return nil
					}
					sum, all := r.run(t, context.Background())
					failovers, restores = failovers+all.Failovers, restores+all.Restores
					reports := r.sink.Reports()
					if len(reports) != frames || sum.Frames != frames || sum.Dropped+sum.Failed != 0 || sum.Errors.Total != 0 {
						t.Fatalf("%d reports, summary %+v", len(reports), sum)
					}
					for i, rep := range reports {
						if rep.Seq != uint64(i) {
							t.Fatalf("report %d is of item %d", i, rep.Seq)
						}
					}
					r.closed(t)
				})
			}
		}
	}
	if failovers < 100 || restores < 100 {
		t.Errorf("%d failovers and %d restores: the mix is no good", failovers, restores)
	}
}

// TestCamera goes on until the device was lost and back some times. What nobody had time for is dropped and counted.
func TestCamera(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := newRig(t, 1, 1, nil, true)
	r.source.Count, r.source.IsLive, r.source.Interval = -1, true, 50*time.Microsecond
	r.source.Read = func(context.Context, int) error {
		if s := r.engines[0].Stats(); s.Failovers >= 5 && s.Restores >= 5 {
			cancel()
		}
		return nil
	}
	sum, _ := r.run(t, ctx)
	if sum.Frames+sum.Dropped != uint64(r.items.Made()) || sum.Failed != 0 || sum.Dropped == 0 || sum.Errors.Total != 0 ||
		uint64(r.sink.Count())+sum.Drops.Sinks["sink"] != sum.Frames {
		t.Errorf("%d items, summary %+v, %d reports", r.items.Made(), sum, r.sink.Count())
	}
	r.closed(t)
}
