package delegate

import (
	"context"
	"fmt"

	"corallite/delegate/edgetpu"
	"corallite/internal/choice"
	"corallite/tflite"
)

// Report are what Probe found on this machine.
type Report struct {
	Selected        string           `json:"selected"`         // "edgetpu:usb:2-1", "cpu:xnnpack", "cpu:builtin"; "" when the choice cannot be met
	FallbackReasons []FallbackReason `json:"fallback_reasons"` // why nothing better
	Runtime         string           `json:"tflite"`           // TensorFlow Lite's version
	Library         string           `json:"libedgetpu,omitempty"`
	LibraryVersion  string           `json:"libedgetpu_version,omitempty"`
	LibraryError    string           `json:"libedgetpu_error,omitempty"`
	Devices         []Found          `json:"devices"` // in libedgetpu's order, or the kernel's where there is no libedgetpu
}

// Found is one Edge TPU.
type Found struct {
	Name     string `json:"name"` // as a device string takes it and events have it; it stays when the path does not: "usb:2-1"
	Bus      string `json:"bus"`  // "usb", "pci"
	Path     string `json:"path"`
	Selected bool   `json:"selected"` // whether the options' device string takes it
	// Celsius is how warm the chip is; nil where that is not shown: USB sticks do not.
	Celsius *float64 `json:"celsius,omitempty"`
}

// Probe says what Open would choose for a model that is compiled for the Edge TPU and has a CPU model. No device is
// opened: that takes seconds, and the device from others. Options.Enumerate says how libedgetpu is asked. The error is one of
// the options, or ctx's.
func Probe(ctx context.Context, o Options) (Report, error) {
	spec, err := o.spec()
	if err != nil {
		return Report{}, err
	}
	f := Report{Runtime: tflite.RuntimeVersion(), FallbackReasons: []FallbackReason{}, Devices: []Found{}}
	first, causes := f.edgeTPU(ctx, spec, o) // whatever the choice is: its devices are shown
	for _, item := range spec.Choice.Items() {
		if !item.IsEdgeTPU() {
			causes = nil
			if err := o.probe(ctx, item); err != nil {
				causes = []error{err}
			}
		}
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		if len(causes) == 0 {
			f.Selected = deviceOf(item, first)
			return f, nil
		}
		for _, c := range causes {
			f.FallbackReasons = append(f.FallbackReasons, FallbackReason{item.Device(), c.Error()})
		}
	}
	return f, ctx.Err()
}

// deviceOf is the name of the device that an item would take; edgeTPU is that of the first Edge TPU.
func deviceOf(item Item, edgeTPU string) string {
	switch p := choice.Of(item); {
	case item.IsEdgeTPU():
		return edgeTPU
	case item.Provider == None[0].Provider:
		return p.Kind + ":builtin"
	case p.CPU:
		return p.Kind + ":" + p.Name
	}
	return item.Device()
}

// ProbeItem says why nothing can run on a provider here, in this process; nil where something could.
func ProbeItem(ctx context.Context, item Item) error {
	if choice.Of(item) == nil {
		return fmt.Errorf("delegate %q does not exist", item.Provider)
	}
	return implementationOf(item).Probe(ctx, item, Options{})
}

// probe asks a provider whether something could run on it, those that are not the CPU by way of Options.Apart.
func (o Options) probe(ctx context.Context, item Item) error {
	if choice.Of(item).CPU || o.Apart == nil {
		return implementationOf(item).Probe(ctx, item, o)
	}
	return o.Apart(ctx, item)
}

// edgeTPU fills in what there is of Edge TPUs, and gives the name of the first that the spec takes, or why there is none.
func (f *Report) edgeTPU(ctx context.Context, spec Spec, o Options) (first string, causes []error) {
	s := probeEdgeTPU(spec, o, func() (edgetpu.Inventory, error) { return o.ask(ctx) })
	devices := s.seen.Devices
	if s.loadErr != nil {
		f.LibraryError = s.loadErr.Error()
		devices = o.EdgeTPU.System.Devices()
	} else {
		f.Library = s.seen.Path
		if v, err := s.seen.Version(); err != nil {
			f.LibraryError = err.Error()
		} else {
			f.LibraryVersion = v.String()
		}
	}
	taken := make(map[edgetpu.Device]bool, len(s.fit))
	for _, d := range s.fit {
		taken[d] = true
	}
	for _, d := range devices {
		found := Found{Name: o.EdgeTPU.System.StableName(d), Bus: d.Bus.String(), Path: d.Path, Selected: taken[d]}
		if r, err := o.EdgeTPU.System.Temperature(d); err == nil {
			found.Celsius = &r.Now
		}
		f.Devices = append(f.Devices, found)
	}
	if len(s.fit) == 0 {
		return "", s.causes
	}
	return EdgeTPU[0].Provider + ":" + o.EdgeTPU.System.StableName(s.fit[0]), nil
}
