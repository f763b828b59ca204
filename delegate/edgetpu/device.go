package edgetpu

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Bus is how a device is connected, numbered as enum edgetpu_device_type in edgetpu_c.h.
type Bus int

const (
	PCI Bus = iota
	USB
)

// String is "pci" or "usb", as in device strings.
func (b Bus) String() string {
	switch b {
	case PCI:
		return "pci"
	case USB:
		return "usb"
	default:
		return fmt.Sprintf("bus(%d)", int(b))
	}
}

// Device is one Edge TPU. Its path names it: an index in the list can move, because libedgetpu lists a USB stick
// that has not been used yet (USB id 1a6e:089a) before one that has (18d1:9302).
type Device struct {
	Bus  Bus
	Path string // "/dev/apex_0", "/sys/bus/usb/devices/2-1"
}

// String is "usb:/sys/bus/usb/devices/2-1", which ParseSpec takes.
func (d Device) String() string { return d.Bus.String() + ":" + d.Path }

// Spec says which devices will do. The zero Spec takes any.
type Spec struct {
	onBus bool // whether only devices on bus will do
	bus   Bus
	index int    // 1 more than the index asked for; 0: none asked for
	path  string // asked for by path
	name  string // asked for by a name that has to be looked up: "pci:0000:01:00.0", "apex:0123abcd"
}

// The names of devices that do not move (see System.StableName).
var (
	usbPort    = regexp.MustCompile(`^usb:([0-9]+-[0-9]+(?:\.[0-9]+)*)$`)
	pciAddress = regexp.MustCompile(`^pci:[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$`)
	apexID     = regexp.MustCompile(`^apex:[0-9A-Za-z]+$`)
)

// usbDevices is where the kernel shows what is on USB, a folder for each port in use.
const usbDevices = "/sys/bus/usb/devices/"

// ParseSpec reads a device string. The grammar is libcoral's (coral/tflite_utils.h), with paths and names added:
//
//	spec  = "" | bus | [ bus ] ":" index | [ bus ":" ] path | name
//	bus   = "usb" | "pci"
//	index = decimal digits, from 0
//	path  = "/" and what follows, as in Device.Path
//	name  = "usb:" port | "pci:" address | "apex:" unique id
//
// "" is any device, "usb" any on USB, ":1" the second of all, "usb:0" the first on USB,
// "/sys/bus/usb/devices/2-1" and "usb:/sys/bus/usb/devices/2-1" that one, and "usb:2-1" too; "pci:0000:01:00.0" the one
// at that PCI address.
func ParseSpec(s string) (Spec, error) {
	if strings.HasPrefix(s, "/") {
		return Spec{path: s}, nil
	}
	if port := usbPort.FindStringSubmatch(s); port != nil {
		return Spec{bus: USB, onBus: true, path: usbDevices + port[1]}, nil
	}
	if pciAddress.MatchString(s) || apexID.MatchString(s) {
		return Spec{bus: PCI, onBus: true, name: s}, nil
	}
	word, rest, colon := strings.Cut(s, ":")
	var spec Spec
	switch word {
	case "":
	case "usb":
		spec.bus, spec.onBus = USB, true
	case "pci":
		spec.bus, spec.onBus = PCI, true
	default:
		return Spec{}, specError(s)
	}
	switch {
	case !colon:
		return spec, nil
	case strings.HasPrefix(rest, "/") && spec.onBus:
		spec.path = rest
		return spec, nil
	}
	if rest == "" || strings.Trim(rest, "0123456789") != "" {
		return Spec{}, specError(s)
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n > 1<<16 {
		return Spec{}, specError(s)
	}
	spec.index = n + 1
	return spec, nil
}

func specError(s string) error {
	return fmt.Errorf("device %q: want \"\", usb, pci, :N, usb:N, pci:N (N from 0), a name such as usb:2-1 or pci:0000:01:00.0, or a path such as /dev/apex_0", s)
}

// String is the device string again.
func (s Spec) String() string {
	switch {
	case s.name != "":
		return s.name
	case s.path != "" && !s.onBus:
		return s.path
	case s.path != "":
		return s.bus.String() + ":" + s.path
	}
	var b strings.Builder
	if s.onBus {
		b.WriteString(s.bus.String())
	}
	if s.index > 0 {
		fmt.Fprintf(&b, ":%d", s.index-1)
	}
	return b.String()
}

// Select gives the devices that will do, in the order in which to try them: one when an index or a path was asked
// for, else all of the bus; none for a name, which System.Select knows. It is an error that wraps ErrNoDevice, and names what there is, when none will do.
func (s Spec) Select(devices []Device) ([]Device, error) {
	var fit []Device
	for _, d := range devices {
		if (!s.onBus || d.Bus == s.bus) && (s.path == "" || d.Path == s.path) && s.name == "" {
			fit = append(fit, d)
		}
	}
	switch {
	case s.index > len(fit), len(fit) == 0:
		return nil, s.notFound(devices)
	case s.index > 0:
		return fit[s.index-1 : s.index], nil
	default:
		return fit, nil
	}
}

func (s Spec) notFound(devices []Device) error {
	if len(devices) == 0 {
		return ErrNoDevice
	}
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = d.String()
	}
	return fmt.Errorf("%w that fits %q; there is %s", ErrNoDevice, s, strings.Join(names, ", "))
}
