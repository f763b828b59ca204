package doctor

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"corallite/delegate/edgetpu"
)

// allOnes is what the sensor of a chip that no longer answers reads, in °C: its ten bits all ones, through the driver's
// formula (gasket's apex_driver.c, adc_to_millic).
const allOnes = -89.7

// near is how close to the first trip point a chip may come before it is worth a warning, in °C.
const near = 5

// heat looks at the temperature of a card. A stick shows none.
func (e *examiner) heat(d seen) {
	if d.Bus != edgetpu.PCI {
		return
	}
	file := where(d.Device) + "/temp"
	celsius, ok := e.machine.milli(file)
	trip, hasTrip := e.machine.milli(where(d.Device) + "/trip_point0_temp")
	f := Finding{Check: Heat, Subject: d.Name, Looked: []string{file}, State: OK, Found: fmt.Sprintf("%.1f °C", celsius), device: &d.Device}
	switch {
	case !ok:
		f.State, f.Found = Skipped, "the driver shows no temperature (one older than gasket-dkms)"
	case math.Abs(celsius-allOnes) < 0.05:
		e.gone(&f)
		e.block(d.Device)
	case hasTrip && celsius > trip-near:
		f.State, f.ID = Warning, Hot
		f.Found = fmt.Sprintf("%.1f °C: from %.0f °C on the driver slows the chip down, and at the end the card may drop off the bus", celsius, trip)
		f.Fix = []string{"watch -n1 cat " + file}
		f.Advice = "Give it air or a heat sink, or take load from it: edgetpu.performance: medium, or edgetpu.heat: shed or cpu, in the configuration."
	case hasTrip:
		f.Found += fmt.Sprintf("; the driver slows the chip down from %.0f °C on", trip)
	}
	e.add(f)
}

// gone is a card that fell off the bus: its files are still there.
func (e *examiner) gone(f *Finding) {
	f.Check, f.State, f.ID = Devices, Problem, DeviceGone
	f.Found = fmt.Sprintf("its sensor reads %.1f °C, all ones: the card no longer answers", allOnes)
	f.Fix = []string{"sudo dmesg | grep -iE 'apex|pcieport|AER' | tail -n 30"}
	for _, c := range e.cards {
		if c.Device == f.device.Path {
			f.Fix = append(f.Fix, fmt.Sprintf("echo 1 | sudo tee %s/%s/remove; echo 1 | sudo tee /sys/bus/pci/rescan", pciDevices, c.Address))
		}
	}
	f.Advice = "Cards drop off from heat, from too little power, and from power saving on the bus (try the kernel option pcie_aspm=off). If " +
		"the commands do not bring it back, switch the machine off and on."
}

// milli reads a file that has thousandths.
func (m machine) milli(file string) (float64, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(m.read(file)))
	return float64(n) / 1000, err == nil
}
