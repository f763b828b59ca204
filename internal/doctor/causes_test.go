package doctor

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
)

// groupOf gives made-up device files to a group.
func groupOf(name, members string) files {
	return files{"/etc/group": "root:x:99990:\n" + name + ":x:" + ownGroup + ":" + members + "\n"}
}

const (
	secureBoot = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	moduleFile = "/lib/modules/6.1.0-18-amd64/updates/dkms/apex.ko"
)

// TestCauses has every cause that depends on the machine alone: a made-up machine, a made-up library, and the cause
// that is named first.
func TestCauses(t *testing.T) {
	noRule := map[string]error{stickNode: syscall.EACCES, "/dev/apex_0": syscall.EACCES}
	forbidden := map[string]error{stickNode: syscall.EPERM, "/dev/apex_0": syscall.EPERM}
	for _, c := range []struct {
		name    string
		files   files
		denied  map[string]error
		library *library
		options Options
		state   State
		want    ID
		found   string   // a part of what is found
		fix     []string // a part of each command
		advice  string   // a part of it
	}{
		{name: "a stick that works", files: withStick, want: ""},
		{name: "a card that works", files: withCard, want: ""},
		{name: "a stick before its first use", files: withStick.with(fresh), want: ""},

		{name: "no device", files: plain, library: missingLibrary(), state: Warning, want: NoDevice, found: "no Edge TPU is connected", fix: []string{"lsusb"}},
		{name: "no device in a virtual machine", files: plain.with(files{"/proc/cpuinfo": "flags\t\t: fpu hypervisor\n"}), state: Warning,
			want: NoDevice, fix: []string{"lsusb"}, advice: "virtual machine"},
		{name: "a stick that just went", files: withStick.with(files{stick + "/devnum": "absent"}), state: Problem, want: DeviceGone, fix: []string{"dmesg"}},
		{name: "no device file", files: withStick.with(files{stickNode: "absent"}), state: Problem, want: DeviceNodeMissing, fix: []string{"udevadm trigger", "ls -l"}},

		{name: "stick, Docker", files: withStick.with(inDocker, files{stickNode: "absent"}), state: Problem, want: DeviceNotPassed,
			found: "not in this container (docker)", fix: []string{"docker run --device-cgroup-rule='c 189:* rmw' -v /dev/bus/usb:/dev/bus/usb IMAGE"}},
		{name: "card, Docker", files: withCard.with(inDocker, files{"/dev/apex_0": "absent"}), state: Problem, want: DeviceNotPassed,
			fix: []string{"docker run --device /dev/apex_0 IMAGE"}},
		{name: "stick, Podman", files: withStick.with(inPodman, files{stickNode: "absent"}), state: Problem, want: DeviceNotPassed,
			fix: []string{"podman run -v /dev/bus/usb:/dev/bus/usb --group-add keep-groups IMAGE"}, advice: "189"},
		{name: "card, Podman", files: withCard.with(inPodman, files{"/dev/apex_0": "absent"}), state: Problem, want: DeviceNotPassed,
			fix: []string{"podman run --device /dev/apex_0 --group-add keep-groups IMAGE"}},
		{name: "stick, LXC", files: withStick.with(inLXC, files{stickNode: "absent"}), state: Problem, want: DeviceNotPassed,
			fix: []string{"lxc.cgroup2.devices.allow: c 189:* rwm"}, advice: "Proxmox"},
		{name: "card, LXC", files: withCard.with(inLXC, files{"/dev/apex_0": "absent"}), state: Problem, want: DeviceNotPassed,
			fix: []string{"lxc.cgroup2.devices.allow: c 120:0 rwm"}, advice: "Proxmox"},
		{name: "stick, Kubernetes", files: withStick.with(inPod, files{stickNode: "absent"}), state: Problem, want: DeviceNotPassed, advice: "hostPath"},
		{name: "card, Kubernetes", files: withCard.with(inPod, files{"/dev/apex_0": "absent"}), state: Problem, want: DeviceNotPassed, advice: "CharDevice"},
		{name: "card, another container", files: withCard.with(files{"/run/systemd/container": "systemd-nspawn", "/dev/apex_0": "absent"}),
			state: Problem, want: DeviceNotPassed, advice: "120:0"},
		{name: "stick, another container", files: withStick.with(files{"/run/systemd/container": "systemd-nspawn", stickNode: "absent"}),
			state: Problem, want: DeviceNotPassed, advice: "189"},
		{name: "device rules of a container", files: withStick.with(inDocker), denied: forbidden, state: Problem, want: DeviceCgroup, fix: []string{"--device-cgroup-rule"}},

		{name: "user not in the group", files: withStick.with(groupOf("plugdev", "")), denied: noRule, state: Problem, want: DevicePermission,
			found: "(-rw-rw----, group plugdev): this user is not in that group", fix: []string{"sudo usermod -aG plugdev anna"}, advice: "Log out"},
		{name: "user in the group since login", files: withStick.with(groupOf("plugdev", "ben,anna")), denied: noRule, state: Problem,
			want: DevicePermission, found: "after login", fix: []string{"newgrp plugdev"}},
		{name: "user in the group all the same", files: withStick.with(groupOf("plugdev", "anna")), denied: noRule,
			options: Options{User: &User{Name: "anna", Groups: currentUser().Groups}}, state: Problem, want: DevicePermission,
			found: "although this process is in that group", fix: []string{"dmesg"}},
		{name: "user without a name", files: withStick.with(groupOf("plugdev", "")), denied: noRule, options: Options{User: &User{}},
			state: Problem, want: DevicePermission, fix: []string{`sudo usermod -aG plugdev "$USER"`}},
		{name: "no udev rule for sticks", files: withStick.with(groupOf("root", "")), denied: noRule, state: Problem, want: DevicePermission,
			found: "no udev rule gives it to a group",
			fix:   []string{USBRules[0], "groupadd -r -f plugdev", "usermod -aG plugdev anna", "udevadm trigger --action=add --subsystem-match=usb"}},
		{name: "no udev rule for cards", files: withCard.with(files{"/etc/group": "root:x:" + ownGroup + ":\napex:x:99:\n"}), denied: noRule,
			state: Problem, want: DevicePermission, fix: []string{PCIRules[0], "usermod -aG apex anna", "--subsystem-match=apex"}},
		{name: "udev rule not applied", files: withStick.with(groupOf("root", ""), files{"/usr/lib/udev/rules.d/60-libedgetpu1-std.rules": strings.Join(USBRules, "\n")}),
			denied: noRule, state: Problem, want: DevicePermission, found: "/usr/lib/udev/rules.d/60-libedgetpu1-std.rules was not applied", fix: []string{"udevadm", "ls -l"}},
		{name: "udev rule in a comment", files: withStick.with(groupOf("root", ""), files{"/etc/udev/rules.d/x.rules": "# " + USBRules[0]}),
			denied: noRule, state: Problem, want: DevicePermission, found: "no udev rule", fix: []string{"tee -a /etc/udev/rules.d/", "groupadd", "usermod", "udevadm"}},
		{name: "permission in Docker", files: withStick.with(inDocker), denied: noRule, state: Problem, want: DevicePermission,
			fix: []string{"docker run --group-add " + ownGroup + " IMAGE"}},
		{name: "permission in Podman", files: withStick.with(inPodman), denied: noRule, state: Problem, want: DevicePermission, fix: []string{"keep-groups"}},
		{name: "permission in Kubernetes", files: withStick.with(inPod), denied: noRule, state: Problem, want: DevicePermission, advice: "supplementalGroups"},
		{name: "permission in LXC", files: withStick.with(inLXC), denied: noRule, state: Problem, want: DevicePermission, advice: "group " + ownGroup},

		{name: "another process", files: withCard.with(files{"/proc/4242/comm": "frigate\n", "/proc/4242/cmdline": "python3\x00-m\x00frigate\x00", "/proc/4242/fd/3": "-> /dev/apex_0"}),
			state: Problem, want: DeviceBusy, found: "4242 (frigate)", fix: []string{"ps -f -p 4242", "sudo kill 4242"}},
		{name: "this program", files: withCard.with(files{"/proc/4242/comm": "edgetpu\n", "/proc/4242/cmdline": "/opt/bin/corallite\x00isolated-child\x00", "/proc/4242/fd/3": "-> /dev/apex_0"}),
			state: Warning, want: DeviceBusy, found: "this program has it already, in process 4242"},

		{name: "card for a virtual machine", files: card.with(files{"/sys/bus/pci/devices/0000:01:00.0/driver": "-> ../../../../bus/pci/drivers/vfio-pci"}),
			state: Problem, want: DriverVFIO, found: "vfio-pci", fix: []string{"driver_override", "/sys/bus/pci/drivers/vfio-pci/unbind", "drivers_probe"}},
		{name: "driver not installed", files: card, state: Problem, want: DriverMissing, fix: []string{"apt install", "gasket-driver", "modprobe apex"}},
		{name: "driver not installed, new kernel", files: card.with(files{"/proc/sys/kernel/osrelease": "6.12.41+deb13-amd64\n"}), state: Problem,
			want: DriverMissing, fix: []string{"apt install", "gasket-driver", "modprobe apex"}, advice: "6.12"},
		{name: "no driver on the host of a container", files: card.with(inDocker), state: Problem, want: DriverMissing, fix: []string{"modprobe apex"}, advice: "On the host"},
		{name: "driver for another kernel", files: card.with(files{"/var/lib/dkms/gasket/1.0/source": "", "/var/lib/dkms/gasket/1.0/build/make.log": "error"}),
			state: Problem, want: DriverNotBuilt, fix: []string{"linux-headers", "dkms autoinstall", "modprobe apex"}, advice: "/var/lib/dkms/gasket/1.0/build/make.log"},
		{name: "driver not loaded", files: card.with(files{moduleFile: "ELF"}), state: Problem, want: DriverNotLoaded, fix: []string{"modprobe apex", "modules-load.d"}},
		{name: "driver forbidden", files: card.with(files{moduleFile: "ELF", "/etc/modprobe.d/blacklist-apex.conf": "blacklist gasket\nblacklist apex\n"}),
			state: Problem, want: DriverNotLoaded, found: "/etc/modprobe.d/blacklist-apex.conf forbids it", fix: []string{"sed", "modprobe", "modules-load.d"}},
		{name: "Secure Boot, unsigned driver", files: card.with(files{moduleFile: "ELF", secureBoot: "\x06\x00\x00\x00\x01", "/proc/keys": "1 asymmetri DKMS module signing key: 1: X509.rsa 1 []\n"}),
			state: Problem, want: DriverUnsigned, fix: []string{"dkms autoinstall", "mokutil --import", "reboot"}, advice: "Enroll MOK"},
		{name: "Secure Boot, driver signed by a key that is not known", files: card.with(files{moduleFile: "ELF~Module signature appended~\n", secureBoot: "\x06\x00\x00\x00\x01"}),
			state: Problem, want: DriverUnsigned, fix: []string{"dkms autoinstall", "mokutil --import", "reboot"}},
		{name: "lockdown", files: card.with(files{moduleFile + ".xz": "xz", "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"}),
			state: Problem, want: DriverUnsigned, fix: []string{"dkms autoinstall", "mokutil --import", "reboot"}},
		{name: "Secure Boot, driver signed", files: card.with(files{moduleFile: "ELF~Module signature appended~\n", secureBoot: "\x06\x00\x00\x00\x01", "/proc/keys": "1 asymmetri DKMS module signing key: 1: X509.rsa 1 []\n"}),
			state: Problem, want: DriverNotLoaded, fix: []string{"modprobe apex", "modules-load.d"}},
		{name: "Secure Boot that is off", files: card.with(files{moduleFile: "ELF", secureBoot: "\x06\x00\x00\x00\x00"}), state: Problem, want: DriverNotLoaded, fix: []string{"modprobe apex", "modules-load.d"}},
		{name: "Secure Boot, unsigned modules load", files: card.with(files{moduleFile: "ELF", secureBoot: "\x06\x00\x00\x00\x01", "/proc/sys/kernel/tainted": "12288\n"}),
			state: Problem, want: DriverNotLoaded, fix: []string{"modprobe apex", "modules-load.d"}},
		{name: "driver that did not take the card", files: card.with(files{"/proc/modules": "apex 28672 0 - Live 0x0\n"}), state: Problem, want: DriverFailed,
			fix: []string{"dmesg", "0000:01:00.0/remove"}, advice: "off and on"},
		{name: "driver on a Raspberry Pi", files: card.with(files{"/sys/module/apex/refcnt": "0\n", "/proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\x00"}),
			state: Problem, want: DriverFailed, fix: []string{"dmesg", "remove", "kernel=kernel8.img"}, advice: "Raspberry Pi 5"},

		{name: "card off the bus", files: withCard.with(files{"/sys/class/apex/apex_0/temp": "-89700\n"}), state: Problem, want: DeviceGone,
			found: "-89.7 °C", fix: []string{"dmesg", "0000:01:00.0/remove"}},
		{name: "card near its first trip point", files: withCard.with(files{"/sys/class/apex/apex_0/temp": "80300\n"}), state: Warning, want: Hot,
			found: "80.3 °C: from 85 °C on", fix: []string{"watch"}, advice: "edgetpu.heat"},

		{name: "USB 2", files: withStick.with(files{stick + "/speed": "480\n"}), state: Warning, want: USB2Link, found: "480 Mbit/s, not 5000", fix: []string{"lsusb -t"}, advice: "USB 3"},
		{name: "DFU in a container with single files", files: withStick.with(fresh, inDocker), state: Warning, want: USBFreshContainer, fix: []string{"-v /dev/bus/usb:/dev/bus/usb"}},
		{name: "DFU in a container with the folder", files: withStick.with(fresh, inDocker, files{"/proc/self/mountinfo": "37 36 0:40 / /dev rw - tmpfs tmpfs rw\n38 37 0:6 /bus/usb /dev/bus/usb rw - devtmpfs udev rw\n"})},
		{name: "DFU in a container with the kernel's folder", files: withStick.with(fresh, inDocker, files{"/proc/self/mountinfo": "37 36 0:40 / /dev rw - devtmpfs udev rw\n"})},
		{name: "DFU in a virtual machine", files: withStick.with(fresh, files{"/proc/cpuinfo": "flags\t\t: fpu hypervisor\n"}), state: Warning, want: USBFreshVM, advice: "both ids"},
		{name: "DFU in a virtual machine on ARM", files: withStick.with(fresh, files{"/sys/class/dmi/id/sys_vendor": "QEMU\n"}), state: Warning, want: USBFreshVM, advice: "both ids"},

		{name: "library missing", files: withStick, library: missingLibrary(), state: Problem, want: LibraryMissing,
			found: "libedgetpu not found: libedgetpu.so.1", fix: []string{"16.0tf2.17.1-"}, advice: "github.com/feranick/libedgetpu/releases"},
		{name: "library missing where it was said to be", files: withStick, library: &library{load: &edgetpu.LoadError{Kind: edgetpu.ErrNotFound, Path: "/opt/libedgetpu.so", Detail: "x"}},
			options: Options{Library: "/opt/libedgetpu.so"}, state: Problem, want: LibraryMissing, fix: []string{"16.0tf2.17.1-"}, advice: "Correct the path"},
		{name: "library unreadable", files: withStick, library: loads(edgetpu.ErrUnreadable), state: Problem, want: LibraryUnreadable, fix: []string{"ls -lL", "chmod a+r /l.so"}},
		{name: "library of another processor", files: withStick, library: loads(edgetpu.ErrWrongArchitecture), state: Problem, want: LibraryArchitecture, fix: []string{"file -L /l.so", "16.0tf"}},
		{name: "no library at all", files: withStick, library: loads(edgetpu.ErrNotLibrary), state: Problem, want: LibraryInvalid, fix: []string{"file -L", "16.0tf"}},
		{name: "library without another", files: withStick, library: loads(edgetpu.ErrMissingDependency), state: Problem, want: LibraryDependency, fix: []string{"libusb", "ldd /l.so"}},
		{name: "library without a function", files: withStick, library: loads(edgetpu.ErrMissingSymbol), state: Problem, want: LibrarySymbol, fix: []string{"file -L", "16.0tf"}},
		{name: "library that does not load", files: withStick, library: loads(edgetpu.ErrLoad), state: Problem, want: LibraryLoad, fix: []string{"file -L", "16.0tf"}},
		{name: "named library missing, no device", files: plain, library: loads(edgetpu.ErrNotFound), options: Options{Library: "/l.so"}, state: Problem, want: LibraryMissing,
			fix: []string{"16.0tf"}, advice: "Correct the path"},
		{name: "a library of another processor, no device", files: plain, library: loads(edgetpu.ErrWrongArchitecture), state: Warning, want: NoDevice, fix: []string{"lsusb"}},

		{name: "library crashes when loaded", files: withStick, library: &library{broken: Trial{At: Loading, Err: died("x")}}, state: Problem, want: LibraryCrash,
			found: "while the library was loaded, the child process that tries libedgetpu died: signal SIGABRT: x", fix: []string{"16.0tf"}},
		{name: "library hangs when listing", files: withStick, library: &library{broken: Trial{At: Listing, Err: &isolate.DeathError{Hung: 15 * time.Second}}},
			state: Problem, want: LibraryHangs, found: "while it listed its devices, the child process that tries libedgetpu did not answer for 15s", fix: []string{"16.0tf"}},
		{name: "library without a version", files: withStick, library: &library{broken: Trial{At: Loading, Err: errOpen}}, state: Problem, want: LibraryLoad, fix: []string{"16.0tf"}},
		{name: "no child process", files: withStick, library: &library{broken: Trial{At: Starting, Err: errOpen}}, state: Warning, want: IsolationMissing},
		{name: "library does not see the stick", files: withStick, library: &library{listed: []edgetpu.Device{}}, state: Problem, want: LibraryBlind, fix: []string{"libusb", "ls -l"}},

		{name: "library and runtime do not pair", files: withStick, library: &library{open: []Trial{{At: Preparing, Err: died("")}}}, state: Problem,
			want: RuntimeMismatch, found: "while the runtime took its delegate, the child process that tries libedgetpu died: signal SIGSEGV", fix: []string{"16.0tf2.17.1-"}},
		{name: "library and runtime do not pair, by the table", files: withStick, library: &library{version: google16, open: []Trial{{At: Opening, Err: died("")}}},
			state: Problem, want: RuntimeMismatch, found: "up to 16.0, go with TensorFlow Lite up to 2.11.1, and this is 2.17.1", fix: []string{"16.0tf"}},
		{name: "library and runtime do not pair, with an error", files: withStick, state: Problem, want: RuntimeMismatch, fix: []string{"16.0tf"},
			library: &library{open: []Trial{{At: Preparing, Err: errUnsupported}}}},
		{name: "delegate refused", files: withStick, library: &library{open: []Trial{{At: Preparing, Err: errOpen}}}, state: Problem, want: DelegateRefused},
		{name: "crash when opening", files: withStick, library: &library{open: []Trial{{At: Opening, Err: died("F usb_driver.cc:857] transfer failed")}}},
			state: Problem, want: LibraryCrash, found: "usb_driver.cc:857", fix: []string{"dmesg", "16.0tf"}, advice: "another cable"},
		{name: "hang when opening", files: withStick, library: &library{open: []Trial{{At: Opening, Err: &isolate.DeathError{Hung: time.Minute}}}}, state: Problem,
			want: LibraryHangs, fix: []string{"dmesg"}, advice: "Plug the stick in again"},
		{name: "crash when ending", files: withStick, library: &library{open: []Trial{{At: Ending, Err: died("")}}}, state: Problem, want: LibraryCrash, fix: []string{"dmesg", "16.0tf"}},
		{name: "does not open", files: withStick, library: &library{open: []Trial{{At: Opening, Err: errOpen}}}, state: Problem, want: DeviceOpen, fix: []string{"dmesg"}, advice: "900 mA"},
		{name: "does not open, fresh", files: withStick.with(fresh), library: &library{open: []Trial{{At: Opening, Err: errOpen}}}, state: Problem, want: DeviceOpen,
			fix: []string{"dmesg"}, advice: "firmware"},
		{name: "card does not open", files: withCard, library: &library{open: []Trial{{At: Opening, Err: errOpen}}}, state: Problem, want: DeviceOpen, fix: []string{"dmesg"}, advice: "off and on"},
		{name: "opens at the second try", files: withStick, library: &library{open: []Trial{{At: Opening, Err: errOpen}, {}}}, state: Warning, want: DeviceSecondTry},
		{name: "trial does not start", files: withStick, library: &library{open: []Trial{{At: Starting, Err: errOpen}}}, state: Warning, want: IsolationMissing},

		{name: "camera", files: withStick.with(files{"/dev/video0": "", "/dev/video1": ""}, groupOf("video", "")),
			denied: map[string]error{"/dev/video0": syscall.EACCES, "/dev/video1": syscall.EACCES}, state: Warning, want: CameraPermission,
			found: "/dev/video0 (-rw-rw----, group video)", fix: []string{"usermod -aG video anna"}},
		{name: "camera in Docker", files: withStick.with(files{"/dev/video0": ""}, inDocker), denied: map[string]error{"/dev/video0": syscall.EACCES},
			state: Warning, want: CameraPermission, fix: []string{"--group-add"}},
		{name: "a damaged file in the model cache", files: withStick, options: Options{Catalogued: []CataloguedFile{
			{Model: "alexa", Path: "/c/alexa.tflite", Err: errOpen, Fix: []string{"corallite models pull alexa"}}, {Model: "x", Path: "/c/x.tflite"},
		}}, state: Warning, want: ModelDamaged, found: errOpen.Error(), fix: []string{"models pull alexa"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := examine(t, c.files, c.denied, c.library, c.options)
			if len(r.Stopped) > 0 {
				t.Errorf("%v is stopped, and nothing is configured", r.Stopped)
			}
			if c.want == "" {
				if r.Cause != nil {
					t.Errorf("cause %+v, want none", r.Cause)
				}
				return
			}
			if r.Cause == nil {
				t.Fatalf("no cause; want %s; findings %+v", c.want, r.Findings)
			}
			if r.Cause.ID != c.want || r.Cause.State != c.state {
				t.Fatalf("cause %s (%s), want %s (%s): %+v", r.Cause.ID, r.Cause.State, c.want, c.state, r.Cause)
			}
			if !strings.Contains(r.Cause.Found, c.found) {
				t.Errorf("found %q, which does not say %q", r.Cause.Found, c.found)
			}
			if !strings.Contains(r.Cause.Advice, c.advice) {
				t.Errorf("advice %q, which does not say %q", r.Cause.Advice, c.advice)
			}
			if len(r.Cause.Fix) != len(c.fix) {
				t.Fatalf("commands %q, want %d", r.Cause.Fix, len(c.fix))
			}
			for i, part := range c.fix {
				if !strings.Contains(r.Cause.Fix[i], part) {
					t.Errorf("command %q does not say %q", r.Cause.Fix[i], part)
				}
			}
			if len(r.Cause.Looked) == 0 || r.Cause.Found == "" || len(r.Cause.Fix) == 0 && r.Cause.Advice == "" {
				t.Errorf("a cause without what was looked at, what was found, or a way out: %+v", r.Cause)
			}
		})
	}
}

func loads(kind error) *library {
	return &library{load: &edgetpu.LoadError{Kind: kind, Path: "/l.so", Detail: "why"}}
}

var google16 = edgetpu.Version{BuildLabel: googleLabel, RuntimeVersion: 14}

var errUnsupported = &textError{"Internal: Unsupported data type in custom op handler: 0"}

type textError struct{ text string }

func (e *textError) Error() string { return e.text }

// TestOneCause is a machine with many problems at once: the one that explains the others is named first, and its
// consequences are not reported as problems of their own.
func TestOneCause(t *testing.T) {
	denied := map[string]error{stickNode: syscall.EACCES}
	for _, c := range []struct {
		name    string
		files   files
		denied  map[string]error
		library *library
		want    []ID // all warnings and problems, the cause first
	}{
		{"neither device nor library", plain, nil, missingLibrary(), []ID{NoDevice}},
		{"no driver and no library", card, nil, missingLibrary(), []ID{DriverMissing, LibraryMissing}},
		{"no permission and no library", withStick, denied, missingLibrary(), []ID{LibraryMissing, DevicePermission}},
		{"no permission for a stick on USB 2", withStick.with(files{stick + "/speed": "480\n"}), denied, nil, []ID{DevicePermission}},
		{"in a container without stick and library", withStick.with(inDocker, files{stickNode: "absent"}), nil, missingLibrary(), []ID{DeviceNotPassed, LibraryMissing}},
		{"stick that does not open and is slow", withStick.with(files{stick + "/speed": "480\n"}), nil, &library{open: []Trial{{At: Opening, Err: errOpen}}}, []ID{DeviceOpen, USB2Link}},
		{"two devices, one denied", withStick.with(withCard), denied, nil, []ID{DevicePermission}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := examine(t, c.files, c.denied, c.library, Options{})
			got := []ID{r.Cause.ID}
			for _, f := range r.Findings {
				if f.ID != "" && f.ID != r.Cause.ID {
					got = append(got, f.ID)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("causes %v, want %v", got, c.want)
			}
		})
	}
}

// TestTriesOnlyWhatIsFree checks on which devices the library is tried.
func TestTriesOnlyWhatIsFree(t *testing.T) {
	l := &library{}
	examine(t, withStick.with(withCard), map[string]error{stickNode: syscall.EACCES}, l, Options{})
	if len(l.attempts) != 2 || l.attempts[0].Device != nil || l.attempts[1].Device == nil || *l.attempts[1].Device != pciDevice {
		t.Errorf("attempts %+v; want one without a device and one on %s", l.attempts, pciDevice)
	}
	l = &library{open: []Trial{{At: Opening, Err: errOpen}}}
	examine(t, withStick, nil, l, Options{})
	if len(l.attempts) != 3 || *l.attempts[2].Device != usbDevice {
		t.Errorf("attempts %+v; want two on %s", l.attempts, usbDevice)
	}
}
