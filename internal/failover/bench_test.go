package failover

import (
	"context"
	"testing"

	"corallite/tflite/tensor"
)

// nothing is an engine that does nothing, so that only what is around it counts.
type nothing struct {
	info   []tensor.Info
	memory []byte
}

func newNothing() *nothing {
	return &nothing{[]tensor.Info{{Name: "x", Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}}}, make([]byte, 270000)}
}

func (n *nothing) Inputs() []tensor.Info        { return n.info }
func (n *nothing) Outputs() []tensor.Info       { return n.info }
func (n *nothing) Input(int) tensor.Tensor      { return tensor.Tensor{Info: n.info[0], Data: n.memory} }
func (n *nothing) Output(int) tensor.Tensor     { return tensor.Tensor{Info: n.info[0], Data: n.memory} }
func (n *nothing) Invoke(context.Context) error { return nil }
func (n *nothing) Device() tensor.Device        { return tensor.Device{Name: deviceName} }
func (n *nothing) Close() error                 { return nil }

func overNothing(tb testing.TB) *Engine {
	tb.Helper()
	e, err := New(newNothing(), nil, Options{
		Open: func(context.Context) (tensor.Engine, error) { return newNothing(), nil }, Fallback: newNothing(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	for range DefaultTrial { // kept for trials, once
		if err := e.Invoke(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	return e
}

// TestAllocations runs frames on the device, and parked ones on the fallback: neither allocates.
func TestAllocations(t *testing.T) {
	e := overNothing(t)
	ctx := t.Context()
	frame := func() {
		e.Input(0).Data[0]++
		if err := e.Invoke(ctx); err != nil {
			t.Fatal(err)
		}
		if e.Output(0).Data[0] == 1 && e.Device().Name == "" {
			t.Fatal("no device")
		}
	}
	if n := testing.AllocsPerRun(100, frame); n != 0 {
		t.Errorf("%v allocations in a run on the device", n)
	}
	e.Park("hot")
	frame()
	if n := testing.AllocsPerRun(100, frame); n != 0 {
		t.Errorf("%v allocations in a run on the fallback", n)
	}
}

// BenchmarkInvoke is what an Engine adds to a run on the device.
func BenchmarkInvoke(b *testing.B) {
	e, ctx := overNothing(b), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFailover is what it takes to notice that the device is lost and to be ready to run the frame in hand, an
// SSD's input of 270 kB, on the fallback.
func BenchmarkFailover(b *testing.B) {
	e, ctx := overNothing(b), b.Context()
	for b.Loop() {
		e.Park("hot")
		if err := e.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
		e.Unpark()
		if err := e.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
