package failover

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/tflite/tensor"
)

// rig is one Engine over fakes, on a clock of its own.
type rig struct {
	*Engine
	t        *testing.T
	clock    *clocktest.Clock
	device   *fakeDevice
	primary  *fakeEngine // nil: none
	fallback *fakeEngine // nil: none
	frame    uint64      // counts frames, so that each has other inputs
	mu       sync.Mutex
	changes  []Change
}

// with are the ways in which a rig differs from one with a primary and a fallback.
type with struct {
	unavailable error // instead of a primary
	noFallback  bool
	stateful    bool
	wrap        func(tensor.Engine) tensor.Engine // around primary and what Open gives
	options     Options
	backoff     BackoffOptions
	device      *fakeDevice
}

func newRig(t *testing.T, w with) *rig {
	t.Helper()
	r := &rig{t: t, device: w.device}
	if r.device == nil {
		r.device = &fakeDevice{model: &model{stateful: w.stateful}, clock: clocktest.New(time.Unix(1e9, 0))}
	}
	r.clock = r.device.clock
	if w.wrap == nil {
		w.wrap = func(e tensor.Engine) tensor.Engine { return e }
	}
	o := w.options
	o.Name = "coco"
	if o.Open == nil {
		o.Open = func(ctx context.Context) (tensor.Engine, error) {
			e, err := r.device.open(ctx)
			if e == nil || err != nil {
				return nil, err
			}
			return w.wrap(e), nil
		}
	}
	if o.Backoff == nil {
		w.backoff.Clock = r.clock
		o.Backoff = NewBackoff(w.backoff)
	}
	onChange := o.OnChange
	o.OnChange = func(c Change) {
		r.mu.Lock()
		r.changes = append(r.changes, c)
		r.mu.Unlock()
		if onChange != nil {
			onChange(c)
		}
	}
	if !w.noFallback {
		r.fallback = r.device.model.engine(fallbackName)
		o.Fallback = r.fallback
	}
	var primary tensor.Engine
	if w.unavailable == nil {
		r.primary = r.device.engine()
		primary = w.wrap(r.primary)
	}
	e, err := New(primary, w.unavailable, o)
	if err != nil {
		t.Fatal(err)
	}
	r.Engine = e
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if w.device == nil { // else the test does, when all its engines are closed
			r.device.check(t)
		}
	})
	return r
}

// fill writes inputs that no frame had before and returns the model's answer to them.
func (r *rig) fill() [][]byte {
	r.frame++
	var in [][]byte
	for i := range r.Inputs() {
		data := r.Input(i).Data
		for k := 0; k+8 <= len(data); k += 8 {
			binary.LittleEndian.PutUint64(data[k:], r.frame*2654435761+uint64(i*100+k))
		}
		in = append(in, append([]byte(nil), data...))
	}
	want, _ := answer(in, 0)
	return want
}

// invoke runs one frame, which must succeed, and checks its answer and what Device says of it. It returns the device.
func (r *rig) invoke() string {
	r.t.Helper()
	want := r.fill()
	ran := ""
	before := r.Stats()
	if err := r.Invoke(context.WithValue(context.Background(), ranKey{}, &ran)); err != nil {
		r.t.Fatalf("frame %d: %v", r.frame, err)
	}
	if !r.device.stateful {
		r.answered(want)
	}
	d := r.Device()
	if d.Name != ran || d.Degraded != (ran == fallbackName) || d.Degraded != (d.Reason != "") {
		r.t.Fatalf("frame %d ran on %s, and Device says %+v", r.frame, ran, d)
	}
	after := r.Stats()
	if after.Runs != before.Runs+1 || after.Runs != after.DeviceRuns+after.FallbackRuns ||
		(after.FallbackRuns > before.FallbackRuns) != (ran == fallbackName) {
		r.t.Fatalf("frame %d ran on %s: stats %+v, before %+v", r.frame, ran, after, before)
	}
	return ran
}

func (r *rig) answered(want [][]byte) {
	r.t.Helper()
	if len(r.Outputs()) != len(want) {
		r.t.Fatalf("frame %d: outputs %v", r.frame, r.Outputs())
	}
	for i, info := range r.Outputs() {
		out := r.Output(i)
		if string(out.Data) != string(want[i]) || out.Elements() != len(want[i]) || !info.Same(out.Info) {
			r.t.Fatalf("frame %d: output %d is %v %x, not %x", r.frame, i, out.Info, out.Data, want[i])
		}
	}
}

// until waits for a condition that other goroutines bring about.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for began := time.Now(); !met(); time.Sleep(20 * time.Microsecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

// rests says whether nothing more happens unless time passes or a frame comes.
func (e *Engine) rests(clock *clocktest.Clock, others int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.device != nil || e.closed.Load():
		return true
	case e.phase == StateWaiting:
		return clock.Waiting() > others
	case e.phase == StateTrial:
		return e.fallback != nil && len(e.firsts.device) == 0 && len(e.firsts.fallback) < e.o.Trial
	}
	return false
}

func (r *rig) settle() {
	r.t.Helper()
	until(r.t, "rest", func() bool { return r.rests(r.clock, 0) })
}

// advance lets time pass, with everything in it happening at its moment.
func (r *rig) advance(d time.Duration) {
	r.t.Helper()
	end := r.clock.Now().Add(d)
	for r.settle(); r.clock.Next(end); r.settle() {
	}
	r.clock.Advance(end.Sub(r.clock.Now()))
}

// kinds are the changes since the last call.
func (r *rig) kinds() (kinds []Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.changes {
		kinds = append(kinds, c.Kind)
	}
	r.changes = nil
	return kinds
}

var errNoDevice = errors.New("no Edge TPU found")
