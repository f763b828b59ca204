package delegate

import (
	"fmt"

	"corallite/delegate/edgetpu"
)

// Choice says what may run a model.
type Choice string

const (
	Auto    Choice = "auto"    // the first that works: Edge TPU, XNNPACK, built-in kernels
	EdgeTPU Choice = "edgetpu" // the Edge TPU, or an error
	XNNPACK Choice = "xnnpack" // the CPU through XNNPACK, or an error
	None    Choice = "none"    // the CPU through the runtime's built-in kernels
)

// ParseChoice reads a choice as configurations and flags spell it; "" is Auto.
func ParseChoice(s string) (Choice, error) {
	switch c := Choice(s); c {
	case "":
		return Auto, nil
	case Auto, EdgeTPU, XNNPACK, None:
		return c, nil
	default:
		return "", fmt.Errorf("delegate %q: want auto, edgetpu, xnnpack or none", s)
	}
}

// Spec is a choice and the devices that it may take. The zero Spec is Auto with any device.
type Spec struct {
	Choice Choice
	Device edgetpu.Spec
}

// ParseSpec reads a choice (see ParseChoice) and a device string (see edgetpu.ParseSpec).
func ParseSpec(choice, device string) (Spec, error) {
	c, err := ParseChoice(choice)
	if err != nil {
		return Spec{}, err
	}
	d, err := edgetpu.ParseSpec(device)
	if err != nil {
		return Spec{}, err
	}
	return Spec{Choice: c, Device: d}, nil
}
