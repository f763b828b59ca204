package doctor

import (
	"errors"
	"fmt"

	"corallite/delegate/edgetpu"
)

// near is the distance to the first trip point that is worth a warning, in °C.
const near = 5

// heat checks the temperature of a card. A stick has no sensor.
func (e *examiner) heat(d seen) {
	if d.Bus != edgetpu.PCI {
		return
	}
	file := where(d.Device) + "/temp"
	f := Finding{Check: Heat, Subject: d.Name, Looked: []string{file}, State: OK, device: &d.Device}
	r, err := e.machine.Temperature(d.Device)
	switch {
	case errors.Is(err, edgetpu.ErrGone):
		e.gone(&f, err)
		e.block(d.Device)
	case err != nil: // no sensor, or a broken one; the device may still work
		f.State, f.Found = Skipped, err.Error()
	case r.Now > r.Trip[0]-near:
		f.State, f.ID = Warning, Hot
		f.Found = fmt.Sprintf("%.1f °C: from %.0f °C on the driver slows the chip down, and at the end the card may drop off the bus", r.Now, r.Trip[0])
		f.Fix = []string{"watch -n1 cat " + file}
		f.Advice = "Give it air or a heat sink, or take load from it: edgetpu.performance: medium, or edgetpu.heat: throttle or cpu, in the configuration."
	default:
		f.Found = fmt.Sprintf("%.1f °C; the driver slows the chip down from %.0f °C on", r.Now, r.Trip[0])
	}
	e.add(f)
}

// gone is for a card that fell off the bus: usually its files are still there.
func (e *examiner) gone(f *Finding, err error) {
	f.Check, f.State, f.ID = Devices, Problem, DeviceGone
	f.Found = err.Error()
	f.Fix = []string{"sudo dmesg | grep -iE 'apex|pcieport|AER' | tail -n 30"}
	for _, c := range e.cards {
		if c.Device == f.device.Path {
			f.Fix = append(f.Fix, fmt.Sprintf("echo 1 | sudo tee %s/%s/remove; echo 1 | sudo tee /sys/bus/pci/rescan", pciDevices, c.Address))
		}
	}
	f.Advice = "Cards drop off from heat, from too little power, and from power saving on the bus (try the kernel option pcie_aspm=off). If " +
		"the commands do not bring it back, switch the machine off and on."
}
