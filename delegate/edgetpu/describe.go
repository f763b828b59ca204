package edgetpu

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Links of a USB device in megabits a second, as the kernel's "speed" has them.
const (
	HighSpeed  = 480  // USB 2
	SuperSpeed = 5000 // USB 3, what a stick is made for
)

// Description is what the kernel shows of one device. Fields that it does not show are empty.
type Description struct {
	Device
	Name   string // see StableName
	ID     string // vendor and product: "1a6e:089a", "18d1:9302", "1ac1:089a"
	Fresh  bool   // a USB stick whose firmware is not loaded yet (DFU): so until its first use
	Speed  int    // of a USB stick's link, in Mbit/s: HighSpeed, SuperSpeed; 0: not known
	Driver string // of a PCI device: "apex"
	Node   Node
}

// Describe says what the kernel shows of a device.
func (s System) Describe(d Device) Description {
	about := Description{Device: d, Name: s.StableName(d)}
	if d.Bus == USB {
		about.ID = s.line(d.Path+"/idVendor") + ":" + s.line(d.Path+"/idProduct")
		about.Fresh = about.ID == usbFresh
		speed, _ := strconv.ParseFloat(s.line(d.Path+"/speed"), 64) // "1.5" for the slowest there are
		about.Speed = int(speed)
	} else if address := s.pciAddress(d); address != "" {
		about.ID = s.pciID(address)
		about.Driver = s.pciDriver(address)
	}
	if about.ID == ":" {
		about.ID = ""
	}
	about.Node = s.Node(s.node(d))
	return about
}

// StableName names a device by what does not move: the USB port that it is plugged into ("usb:2-1"), the number in
// the chip where the driver shows one ("apex:0a1b2c3d…"), else the PCI address ("pci:0000:01:00.0"). ParseSpec takes
// each. A device of which nothing of this shows keeps its path ("pci:/dev/apex_0").
func (s System) StableName(d Device) string {
	if d.Bus == USB {
		if name := "usb:" + filepath.Base(d.Path); usbPort.MatchString(name) && strings.HasPrefix(d.Path, usbDevices) {
			return name
		}
		return d.String()
	}
	if name := "apex:" + s.uniqueID(d); apexID.MatchString(name) {
		return name
	}
	if name := "pci:" + s.pciAddress(d); pciAddress.MatchString(name) {
		return name
	}
	return d.String()
}

// uniqueID is the number of the chip, which newer drivers show (gasket-dkms; google-coral/edgetpu issue 582), or ""
// where there is none that tells this device from the others.
func (s System) uniqueID(d Device) string {
	id := s.line(apexClass(d) + "/unique_id")
	if strings.Trim(strings.ToLower(strings.TrimPrefix(id, "0x")), "0") == "" || strings.Trim(strings.ToLower(id), "f") == "" {
		return "" // fuses that were not burnt, or a chip that does not answer
	}
	for _, other := range s.glob(apexClassFolder + "apex_*") {
		if other != apexClass(d) && s.line(other+"/unique_id") == id {
			return ""
		}
	}
	return id
}

// apexClassFolder is where the apex driver shows its devices.
const apexClassFolder = "/sys/class/apex/"

// apexClass is the folder in which the driver shows the device of a file: "/sys/class/apex/apex_0".
func apexClass(d Device) string { return apexClassFolder + filepath.Base(d.Path) }

// pciAddress is the PCI address of a device: "0000:01:00.0".
func (s System) pciAddress(d Device) string {
	if address := s.line(apexClass(d) + "/pci_address"); address != "" {
		return strings.ToLower(address)
	}
	target, err := os.Readlink(s.Root + apexClass(d) + "/device")
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}
