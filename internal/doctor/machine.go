package doctor

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"corallite/delegate/edgetpu"
)

// machine has the files that the checks read: of this machine, or of a folder that stands for one.
type machine struct {
	edgetpu.System
	files fs.FS // below System.Root
	user  User
}

func newMachine(s edgetpu.System, u *User) machine {
	root := s.Root
	if root == "" {
		root = "/"
	}
	m := machine{System: s, files: os.DirFS(root)}
	if u == nil {
		m.user = currentUser()
	} else {
		m.user = *u
	}
	return m
}

// User is the user who would open the device.
type User struct {
	Name   string // "": unknown
	Groups []int  // of this process
	Root   bool
}

// currentUser is the user of this process.
func currentUser() User {
	u := User{Root: os.Geteuid() == 0}
	if groups, err := os.Getgroups(); err == nil {
		u.Groups = groups
	}
	if !slices.Contains(u.Groups, os.Getegid()) {
		u.Groups = append(u.Groups, os.Getegid())
	}
	if at, err := user.Current(); err == nil {
		u.Name = at.Username
	}
	return u
}

// shellName is the user's name for a command to paste.
func (u User) shellName() string {
	if u.Name == "" {
		return `"$USER"`
	}
	return u.Name
}

// read returns a file's contents, "" if it cannot be read.
func (m machine) read(name string) string {
	b, err := fs.ReadFile(m.files, strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	return string(b)
}

// there reports whether a file exists.
func (m machine) there(name string) bool {
	_, err := fs.Stat(m.files, strings.TrimPrefix(name, "/"))
	return err == nil || errors.Is(err, fs.ErrPermission)
}

// match returns the paths that match any of the patterns, in order.
func (m machine) match(patterns ...string) []string {
	var all []string
	for _, p := range patterns {
		names, _ := fs.Glob(m.files, strings.TrimPrefix(p, "/")) // the patterns are valid
		for _, name := range names {
			all = append(all, "/"+name)
		}
	}
	return all
}

// kernel is the release of the running kernel: "6.12.41+deb13-amd64".
func (m machine) kernel() string { return strings.TrimSpace(m.read("/proc/sys/kernel/osrelease")) }

// kernelAtLeast compares the running kernel's release; false if it is unknown.
func (m machine) kernelAtLeast(major, minor int) bool {
	a, rest, _ := strings.Cut(m.kernel(), ".")
	b, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	return err1 == nil && err2 == nil && (x > major || x == major && y >= minor)
}

// engine is the software that runs a container.
type engine string

const (
	noContainer    engine = ""
	docker         engine = "docker"
	podman         engine = "podman"
	lxc            engine = "lxc"
	kubernetes     engine = "kubernetes"
	otherContainer engine = "container"
)

// container returns the kind of container this is, by the traces that the engines leave.
func (m machine) container() engine {
	groups := m.read("/proc/1/cgroup")
	mark := strings.TrimSpace(m.read("/run/systemd/container"))
	switch {
	case strings.Contains(groups, "kubepods") || m.there("/run/secrets/kubernetes.io") || m.there("/var/run/secrets/kubernetes.io"):
		return kubernetes
	case m.there("/run/.containerenv") || strings.Contains(groups, "libpod") || mark == "podman":
		return podman
	case m.there("/.dockerenv") || strings.Contains(groups, "/docker") || mark == "docker":
		return docker
	case strings.Contains(groups, "/lxc") || mark == "lxc":
		return lxc
	case mark != "" || strings.Contains(groups, "containerd"):
		return otherContainer
	default:
		return noContainer
	}
}

// virtual reports whether this is a virtual machine.
func (m machine) virtual() bool {
	for _, line := range strings.Split(m.read("/proc/cpuinfo"), "\n") {
		if key, flags, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "flags" {
			return slices.Contains(strings.Fields(flags), "hypervisor")
		}
	}
	maker := m.read("/sys/class/dmi/id/sys_vendor") // if the processor does not tell: QEMU on ARM
	return strings.HasPrefix(maker, "QEMU") || strings.HasPrefix(maker, "VMware") || strings.HasPrefix(maker, "innotek")
}

// follows reports whether device files in a folder come and go with the devices: it is the kernel's or the host's own
// folder. In a container that got single files it is not.
func (m machine) follows(folder string) bool {
	for _, line := range strings.Split(m.read("/proc/self/mountinfo"), "\n") {
		// proc_pid_mountinfo(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw"
		left, right, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(left), strings.Fields(right)
		if !ok || len(fields) < 5 || len(kind) == 0 {
			continue
		}
		switch at := fields[4]; {
		case at == "/dev" && kind[0] == "devtmpfs":
			return true
		case at != "/" && at != "/dev" && (at == folder || strings.HasPrefix(folder, at+"/")):
			return true
		}
	}
	return false
}

// group looks up a group's number and members in /etc/group.
func (m machine) group(name string) (id int, members []string, ok bool) {
	for _, line := range strings.Split(m.read("/etc/group"), "\n") {
		fields := strings.Split(line, ":") // group(5): name:password:GID:members
		if len(fields) != 4 || fields[0] != name {
			continue
		}
		id, err := strconv.Atoi(fields[2])
		return id, strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' }), err == nil
	}
	return 0, nil, false
}

// groupName looks up a group's name by its number in /etc/group; the number if it has none.
func (m machine) groupName(n edgetpu.Node) string {
	for _, line := range strings.Split(m.read("/etc/group"), "\n") {
		if fields := strings.Split(line, ":"); len(fields) == 4 && fields[2] == strconv.Itoa(n.GroupID) {
			return fields[0]
		}
	}
	return n.Group
}

// ruleFor returns the first udev rules that mention something.
func (m machine) ruleFor(words ...string) string {
	for _, file := range m.match("/etc/udev/rules.d/*.rules", "/run/udev/rules.d/*.rules", "/usr/local/lib/udev/rules.d/*.rules",
		"/usr/lib/udev/rules.d/*.rules", "/lib/udev/rules.d/*.rules") {
		for _, line := range strings.Split(m.read(file), "\n") {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || !strings.Contains(line, "GROUP") && !strings.Contains(line, "MODE") {
				continue
			}
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return file
			}
		}
	}
	return ""
}
