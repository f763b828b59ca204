package isolate

import "golang.org/x/sys/unix"

const (
	auditArch    = unix.AUDIT_ARCH_ARM
	foreignCalls = 0
)

var refusedHere = []uint32{
	unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_USELIB, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_CLOCK_SETTIME64, unix.SYS_CLOCK_ADJTIME64,
}
