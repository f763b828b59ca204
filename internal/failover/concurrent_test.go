package failover

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/tflite/tensor"
)

// dice are thrown by several goroutines.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (d *dice) upTo(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// TestManyGoroutines runs engines of one device side by side on the system's clock, with random faults, while others
// park them and look at them and, in half of the runs, close them at any moment.
func TestManyGoroutines(t *testing.T) {
	for seed := range uint64(property(t, 40)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := &dice{rng: rand.New(rand.NewPCG(seed, 5))}
			device := &fakeDevice{model: &model{}, clock: clocktest.New(time.Unix(1e9, 0))}
			rigs := sideBySide(t, d, device)
			var frames, others sync.WaitGroup
			over := make(chan struct{})
			closing := seed%2 == 1
			for _, r := range rigs {
				frames.Add(1)
				go func() {
					defer frames.Done()
					for more := 200; more > 0 && r.frameUnlessClosed(closing); more-- {
					}
				}()
				others.Add(1)
				go func() {
					defer others.Done()
					r.disturb(d, over)
				}()
			}
			if closing {
				time.Sleep(time.Duration(d.upTo(3000)) * time.Microsecond)
				closeAll(t, rigs)
			}
			frames.Wait()
			close(over)
			others.Wait()
			for _, r := range rigs {
				if s := r.Stats(); !closing && (s.Runs != 200 || s.Errors != s.Failovers) {
					t.Errorf("stats %+v", s)
				}
			}
			closeAll(t, rigs)
			device.check(t)
		})
	}
}

// sideBySide are engines of a device that fails at random, in runs, when it is opened, and on trial.
func sideBySide(t *testing.T, d *dice, device *fakeDevice) (rigs []*rig) {
	faulty := func(e tensor.Engine) tensor.Engine {
		f := e.(*fakeEngine)
		f.onInvoke = func(context.Context) error {
			switch d.upTo(60) {
			case 0, 1:
				f.fault = runError
			case 2:
				f.fault = runDeath
			case 3:
				f.fault = runPanic
			}
			return nil
		}
		return f
	}
	open := func(ctx context.Context) (tensor.Engine, error) {
		if d.upTo(3) == 0 {
			return nil, errFake
		}
		e, err := device.open(ctx)
		if err != nil {
			return nil, err
		}
		return faulty(e), nil
	}
	backoff := NewBackoff(BackoffOptions{First: 50 * time.Microsecond, Max: time.Millisecond})
	for range 4 {
		rigs = append(rigs, newRig(t, with{device: device, wrap: faulty, options: Options{Backoff: backoff, Open: open}}))
	}
	return rigs
}

// closeAll closes all at the same time.
func closeAll(t *testing.T, rigs []*rig) {
	var closing sync.WaitGroup
	for _, r := range rigs {
		closing.Add(1)
		go func() {
			defer closing.Done()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	closing.Wait()
}

// disturb does what others than the user of an engine may do.
func (r *rig) disturb(d *dice, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(d.upTo(300)) * time.Microsecond):
		}
		if d.upTo(3) == 0 {
			r.Park("hot")
		} else {
			r.Unpark()
		}
		if s, d := r.Stats(), r.Device(); s.Runs != s.DeviceRuns+s.FallbackRuns || d.Degraded != (d.Name == fallbackName) {
			r.t.Errorf("stats %+v, device %+v", s, d)
		}
	}
}

// frameUnlessClosed runs a frame; false when the engine is closed. Where it may be at any moment its views, which
// Close makes void, are not touched.
func (r *rig) frameUnlessClosed(closing bool) bool {
	if closing {
		err := r.Invoke(context.Background())
		if err != nil && !errors.Is(err, ErrClosed) {
			r.t.Error(err)
		}
		return err == nil
	}
	want := r.fill()
	if err := r.Invoke(context.Background()); err != nil {
		r.t.Error(err)
		return false
	}
	for i := range want {
		if string(r.Output(i).Data) != string(want[i]) {
			r.t.Errorf("frame %d on %+v: output %d is wrong", r.frame, r.Device(), i)
		}
	}
	return true
}
