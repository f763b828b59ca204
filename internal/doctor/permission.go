package doctor

import (
	"fmt"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
)

// RulesFile is the path of the udev rules; scripts/udev has the file.
const RulesFile = "/etc/udev/rules.d/99-corallite-edgetpu.rules"

// udev rules that give a group access to the device files. libedgetpu1-std and gasket-dkms bring such rules too, for
// the same groups.
var (
	USBRules = []string{
		`SUBSYSTEM=="usb", ATTR{idVendor}=="1a6e", ATTR{idProduct}=="089a", MODE="0660", GROUP="plugdev"`,
		`SUBSYSTEM=="usb", ATTR{idVendor}=="18d1", ATTR{idProduct}=="9302", MODE="0660", GROUP="plugdev"`,
	}
	PCIRules = []string{`SUBSYSTEM=="apex", MODE="0660", GROUP="apex"`}
)

const (
	usbGroup   = "plugdev"
	pciGroup   = "apex"
	videoGroup = "video"
)

const loginAgain = "Log out and in again afterwards: groups are given at login (a service: restart it)."

// permission finds out why the device file may not be opened, and how to allow it.
func (e *examiner) permission(f *Finding, d seen) {
	f.Check, f.ID = Permission, DevicePermission
	wanted, rules, subsystem, mark := usbGroup, USBRules, "usb", []string{"089a"}
	if d.Bus == edgetpu.PCI {
		wanted, rules, subsystem, mark = pciGroup, PCIRules, "apex", []string{`"apex"`}
	}
	m := e.machine
	owner := m.groupName(d.Node)
	have := fmt.Sprintf("no permission for %s (%s, group %s)", d.Node.Path, d.Node.Mode, owner)
	grants := d.Node.Mode&0o060 == 0o060 && owner != "root"
	switch rule := m.ruleFor(mark...); {
	case grants:
		f.Found, f.Fix, f.Advice = m.join(have, owner, d.Node.GroupID)
	case rule != "":
		f.Looked = append(f.Looked, rule)
		f.Found = fmt.Sprintf("%s: the udev rule in %s was not applied to it", have, rule)
		f.Fix = []string{applyRules(subsystem), "ls -l " + d.Node.Path}
		f.Advice = "Or plug the device in again."
	default:
		f.Looked = append(f.Looked, "/etc/udev/rules.d", "/usr/lib/udev/rules.d")
		f.Found = have + ": no udev rule gives it to a group"
		f.Fix = append(f.Fix, writeRules(rules))
		if _, _, ok := m.group(wanted); !ok {
			f.Fix = append(f.Fix, "sudo groupadd -r -f "+wanted)
		}
		f.Fix = append(f.Fix, "sudo usermod -aG "+wanted+" "+m.user.shellName(), applyRules(subsystem))
		f.Advice = loginAgain
	}
	if inside := m.container(); inside != noContainer {
		// The container's own groups and rules do not apply to a file of the host.
		f.Fix, f.Advice = m.joinInside(inside, d.Node.GroupID)
	}
}

// join says how a user gets into a group: by joining it, or, if already a member, by logging in again.
func (m machine) join(have, group string, id int) (found string, fix []string, advice string) {
	_, members, _ := m.group(group)
	switch {
	case slices.Contains(m.user.Groups, id):
		return have + ", although this process is in that group: the group may not read and write it, or a security module forbids it",
			[]string{"sudo dmesg | grep -i denied | tail"}, ""
	case m.user.Name != "" && slices.Contains(members, m.user.Name):
		return fmt.Sprintf("%s: %s was added to that group after login", have, m.user.Name),
			[]string{"newgrp " + group}, loginAgain
	default:
		return have + ": this user is not in that group",
			[]string{"sudo usermod -aG " + group + " " + m.user.shellName()}, loginAgain
	}
}

// joinInside says how to give a container's process a group of the host.
func (m machine) joinInside(inside engine, id int) (fix []string, advice string) {
	switch inside {
	case podman:
		return []string{"podman run --group-add keep-groups IMAGE"},
			"keep-groups gives the container the groups of the user who starts it, who must be in the device's group on the host."
	case kubernetes:
		return nil, fmt.Sprintf("Give the pod securityContext.supplementalGroups: [%d].", id)
	case docker:
		return []string{fmt.Sprintf("docker run --group-add %d IMAGE", id)}, "The number is that of the device's group on the host."
	default:
		return nil, fmt.Sprintf("Give the container's process the group %d of the host.", id)
	}
}

// writeRules writes rules to their file.
func writeRules(rules []string) string {
	quoted := make([]string, len(rules))
	for i, r := range rules {
		quoted[i] = "'" + r + "'"
	}
	return `printf '%s\n' ` + strings.Join(quoted, " ") + " | sudo tee -a " + RulesFile
}

// applyRules makes udev reload its rules and apply them to existing devices.
func applyRules(subsystem string) string {
	return "sudo udevadm control --reload && sudo udevadm trigger --action=add --subsystem-match=" + subsystem
}
