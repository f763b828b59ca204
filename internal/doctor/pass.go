package doctor

import (
	"fmt"
	"strings"

	"corallite/delegate/edgetpu"
)

// usbMajor is the major number of USB device files (the kernel's USB_DEVICE_MAJOR).
const usbMajor = 189

// passDevice says how to pass a device to a container: a card as one file; a stick as the whole folder, because it gets
// a new number when its firmware is loaded, with the device rule for all of them.
func (m machine) passDevice(inside engine, d edgetpu.Device) (fix []string, advice string) {
	const again = "The container has to be made anew with it; what is running cannot be given a device."
	usb := d.Bus == edgetpu.USB
	switch {
	case inside == docker && usb:
		return []string{fmt.Sprintf("docker run --device-cgroup-rule='c %d:* rmw' -v %s:%s IMAGE", usbMajor, usbFolder, usbFolder)}, again
	case inside == docker:
		return []string{fmt.Sprintf("docker run --device %s IMAGE", d.Path)}, again
	case inside == podman && usb:
		return []string{fmt.Sprintf("podman run -v %s:%s --group-add keep-groups IMAGE", usbFolder, usbFolder)},
			again + fmt.Sprintf(" As root, add --device-cgroup-rule='c %d:* rmw'.", usbMajor)
	case inside == podman:
		return []string{fmt.Sprintf("podman run --device %s --group-add keep-groups IMAGE", d.Path)}, again
	case inside == lxc && usb:
		return []string{fmt.Sprintf(`printf '%%s\n' 'lxc.cgroup2.devices.allow: c %d:* rwm' 'lxc.mount.entry: %s dev/bus/usb none bind,optional,create=dir' | sudo tee -a /etc/pve/lxc/ID.conf`,
			usbMajor, usbFolder)}, "On the host, with the container's number for ID (Proxmox; plain LXC: its config file, with = for :). " + again
	case inside == lxc:
		return []string{fmt.Sprintf(`printf '%%s\n' 'lxc.cgroup2.devices.allow: c %s rwm' 'lxc.mount.entry: %s %s none bind,optional,create=file' | sudo tee -a /etc/pve/lxc/ID.conf`,
			m.apexNumber(d), d.Path, strings.TrimPrefix(d.Path, "/"))}, "On the host, with the container's number for ID (Proxmox; plain LXC: its config file, with = for :). " + again
	case inside == kubernetes && usb:
		return nil, fmt.Sprintf("Mount the node's %s into the pod as a hostPath volume, and allow its devices: a device plugin, or "+
			"securityContext.privileged.", usbFolder)
	case inside == kubernetes:
		return nil, fmt.Sprintf("Mount the node's %s into the pod as a hostPath volume of type CharDevice, and allow it: a device plugin, "+
			"or securityContext.privileged.", d.Path)
	case usb:
		return nil, fmt.Sprintf("Give the container the host's folder %s and the right to devices c %d:* (read, write).", usbFolder, usbMajor)
	default:
		return nil, fmt.Sprintf("Give the container the host's %s and the right to device c %s (read, write).", d.Path, m.apexNumber(d))
	}
}

// apexNumber is the device number of a card's file; the major number is assigned when the driver is loaded.
func (m machine) apexNumber(d edgetpu.Device) string {
	if n := strings.TrimSpace(m.read(where(d) + "/dev")); n != "" {
		return n
	}
	return "MAJOR:MINOR"
}
