package delegate_test

import (
	"reflect"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/choice"
)

func TestProbe(t *testing.T) {
	withoutLibrary(t)
	o := options(t)
	p, err := delegate.Probe(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Selected != "cpu:xnnpack" || p.Runtime == "" || len(p.Devices) != 0 || len(p.FallbackReasons) != 2 ||
		p.FallbackReasons[0].Reason != "no Edge TPU found" || !strings.Contains(p.LibraryError, "not found") {
		t.Errorf("an empty machine: %+v", p)
	}
	o = simulated(t, simtest.Config{Devices: []string{"usb", "pci"}, RuntimeVersion: 13})
	o.Device = "pci"
	p, err = delegate.Probe(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := []delegate.Found{
		{Name: "usb:2-1", Bus: "usb", Path: "/sys/bus/usb/devices/2-1"},
		{Name: "pci:/dev/apex_0", Bus: "pci", Path: "/dev/apex_0", Selected: true},
	}
	if p.Selected != "edgetpu:pci:/dev/apex_0" || !reflect.DeepEqual(p.Devices, want) || len(p.FallbackReasons) != 0 ||
		!strings.HasPrefix(p.LibraryVersion, "runtime 13") || p.Library != o.EdgeTPULibrary {
		t.Errorf("with devices: %+v", p)
	}
	for word, takes := range map[string]string{"xnnpack": "cpu:xnnpack", "none": "cpu:builtin", "edgetpu": "edgetpu:pci:/dev/apex_0",
		"edgetpu,none": "edgetpu:pci:/dev/apex_0"} {
		if o.Choice, err = choice.Parse(word); err != nil {
			t.Fatal(err)
		}
		if p, err := delegate.Probe(t.Context(), o); err != nil || p.Selected != takes || len(p.FallbackReasons) != 0 || len(p.Devices) != 2 {
			t.Errorf("%s: %+v, %v", word, p, err)
		}
	}
	if _, err := delegate.Probe(t.Context(), delegate.Options{Choice: delegate.Choice{{Provider: "x"}}}); err == nil {
		t.Error("a choice of x is taken")
	}
}

// TestProbeTemperature shows how warm a card is.
func TestProbeTemperature(t *testing.T) {
	c := simtest.NewControl(t)
	o := simulated(t, simtest.Config{Devices: []string{"usb", "pci"}, Control: c})
	o.EdgeTPU.System.Root = c.Root()
	c.Temperature("/dev/apex_0", 54_250)
	p, err := delegate.Probe(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Devices) != 2 || p.Devices[0].Celsius != nil || p.Devices[1].Celsius == nil || *p.Devices[1].Celsius != 54.25 {
		t.Errorf("devices %+v", p.Devices)
	}
}
