package edgetpu

import (
	"os"
	"path/filepath"
	"strings"
)

// pciChip is the PCI id of the chip on cards and on the Dev Board (gasket's apex driver).
const pciChip = "1ac1:089a"

const pciDevices = "/sys/bus/pci/devices/"

// Card is an Edge TPU on PCI as the kernel's list of PCI devices shows it, with or without a driver.
type Card struct {
	Address string // "0000:01:00.0"
	Driver  string // bound to it: "apex", "vfio-pci"; "" when none is
	Device  string // "/dev/apex_0"; "" when the driver has made none of it
}

// Cards gives the Edge TPUs on PCI, also those that no driver looks after and that Devices therefore does not have.
func (s System) Cards() []Card {
	var cards []Card
	for _, path := range s.glob(pciDevices + "*") {
		address := filepath.Base(path)
		if s.pciID(address) != pciChip {
			continue
		}
		card := Card{Address: address, Driver: s.pciDriver(address)}
		for _, d := range s.Devices() {
			if d.Bus == PCI && s.pciAddress(d) == address {
				card.Device = d.Path
			}
		}
		cards = append(cards, card)
	}
	return cards
}

// pciID is "1ac1:089a" for a PCI device; ":" when it is not there.
func (s System) pciID(address string) string {
	id := func(file string) string {
		return strings.TrimPrefix(s.line(pciDevices+address+"/"+file), "0x")
	}
	return id("vendor") + ":" + id("device")
}

// pciDriver is the name of the driver that has a PCI device.
func (s System) pciDriver(address string) string {
	target, err := os.Readlink(s.Root + pciDevices + address + "/driver")
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}
