package isolate

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// refused are system calls that running models and reading cameras do not need, and that a hijacked process would start
// with: other processes, other programs, mounts and namespaces, the kernel's keys, modules and clocks. They fail with
// EPERM. io_uring is among them because it can open sockets past this filter.
var refused = append([]uint32{
	unix.SYS_EXECVE, unix.SYS_EXECVEAT,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE,
	unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT, unix.SYS_MOUNT, unix.SYS_UMOUNT2,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR, unix.SYS_MOUNT_SETATTR,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
	unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT,
	unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_SYSLOG, unix.SYS_ACCT, unix.SYS_VHANGUP,
}, refusedHere...)

// Offsets in struct seccomp_data of linux/seccomp.h. An argument has 64 bits; the kernel evaluates the lower half of
// those checked here, which comes first on every machine that has a filter.
const (
	dataCall     = 0
	dataArch     = 4
	dataFirstArg = 16
)

// filter is the seccomp program: refused calls, permitted sockets, and new threads only within this process. Everything
// else is allowed at no cost: the kernel caches which calls are always allowed.
func filter(arch uint32, network bool) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		above = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		bits  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
	)
	allow := unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW}
	refuse := func(e unix.Errno) unix.SockFilter {
		return unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(e)}
	}
	var f []unix.SockFilter
	// when adds the instructions for a true test; a false test skips them.
	when := func(test uint16, k uint32, then ...unix.SockFilter) {
		f = append(append(f, unix.SockFilter{Code: test, Jf: uint8(len(then)), K: k}), then...)
	}
	arg := func(n uint32) unix.SockFilter { return unix.SockFilter{Code: load, K: dataFirstArg + 8*n} }

	f = append(f, unix.SockFilter{Code: load, K: dataArch})
	when(equal, arch, unix.SockFilter{Code: load, K: dataCall}, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: 1})
	f = append(f, refuse(unix.EPERM)) // calls of another architecture, such as 32-bit ones on amd64
	if foreignCalls != 0 {
		when(above, foreignCalls, refuse(unix.EPERM))
	}
	for _, call := range refused {
		when(equal, call, refuse(unix.EPERM))
	}
	// The arguments of clone3 are in memory, where no filter can look; libraries fall back to clone if the kernel
	// reports clone3 as missing.
	when(equal, unix.SYS_CLONE3, refuse(unix.ENOSYS))

	families := []uint32{unix.AF_UNIX, unix.AF_NETLINK}
	if network {
		families = append(families, unix.AF_INET, unix.AF_INET6)
	}
	socket := []unix.SockFilter{arg(0)}
	for _, family := range families {
		socket = append(socket, unix.SockFilter{Code: equal, Jf: 1, K: family}, allow)
	}
	when(equal, unix.SYS_SOCKET, append(socket, refuse(unix.EPERM))...)

	when(equal, unix.SYS_CLONE, arg(0), unix.SockFilter{Code: bits, Jf: 1, K: unix.CLONE_THREAD}, allow, refuse(unix.EPERM))
	return append(f, allow)
}

// confineCalls applies the filter to all threads of the process.
func confineCalls(network bool) error {
	if auditArch == 0 {
		return fmt.Errorf("there is no filter for %s", runtime.GOARCH)
	}
	f := filter(auditArch, network)
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	// Without SPEC_ALLOW older kernels (Linux 4.17 to 5.15) enable mitigations that slow down the whole process.
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
	for {
		// unsafe: the kernel reads program and its instructions.
		thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
		runtime.KeepAlive(f)
		switch {
		case errno == unix.EINVAL && flags&unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW != 0:
			flags &^= unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW
		case errno == unix.ENOSYS || errno == unix.EINVAL:
			return errors.New("this kernel has none; Linux 3.17 or newer with CONFIG_SECCOMP_FILTER has")
		case errno != 0:
			return os.NewSyscallError("seccomp", errno)
		case thread != 0:
			return fmt.Errorf("thread %d has a filter of its own", thread)
		default:
			return nil
		}
	}
}
