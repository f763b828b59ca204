package doctor

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"syscall"

	"corallite/delegate/edgetpu"
)

const (
	usbFolder  = "/dev/bus/usb"
	usbDevices = "/sys/bus/usb/devices"
	pciDevices = "/sys/bus/pci/devices"
)

// lookAtDevices checks each device.
func (e *examiner) lookAtDevices() {
	if len(e.devices) == 0 {
		e.noDevice()
	}
	for _, d := range e.devices {
		if d.listed {
			e.ok(Devices, d.Name, "libedgetpu lists it; the kernel's files do not show it", "edgetpu_list_devices", usbDevices, pciDevices)
			continue
		}
		e.ok(Devices, d.Name, describe(d), where(d.Device))
		if e.node(d) {
			e.heat(d)
			e.usb(d)
		} else {
			e.block(d.Device)
		}
	}
}

// where is the device's folder in sysfs.
func where(d edgetpu.Device) string {
	if d.Bus == edgetpu.USB {
		return d.Path
	}
	return "/sys/class/apex/" + path.Base(d.Path)
}

func describe(d seen) string {
	switch {
	case d.Bus == edgetpu.USB && d.Fresh:
		return fmt.Sprintf("a USB stick (%s, not used since it was plugged in)", d.ID)
	case d.Bus == edgetpu.USB:
		return fmt.Sprintf("a USB stick (%s)", d.ID)
	default:
		return fmt.Sprintf("a PCI device (%s)", d.Device.Path)
	}
}

// noDevice adds a finding that the kernel shows no device that a program could open.
func (e *examiner) noDevice() {
	looked := []string{usbDevices, pciDevices}
	switch {
	case len(e.cards) > 0:
		e.skip(Devices, "the kernel has made no device of the PCI card: see the driver", looked...)
		return
	case !e.wanted():
		e.skip(Devices, "no Edge TPU is connected, and nothing configured would use one", looked...)
		return
	}
	f := Finding{
		Check: Devices, Looked: looked, State: Warning, ID: NoDevice,
		Found: "no Edge TPU is connected: the kernel shows neither a stick (USB 1a6e:089a or 18d1:9302) nor a card (PCI 1ac1:089a)",
		Fix:   []string{"lsusb -d 1a6e:089a; lsusb -d 18d1:9302; lspci -nn -d 1ac1:089a"},
		Advice: "Plug the stick in directly, with the cable that came with it, or reseat the card; if it still does not show, try another " +
			"port or a hub with its own power.",
	}
	if e.machine.virtual() {
		f.Advice += " In a virtual machine the host must pass it through: both USB ids, or the whole USB controller."
	}
	if inside := e.machine.container(); inside != noContainer {
		f.Looked = append(f.Looked, "/.dockerenv", "/run/.containerenv", "/proc/1/cgroup")
		f.Advice += fmt.Sprintf(" This is a container (%s), where /sys may not be the host's: run the command on the host.", inside)
	}
	e.add(f)
}

// node checks the device file. It reports whether the device may be opened.
func (e *examiner) node(d seen) bool {
	n := d.Node
	about := Finding{Subject: d.Name, Looked: []string{n.Path}, State: Problem, device: &d.Device}
	inside := e.machine.container()
	switch {
	case n.Path == "":
		about.Check, about.ID, about.Looked = Devices, DeviceGone, []string{where(d.Device)}
		about.Found = "it is gone: it was listed, and shows no number any more"
		about.Fix, about.Advice = []string{"sudo dmesg | tail -n 30"}, "Plug it in again."
	case !n.There && inside != noContainer:
		about.Check, about.ID = Container, DeviceNotPassed
		about.Found = fmt.Sprintf("the kernel shows the device, but %s is not in this container (%s): the container was not given it",
			n.Path, inside)
		about.Fix, about.Advice = e.machine.passDevice(inside, d.Device)
	case !n.There:
		about.Check, about.ID = Devices, DeviceNodeMissing
		about.Found = fmt.Sprintf("the kernel shows the device, but its file %s is not there", n.Path)
		about.Fix = []string{"sudo udevadm trigger --action=add && sudo udevadm settle", "ls -l " + n.Path}
		about.Advice = "Where /dev is not the kernel's own (a chroot, a namespace), the file has to be put there."
	case errors.Is(n.Denied, syscall.EPERM) && inside != noContainer:
		about.Check, about.ID = Container, DeviceCgroup
		about.Found = fmt.Sprintf("%s is in this container (%s), but its device rules forbid to open it", n.Path, inside)
		about.Fix, about.Advice = e.machine.passDevice(inside, d.Device)
	case n.Denied != nil:
		e.permission(&about, d)
	default:
		e.ok(Permission, d.Name, n.Path+" may be opened", n.Path)
		return !e.busy(d)
	}
	e.add(about)
	return false
}

// busy checks whether another process has the device. It is fine if that is this program.
func (e *examiner) busy(d seen) bool {
	if len(d.Node.Holders) == 0 {
		e.ok(Use, d.Name, "no other process has it open"+e.hidden(), "/proc/*/fd")
		return false
	}
	names, ids := []string{}, []string{}
	own := true
	for _, h := range d.Node.Holders {
		names = append(names, h.String())
		ids = append(ids, fmt.Sprint(h.PID))
		own = own && e.machine.ours(h.PID)
	}
	f := Finding{
		Check: Use, Subject: d.Name, Looked: []string{"/proc/*/fd"}, State: Problem, ID: DeviceBusy, device: &d.Device,
		Found: fmt.Sprintf("%s is in use by process %s; one process at a time can have it", d.Node.Path, and(names)),
	}
	for _, id := range ids {
		f.Fix = append(f.Fix, "ps -f -p "+id, "sudo kill "+id)
	}
	if own {
		f.State = Warning
		f.Found = fmt.Sprintf("this program has it already, in process %s: nothing more can be tried on it here", and(names))
		f.Fix, f.Advice = nil, "End that first if the device is to be tried, or to be used by something else."
		e.hold(d.Device)
	}
	e.add(f)
	return !own
}

// ours reports whether a process runs this program, by the name it was started under.
func (m machine) ours(pid int) bool {
	first, _, _ := strings.Cut(m.read(fmt.Sprintf("/proc/%d/cmdline", pid)), "\x00")
	return path.Base(first) == "corallite"
}

// hidden lists what this user cannot see.
func (e *examiner) hidden() string {
	if e.machine.user.Root {
		return ""
	}
	return " (those of other users show only to root)"
}

// usb checks the state and the link of a stick.
func (e *examiner) usb(d seen) {
	if d.Bus != edgetpu.USB {
		return
	}
	if d.Fresh {
		e.fresh(d)
	} else {
		e.ok(USB, d.Name, "its firmware is loaded", d.Device.Path+"/idProduct")
	}
	looked := d.Device.Path + "/speed"
	switch {
	case d.Speed == 0:
		e.add(Finding{Check: USB, Subject: d.Name, Looked: []string{looked}, State: Skipped, Found: "the kernel does not show the speed of its link"})
	case d.Speed < edgetpu.SuperSpeed:
		e.add(Finding{
			Check: USB, Subject: d.Name, Looked: []string{looked}, State: Warning, ID: USB2Link, device: &d.Device,
			Found: fmt.Sprintf("its link runs at %d Mbit/s, not %d: USB 2, where each run takes several times as long", d.Speed, edgetpu.SuperSpeed),
			Fix:   []string{"lsusb -t"},
			Advice: "Plug it into a USB 3 port (blue, or marked SS) with a USB 3 cable, not through a USB 2 hub or extension. The Dev Board " +
				"Mini has USB 2 inside: there it is so.",
		})
	default:
		e.ok(USB, d.Name, fmt.Sprintf("its link runs at %d Mbit/s", d.Speed), looked)
	}
}

// fresh checks a stick before its first use: it will get a new number when its firmware is loaded.
func (e *examiner) fresh(d seen) {
	f := Finding{
		Check: USB, Subject: d.Name, Looked: []string{d.Device.Path + "/idProduct"}, State: OK,
		Found: "it waits for its firmware (DFU, 1a6e:089a), as is normal before the first use, and will come back as 18d1:9302",
	}
	inside := e.machine.container()
	switch {
	case inside != noContainer && !e.machine.follows(usbFolder):
		f.State, f.ID, f.device = Warning, USBFreshContainer, &d.Device
		f.Found = "it waits for its firmware (DFU, 1a6e:089a). The first use loads it, and the stick comes back as 18d1:9302 under another " +
			"number: this container was given single device files, and will not have the new one"
		f.Fix, f.Advice = e.machine.passDevice(inside, d.Device)
		f.Looked = append(f.Looked, "/proc/self/mountinfo")
	case inside == noContainer && e.machine.virtual():
		f.State, f.ID, f.device = Warning, USBFreshVM, &d.Device
		f.Found = "it waits for its firmware (DFU, 1a6e:089a). The first use loads it, and the stick comes back as 18d1:9302: a virtual " +
			"machine that was given only the first id loses it then"
		f.Advice = "On the host, pass both ids through (1a6e:089a and 18d1:9302), or better the port or the whole USB controller."
		f.Looked = append(f.Looked, "/proc/cpuinfo")
	}
	e.add(f)
}

// usable returns the devices without problems.
func (e *examiner) usable() []edgetpu.Device {
	var free []edgetpu.Device
	for _, d := range e.devices {
		if !d.blocked {
			free = append(free, d.Device)
		}
	}
	return free
}
