package edgetpu

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// System is the machine's files: what the kernel shows of devices, and who may open them. The zero System is the
// machine itself.
type System struct {
	// Root stands before /sys, /dev and /proc: "" for the machine, a folder with made-up ones in a test.
	Root string
	// Access says whether this process may read and write a file; nil asks the kernel.
	Access func(path string) error
}

// Ids of USB sticks and the PCIe chip (libedgetpu: driver/usb, gasket's apex driver).
const (
	usbFresh = "1a6e:089a" // before its firmware is loaded (DFU)
	usbReady = "18d1:9302"
)

// Devices gives the Edge TPUs that the kernel shows, found without libedgetpu, named as libedgetpu names them.
func (s System) Devices() []Device {
	var devices []Device
	for _, path := range s.glob("/sys/bus/usb/devices/*") {
		switch s.line(path+"/idVendor") + ":" + s.line(path+"/idProduct") {
		case usbFresh, usbReady:
			devices = append(devices, Device{USB, path})
		}
	}
	for _, path := range s.glob("/sys/class/apex/apex_*") {
		devices = append(devices, Device{PCI, "/dev/" + filepath.Base(path)})
	}
	return devices
}

// Explain says what stands in the way of opening a device: no device file, no permission, another process. It is
// nil when nothing is seen.
func (s System) Explain(d Device) []string {
	node := s.Node(s.node(d))
	switch {
	case node.Path == "":
		return []string{fmt.Sprintf("%s is not there any more", d.Path)}
	case !node.There && d.Bus == PCI:
		return []string{fmt.Sprintf("%s is not there: load the driver (modprobe apex), or pass the device into the container",
			node.Path)}
	case !node.There:
		return []string{fmt.Sprintf("%s is not there: pass the device into the container", node.Path)}
	}
	var causes []string
	if node.Denied != nil {
		causes = append(causes, fmt.Sprintf("no permission for %s%s", node.Path, node.belongsTo()))
	}
	for _, p := range node.Holders {
		causes = append(causes, fmt.Sprintf("%s is in use by process %s", node.Path, p))
	}
	return causes
}

// node is the device file that opening a device opens, or "" when the device is gone.
func (s System) node(d Device) string {
	if d.Bus == PCI {
		return d.Path
	}
	bus, err1 := strconv.Atoi(s.line(d.Path + "/busnum"))
	dev, err2 := strconv.Atoi(s.line(d.Path + "/devnum"))
	if err1 != nil || err2 != nil {
		return ""
	}
	return fmt.Sprintf("/dev/bus/usb/%03d/%03d", bus, dev)
}

func (s System) access(path string) error {
	if s.Access != nil {
		return s.Access(path)
	}
	return unix.Faccessat(unix.AT_FDCWD, s.Root+path, unix.R_OK|unix.W_OK, unix.AT_EACCESS)
}

// glob gives the paths that match below Root, without Root.
func (s System) glob(pattern string) []string {
	matches, _ := filepath.Glob(s.Root + pattern) // the patterns are well formed; an unreadable folder matches nothing
	for i := range matches {
		matches[i] = strings.TrimPrefix(matches[i], s.Root)
	}
	return matches
}

// line is a small file's contents without the line end, "" when it cannot be read.
func (s System) line(path string) string {
	b, err := os.ReadFile(s.Root + path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
