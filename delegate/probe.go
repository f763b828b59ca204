package delegate

import (
	"context"

	"corallite/delegate/edgetpu"
	"corallite/tflite"
)

// Findings are what Probe found on this machine.
type Findings struct {
	Takes          string    `json:"takes"`    // "edgetpu:usb:2-1", "cpu:xnnpack", "cpu:builtin"; "" when the choice cannot be met
	Refusals       []Refusal `json:"refusals"` // why nothing better
	Runtime        string    `json:"tflite"`   // TensorFlow Lite's version
	Library        string    `json:"libedgetpu,omitempty"`
	LibraryVersion string    `json:"libedgetpu_version,omitempty"`
	LibraryError   string    `json:"libedgetpu_error,omitempty"`
	Devices        []Found   `json:"devices"` // in libedgetpu's order, or the kernel's where there is no libedgetpu
}

// Found is one Edge TPU.
type Found struct {
	Name  string `json:"name"` // as a device string takes it and events have it; it stays when the path does not: "usb:2-1"
	Bus   string `json:"bus"`  // "usb", "pci"
	Path  string `json:"path"`
	Taken bool   `json:"taken"` // whether the options' device string takes it
	// Celsius is how warm the chip is; nil where that is not shown: USB sticks do not.
	Celsius *float64 `json:"celsius,omitempty"`
}

// Probe says what Open would choose for a model that is compiled for the Edge TPU and has a CPU twin. No device is
// opened: that takes seconds, and the device from others. Options.Look says how libedgetpu is asked. The error is one of
// the options, or ctx's.
func Probe(ctx context.Context, o Options) (Findings, error) {
	spec, err := o.spec()
	if err != nil {
		return Findings{}, err
	}
	f := Findings{Runtime: tflite.RuntimeVersion(), Refusals: []Refusal{}, Devices: []Found{}}
	fit := f.edgeTPU(ctx, spec, o)
	if err := ctx.Err(); err != nil {
		return Findings{}, err
	}
	if spec.Choice == EdgeTPU || spec.Choice == Auto && fit != "" {
		f.Takes = fit
		return f, nil
	}
	if spec.Choice != Auto {
		f.Refusals = []Refusal{}
	}
	if spec.Choice != None {
		x, err := tflite.NewXNNPACK(o.Threads)
		if err == nil {
			f.Takes = x.Name()
			x.Delete()
			return f, nil
		}
		f.Refusals = append(f.Refusals, Refusal{string(XNNPACK), err.Error()})
	}
	if spec.Choice != XNNPACK {
		f.Takes = "cpu:builtin"
	}
	return f, nil
}

// edgeTPU fills in what there is of Edge TPUs, and gives the name of the first that the spec takes.
func (f *Findings) edgeTPU(ctx context.Context, spec Spec, o Options) string {
	s := look(spec, o, func() (edgetpu.Seen, error) { return o.ask(ctx) })
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
		found := Found{Name: o.EdgeTPU.System.StableName(d), Bus: d.Bus.String(), Path: d.Path, Taken: taken[d]}
		if r, err := o.EdgeTPU.System.Temperature(d); err == nil {
			found.Celsius = &r.Now
		}
		f.Devices = append(f.Devices, found)
	}
	for _, c := range s.causes {
		f.Refusals = append(f.Refusals, Refusal{string(EdgeTPU), c.Error()})
	}
	if len(s.fit) == 0 {
		return ""
	}
	return "edgetpu:" + o.EdgeTPU.System.StableName(s.fit[0])
}
