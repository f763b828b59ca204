package isolate

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What every program needs: system libraries and how to find them, time zones, the processors, the process itself.
// /proc is readable as a whole because a process does not know its own id before it exists; Landlock itself limits
// private files in there to processes of the same confinement.
var systemRules = []rule{
	{"/lib", mayLoad}, {"/lib32", mayLoad}, {"/lib64", mayLoad},
	{"/usr/lib", mayLoad}, {"/usr/lib32", mayLoad}, {"/usr/lib64", mayLoad}, {"/usr/local/lib", mayLoad},
	{"/etc/ld.so.cache", mayRead}, {"/etc/ld.so.preload", mayRead},
	{"/etc/localtime", mayRead}, {"/usr/share/zoneinfo", mayRead},
	{"/proc", mayRead}, {"/sys/devices/system/cpu", mayRead}, {"/sys/kernel/mm/transparent_hugepage", mayRead},
	{"/dev/null", mayWriteFile}, {"/dev/zero", mayRead}, {"/dev/random", mayRead}, {"/dev/urandom", mayRead},
}

// rules are what a child that runs a binary may access. env is its environment.
func (s Sandbox) rules(binary string, env []string) []rule {
	all := append(slices.Clone(systemRules), rule{binary, mayLoad})
	for _, v := range env {
		if folders, ok := strings.CutPrefix(v, "LD_LIBRARY_PATH="); ok {
			for _, folder := range filepath.SplitList(folders) {
				all = append(all, rule{folder, mayLoad})
			}
		}
	}
	for _, path := range mappedLibraries() {
		all = append(all, rule{path, mayLoad})
	}
	for _, path := range s.Read {
		all = append(all, rule{path, mayRead})
	}
	for _, path := range s.ReadWrite {
		all = append(all, rule{path, mayWrite})
	}
	return all
}

// mappedLibraries are the files from which this process runs code: its child, the same binary, needs them too.
func mappedLibraries() []string {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil // then the system folders must suffice
	}
	defer f.Close()
	var paths []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// 7f0a1c000000-7f0a1c021000 r-xp 00000000 fe:00 1234    /usr/lib/libx.so.1
		_, path, ok := strings.Cut(lines.Text(), " /")
		if !ok || !strings.Contains(lines.Text()[:len(lines.Text())-len(path)], " r-x") {
			continue
		}
		if path = "/" + path; !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// kept are the capabilities that a child of root keeps: it can read the same files as the parent, as far as the rules
// allow.
const kept = 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH

// dropCapabilities drops all but a few of root's capabilities from this thread. With no new privileges, starting a
// program does not restore them.
func dropCapabilities() error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // 64 capabilities
	if err := unix.Capget(&head, &data[0]); err != nil {
		return os.NewSyscallError("capget", err)
	}
	data[0].Permitted &= kept
	data[0].Effective &= kept
	data[0].Inheritable = 0
	data[1] = unix.CapUserData{}
	return os.NewSyscallError("capset", unix.Capset(&head, &data[0]))
}

// confineThread confines the thread that will start the child, which inherits everything. So nothing in the child ever
// runs unconfined, not even the initialization of libraries.
func (p *Process) confineThread(o Options, binary string) error {
	if o.Sandbox.Off {
		p.confinement.Why = []string{"the sandbox is off"}
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_NO_NEW_PRIVS", err)
	}
	version, err := o.landlockVersion()
	if err == nil {
		err = landlock(version, o.Sandbox.rules(binary, o.Env), o.Sandbox.Network)
	}
	if err == nil {
		p.confinement.Landlock = version
	} else {
		p.confinement.Why = append(p.confinement.Why, fmt.Sprintf("files are not confined: Landlock: %v", err))
	}
	return dropCapabilities()
}

// confineProcess adds the confinement of all threads of the child, and reports what confines it.
func confineProcess(s setup) Confinement {
	var c Confinement
	if !s.Confine {
		return c
	}
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if c.NoNewPrivileges = err == nil && set == 1; !c.NoNewPrivileges {
		c.Why = append(c.Why, fmt.Sprintf("new privileges are possible: prctl PR_GET_NO_NEW_PRIVS: %d, %v", set, err))
	}
	err = confineCalls(s.Network)
	if c.Seccomp = err == nil; !c.Seccomp {
		c.Why = append(c.Why, fmt.Sprintf("system calls are not confined: seccomp: %v", err))
	}
	return c
}
