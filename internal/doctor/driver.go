package doctor

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"corallite/delegate/edgetpu"
)

// modulesConf makes the kernel load the driver at boot.
const modulesConf = "/etc/modules-load.d/apex.conf"

// drivers checks whether the kernel's driver has each PCI card.
func (e *examiner) drivers() {
	e.cards = e.System.Cards()
	for _, c := range e.cards {
		if c.Device != "" {
			e.ok(Driver, "pci:"+c.Address, "the driver has it as "+c.Device, pciDevices+"/"+c.Address)
			continue
		}
		f := Finding{Check: Driver, Subject: "pci:" + c.Address, State: Problem, Looked: []string{pciDevices + "/" + c.Address + "/driver", "/sys/class/apex"}}
		e.driver(&f, c)
		e.add(f)
	}
}

// driver finds out why no driver has made a device for a card.
func (e *examiner) driver(f *Finding, c edgetpu.Card) {
	m := e.machine
	switch {
	case c.Driver != "" && c.Driver != "apex":
		f.ID = DriverVFIO
		f.Found = fmt.Sprintf("the driver %s has the card, not apex: it is set aside for a virtual machine", c.Driver)
		f.Fix = []string{
			fmt.Sprintf("echo | sudo tee %s/%s/driver_override", pciDevices, c.Address),
			fmt.Sprintf("echo %s | sudo tee /sys/bus/pci/drivers/%s/unbind", c.Address, c.Driver),
			fmt.Sprintf("echo %s | sudo tee /sys/bus/pci/drivers_probe", c.Address),
		}
		f.Advice = "That lasts until the next start. Where the virtual machine is to have the card, corallite belongs into it."
	case m.loaded("apex"):
		f.Looked = append(f.Looked, "/proc/modules")
		m.driverFailed(f, c)
	case m.container() != noContainer:
		f.ID = DriverMissing
		f.Found = "the kernel has no driver for the card loaded (modules gasket and apex). A container cannot load one"
		f.Fix, f.Advice = []string{"sudo modprobe apex"}, "On the host; where that finds no module, run corallite doctor there."
	default:
		f.Looked = append(f.Looked, "/proc/modules", "/lib/modules/"+m.kernel())
		m.notLoaded(f)
	}
}

// loaded reports whether a module is loaded.
func (m machine) loaded(module string) bool {
	for _, line := range strings.Split(m.read("/proc/modules"), "\n") {
		if name, _, _ := strings.Cut(line, " "); name == module {
			return true
		}
	}
	return m.there("/sys/module/" + module)
}

// driverFailed is for a loaded driver that did not take the card.
func (m machine) driverFailed(f *Finding, c edgetpu.Card) {
	f.ID = DriverFailed
	f.Found = "the driver is loaded, but has made no device of the card: it found the card not answering, or without interrupts (MSI-X)"
	f.Fix = []string{
		"sudo dmesg | grep -iE 'apex|gasket'",
		fmt.Sprintf("echo 1 | sudo tee %s/%s/remove; echo 1 | sudo tee /sys/bus/pci/rescan", pciDevices, c.Address),
	}
	f.Advice = "If that does not bring it back, switch the machine off and on: a restart does not take the card's power away."
	if board := m.board(); strings.Contains(board, "Raspberry Pi") {
		f.Looked = append(f.Looked, "/proc/device-tree/model")
		f.Fix = append(f.Fix, `printf '%s\n' 'dtparam=pciex1' 'dtoverlay=pciex1-compat-pi5,no-mip' 'kernel=kernel8.img' | sudo tee -a /boot/firmware/config.txt`)
		f.Advice = board + ": the driver wants memory pages of 4 kB (kernel8.img) and the interrupts of the PCIe block; start anew afterwards."
	}
}

// board is the name of the single-board computer.
func (m machine) board() string {
	return strings.TrimRight(m.read("/proc/device-tree/model"), "\x00\n")
}

// notLoaded finds out why the driver is not loaded.
func (m machine) notLoaded(f *Finding) {
	kernel := m.kernel()
	module := m.moduleFile(kernel)
	enforced, why := m.signaturesEnforced()
	f.Looked = append(f.Looked, why...)
	switch {
	case module != "" && enforced && m.unsigned(module):
		f.ID = DriverUnsigned
		f.Found = fmt.Sprintf("Secure Boot lets the kernel load signed modules only, and the key of %s is not one that it knows", module)
		f.Fix = []string{"sudo dkms autoinstall --force", "sudo mokutil --import /var/lib/dkms/mok.pub", "sudo reboot"}
		f.Advice = "At the next start the firmware asks for the password that mokutil wanted: choose Enroll MOK. Or switch Secure Boot " +
			"off in the firmware's settings. (Ubuntu keeps the key in /var/lib/shim-signed/mok/MOK.der.)"
	case module != "":
		f.ID = DriverNotLoaded
		f.Found = fmt.Sprintf("the driver %s is there and not loaded", module)
		if file := m.blacklisted(); file != "" {
			f.Looked = append(f.Looked, file)
			f.Found += ": " + file + " forbids it"
			f.Fix = append(f.Fix, fmt.Sprintf(`sudo sed -i -E 's/^(blacklist (apex|gasket))/#\1/' %s`, file))
		}
		f.Fix = append(f.Fix, "sudo modprobe apex", "echo apex | sudo tee "+modulesConf)
	case len(m.match("/var/lib/dkms/gasket/*")) > 0:
		f.ID = DriverNotBuilt
		f.Looked = append(f.Looked, "/var/lib/dkms/gasket")
		f.Found = fmt.Sprintf("gasket-dkms is installed, but its modules were not built for the running kernel %s", kernel)
		f.Fix = []string{"sudo apt install linux-headers-$(uname -r)", "sudo dkms autoinstall", "sudo modprobe apex"}
		if logs := m.match("/var/lib/dkms/gasket/*/build/make.log"); len(logs) > 0 {
			f.Looked = append(f.Looked, logs[0])
			f.Advice = "The last attempt ended with an error: see " + logs[0] + ". "
		}
		f.Advice += m.newKernel()
	default:
		f.ID = DriverMissing
		f.Found = "the card has no driver: the modules gasket and apex are not installed"
		f.Fix = []string{
			"sudo apt install git devscripts debhelper dkms dh-dkms linux-headers-$(uname -r)",
			"git clone https://github.com/google/gasket-driver && cd gasket-driver && debuild -us -uc -tc -b && sudo apt install ../gasket-dkms_*_all.deb",
			"sudo modprobe apex",
		}
		f.Advice = m.newKernel()
	}
	f.Advice = strings.TrimSpace(f.Advice)
}

// newKernel warns of kernels that are too new for the driver's sources.
func (m machine) newKernel() string {
	// google/gasket-driver issues 36 and 52: no_llseek is gone from 6.12 on, and the sources name it.
	if !m.kernelAtLeast(6, 12) {
		return ""
	}
	return "From kernel 6.12 on google/gasket-driver does not compile as it is: take it with the patch of its pull request 35 (issue 36 there)."
}

// moduleFile is the driver's file for a kernel, wherever it is; "" if there is none.
func (m machine) moduleFile(kernel string) string {
	if kernel == "" {
		return ""
	}
	for _, tree := range []string{"/lib/modules/", "/usr/lib/modules/"} {
		var file string
		_ = fs.WalkDir(m.files, strings.TrimPrefix(tree, "/")+kernel, func(at string, d fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			if name, _, _ := strings.Cut(d.Name(), ".ko"); name == "apex" && d.Name() != name && !d.IsDir() {
				file = "/" + at
				return fs.SkipAll
			}
			return nil
		})
		if file != "" {
			return file
		}
	}
	return ""
}

// blacklisted is the file that keeps the driver from being loaded automatically.
func (m machine) blacklisted() string {
	line := regexp.MustCompile(`(?m)^\s*blacklist\s+(apex|gasket)\s*$`)
	for _, file := range m.match("/etc/modprobe.d/*.conf", "/usr/lib/modprobe.d/*.conf", "/lib/modprobe.d/*.conf") {
		if line.MatchString(m.read(file)) {
			return file
		}
	}
	return ""
}

// signaturesEnforced reports whether the kernel refuses modules without a known signature, and the evidence.
func (m machine) signaturesEnforced() (bool, []string) {
	const (
		secureBoot = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
		lockdown   = "/sys/kernel/security/lockdown"
		tainted    = "/proc/sys/kernel/tainted"

		taintUnsigned = 1 << 13 // an unsigned module was loaded (the kernel's tainted-kernels.rst)
	)
	var looked []string
	enforced := false
	// Four bytes of attributes, then one that is 1 where Secure Boot is on (UEFI specification, 3.3 and 8.2).
	if b := m.read(secureBoot); len(b) == 5 {
		enforced = b[4] == 1
		looked = append(looked, secureBoot)
	}
	if b := m.read(lockdown); b != "" {
		enforced = enforced || strings.Contains(b, "[integrity]") || strings.Contains(b, "[confidentiality]")
		looked = append(looked, lockdown)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(m.read(tainted))); err == nil && enforced && n&taintUnsigned != 0 {
		return false, append(looked, tainted)
	}
	return enforced, looked
}

// unsigned reports whether a module has no signature, or none by a key that the kernel lists. Compressed modules are
// judged by the keys alone.
func (m machine) unsigned(module string) bool {
	if path.Ext(module) == ".ko" && !strings.HasSuffix(m.read(module), "~Module signature appended~\n") {
		return true
	}
	keys := m.read("/proc/keys") // "… asymmetri DKMS module signing key: 039c8dc7…"
	return keys == "" || !regexp.MustCompile(`asymmetri.*(DKMS|Module Signature|MOK)`).MatchString(keys)
}
