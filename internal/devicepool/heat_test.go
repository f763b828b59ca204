package devicepool_test

import (
	"strings"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/internal/heat"
	"corallite/tflite/tensor"
)

const card = "/dev/apex_0"

// watched is a machine with one PCIe card, whose temperature is looked at often.
func watched(t *testing.T, mode heat.Mode) (*bench, tensor.Engine, func(seed uint64) string) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Devices: []string{"pci"}, CPUModels: []string{f.CPU}, Compute: simtest.CPUModel},
		func(o *devicepool.Options) {
			o.Heat = heat.Options{Mode: mode, Interval: 5 * time.Millisecond, Away: 20 * time.Millisecond}
		})
	e := b.open(f, devicepool.Request{})[0]
	if e.Device().Degraded {
		t.Fatalf("device %+v", e.Device())
	}
	want := reference(t, f)
	until(t, e, want, "measured", b.isHeat("normal"))
	return b, e, want
}

// isHeat says whether the card's heat is in a state.
func (b *bench) isHeat(state string) func(tensor.Device) bool {
	return func(tensor.Device) bool {
		s := b.Summaries()[0]
		return s.Heat != nil && s.Heat.State == state
	}
}

// TestHot moves the model to the CPU before the first trip point (85 °C), and back when the card has cooled down.
func TestHot(t *testing.T) {
	for _, mode := range []heat.Mode{heat.Throttle, heat.CPU} {
		t.Run(string(mode), func(t *testing.T) {
			b, e, want := watched(t, mode)
			b.control.Temperature(card, 84_500)
			until(t, e, want, "degraded", degraded)
			if d := e.Device(); d.Name != "cpu:xnnpack" || d.Reason != "the Edge TPU is at 84.5 °C" {
				t.Errorf("device %+v", d)
			}
			if s := b.Summaries()[0]; s.Heat == nil || s.Heat.State != "moved" || s.Heat.Max != 84.5 || s.Heat.TripPoint != 85 || s.Failovers != 0 {
				t.Errorf("summary %+v, heat %+v", s, s.Heat)
			}
			b.control.Temperature(card, 60_000)
			until(t, e, want, "restored", restored)
			if s := b.Summaries()[0]; s.Heat.Moves != 1 || s.Heat.Now != 60 || s.Restarts != 0 || s.DegradedSeconds <= 0 {
				t.Errorf("summary %+v, heat %+v", s, s.Heat)
			}
		})
	}
}

// TestHotIsLeftAlone where the user says so; the trip points are logged all the same.
func TestHotIsLeftAlone(t *testing.T) {
	b, e, want := watched(t, heat.Off)
	b.control.Temperature(card, 91_000)
	until(t, e, want, "hot", func(tensor.Device) bool { s := b.Summaries()[0]; return s.Heat != nil && s.Heat.Now == 91 })
	if d := e.Device(); d.Degraded {
		t.Errorf("device %+v", d)
	}
	if !strings.Contains(b.log.String(), "past trip point 1") {
		t.Error("the trip point was not logged")
	}
}

// TestAllOnes takes the reading of a card that does not answer for what it is: the card is gone, not cold.
func TestAllOnes(t *testing.T) {
	b, e, want := watched(t, heat.Throttle)
	b.control.Temperature(card, -89_700)
	until(t, e, want, "degraded", degraded)
	if d := e.Device(); !strings.Contains(d.Reason, "the Edge TPU is gone") || !strings.Contains(d.Reason, "-89.7 °C") {
		t.Errorf("device %+v", d)
	}
	for seed := range uint64(20) { // it stays away, though it would open
		run(t, e, seed)
		time.Sleep(5 * time.Millisecond)
	}
	if s := b.Summaries()[0]; !e.Device().Degraded || s.Restores != 0 || s.Heat.State != "gone" || s.Heat.Now < 0 {
		t.Errorf("device %+v, summary %+v, heat %+v", e.Device(), s, s.Heat)
	}
	b.control.Temperature(card, 50_000)
	until(t, e, want, "restored", restored)
}

// TestRests gives a warm card rest between runs; the model stays on it.
func TestRests(t *testing.T) {
	b, e, want := watched(t, heat.Throttle)
	b.control.Temperature(card, 79_000)
	until(t, e, want, "throttling", b.isHeat("throttling"))
	if d := e.Device(); d.Degraded {
		t.Errorf("device %+v", d)
	}
	b.control.Temperature(card, 50_000)
	until(t, e, want, "normal", b.isHeat("normal"))
	if s := b.Summaries()[0]; s.Heat.ThrottledSeconds <= 0 || s.Heat.Moves != 0 {
		t.Errorf("heat %+v", s.Heat)
	}
}
