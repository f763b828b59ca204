package isolate

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock confines a thread, and the programs it starts, to the given files. The rights are those of the kernel's
// Documentation/userspace-api/landlock.rst; a right that the kernel's version does not know cannot be restricted.
const (
	mayReadFile  = unix.LANDLOCK_ACCESS_FS_READ_FILE
	mayRead      = mayReadFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	mayLoad      = mayRead | unix.LANDLOCK_ACCESS_FS_EXECUTE
	mayWriteFile = mayReadFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	mayWrite = mayRead | mayWriteFile | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER
	onlyFiles  = mayLoad | mayWriteFile // rights that a rule for a single file can have
	everyRight = mayWrite | mayLoad | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK
)

// Landlock versions that added something.
const (
	landlockRefer    = 2 // Linux 5.19
	landlockTruncate = 3 // 6.2
	landlockNetwork  = 4 // 6.7
	landlockDevices  = 5 // 6.10
	landlockScopes   = 6 // 6.12
)

// handledFiles are the rights that a version of Landlock can restrict.
func handledFiles(version int) uint64 {
	rights := uint64(everyRight)
	for _, later := range []struct {
		version int
		right   uint64
	}{
		{landlockRefer, unix.LANDLOCK_ACCESS_FS_REFER},
		{landlockTruncate, unix.LANDLOCK_ACCESS_FS_TRUNCATE},
		{landlockDevices, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV},
	} {
		if version < later.version {
			rights &^= later.right
		}
	}
	return rights
}

// landlockVersion asks the kernel. The error is the reason why there is no Landlock.
func landlockVersion() (int, error) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
		return int(version), nil
	case unix.ENOSYS:
		return 0, errors.New("this kernel has none; Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK has")
	case unix.EOPNOTSUPP:
		return 0, errors.New("it is off; the kernel's parameter lsm= turns it on")
	}
	return 0, os.NewSyscallError("landlock_create_ruleset", errno)
}

// rule is a path and what is allowed at and below it.
type rule struct {
	path   string
	rights uint64
}

// landlock confines this thread to the rules. Paths that cannot be opened are skipped.
func landlock(version int, rules []rule, network bool) error {
	handled := handledFiles(version)
	attr := unix.LandlockRulesetAttr{Access_fs: handled}
	if version >= landlockNetwork && !network {
		attr.Access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= landlockScopes {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	// unsafe: the kernel reads attr. Fields that it does not know are zero, which it allows.
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return os.NewSyscallError("landlock_create_ruleset", errno)
	}
	defer unix.Close(int(fd))
	for _, r := range rules {
		if err := addRule(int(fd), r, handled); err != nil {
			return err
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return os.NewSyscallError("landlock_restrict_self", errno)
	}
	return nil
}

func addRule(ruleset int, r rule, handled uint64) error {
	at, err := unix.Open(r.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // no rule is needed for what does not exist, or what not even the parent may open
	}
	defer unix.Close(at)
	var s unix.Stat_t
	if err := unix.Fstat(at, &s); err != nil {
		return fmt.Errorf("%s: %w", r.path, os.NewSyscallError("fstat", err))
	}
	rights := r.rights & handled
	if s.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= onlyFiles &^ unix.LANDLOCK_ACCESS_FS_READ_DIR
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(at)}
	// unsafe: the kernel reads attr; its own packed struct is a prefix of it.
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("%s: %w", r.path, os.NewSyscallError("landlock_add_rule", errno))
	}
	return nil
}
