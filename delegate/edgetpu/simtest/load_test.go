package simtest_test

import (
	"testing"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
)

// TestLoads counts how often parameters are loaded when models take turns on a device. Those that were compiled
// together load theirs once each; others throw each other's out.
func TestLoads(t *testing.T) {
	const a, b = "mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.5_160_quant"
	const togetherA, togetherB = "cocompiled/" + a + "_cocompiled_with_" + b, "cocompiled/" + b + "_cocompiled_with_" + a
	for _, c := range []struct {
		name   string
		models []string
		turns  []int
		loads  int
	}{
		{"one model", []string{a}, []int{0, 0, 0}, 1},
		{"two models", []string{a, b}, []int{0, 0, 1, 1, 0, 1}, 4},
		{"compiled together", []string{togetherA, togetherB}, []int{0, 0, 1, 1, 0, 1}, 2},
		{"compiled together, and a third", []string{togetherA, togetherB, a}, []int{0, 1, 2, 0, 1, 0, 1}, 5},
		{"one model twice", []string{a, a}, []int{0, 1, 0, 1}, 2}, // each interpreter brings a package of its own
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, simtest.Config{Compute: simtest.Fixed})
			d := edgetpu.Device{Bus: edgetpu.USB, Path: stick}
			var run []func() error
			for _, model := range c.models {
				n := m.openModel(d, "models/"+model+"_edgetpu.tflite")
				run = append(run, func() error { return n.Invoke(t.Context()) })
			}
			for _, i := range c.turns {
				if err := run[i](); err != nil {
					t.Fatal(err)
				}
			}
			if s := m.State(); s.Loads != c.loads || s.Devices[stick].Loads != c.loads || s.Runs != len(c.turns) {
				t.Errorf("%d loads, want %d; state %+v", s.Loads, c.loads, s)
			}
		})
	}
}

// TestLoadTime measures only that a run which loads takes no less than it should.
func TestLoadTime(t *testing.T) {
	const long = 100 * time.Millisecond
	m := newMachine(t, simtest.Config{Compute: simtest.Fixed, LoadTime: long, LoadTimePerMB: long})
	n := m.open(edgetpu.Device{Bus: edgetpu.USB, Path: stick})
	start := time.Now()
	for range 2 {
		if err := n.Invoke(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	least := long + long/4 // it has half a million bytes of parameters
	if d := time.Since(start); d < least || m.State().Loads != 1 {
		t.Errorf("two runs, of which %d load, took %v, want at least %v", m.State().Loads, d, least)
	}
}
