package isolate

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CoreEnv lets children leave core dumps when it is set to anything; they leave none otherwise.
const CoreEnv = "CORALLITE_CORE"

// Handler is what a kind of child does. It serves (Child.Serve) and returns nil at the orderly end. An error ends
// the child too, and is the Reason of the parent's DeathError, or part of Start's error.
type Handler func(c *Child) error

// Child is what a Handler gets.
type Child struct {
	Setup  json.RawMessage // Options.Setup
	Logger *slog.Logger    // its records go to the parent's logger; it is slog's default one here too

	confinement Confinement
	greeted     bool
}

// Descriptors and exit codes of a child.
const (
	childOutput = 2 // a pipe to the parent, as 1 is
	childSocket = 3

	exitFailed = 1
	goCrash    = 2 // Go's own: a panic, or a signal in C on one of its threads; also wrong use
)

// In a child, main stays on the process's first thread, which Go grants to what asks for it in init: that thread's name
// is the process's.
func init() {
	if isChild() {
		runtime.LockOSThread()
	}
}

func isChild() bool { return len(os.Args) > 1 && os.Args[1] == marker }

// Main turns the process into a child if Start started it, and then never returns; else it returns at once. It must
// be the first thing in main, and in the TestMain of tests that start children.
func Main(handlers map[string]Handler) {
	if isChild() {
		os.Exit(childMain(handlers))
	}
	mainRan.Store(true)
}

// mainRan says that this binary can be a child.
var mainRan atomic.Bool

// errNoMain keeps a program whose main function does not call Main from running again as its own child.
var errNoMain = errors.New("this program cannot be its own child: isolate.Main has not run; call it (corallite.Main does) at the beginning of main, and of TestMain in tests")

func childMain(handlers map[string]Handler) int {
	if err := fromParent(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s is how it starts a part of itself, which cannot be done by hand: %v\n",
			filepath.Base(os.Args[0]), marker, err)
		return goCrash
	}
	go lifeline()
	s, err := receiveSetup()
	if err == nil {
		err = settle(s)
	}
	if err == nil {
		err = handle(s, handlers)
	}
	if err != nil {
		sayEnd(err)
		return exitFailed
	}
	return 0
}

// fromParent says why this process was not started by Start.
func fromParent() error {
	domain, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", childSocket, err)
	}
	kind, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || domain != unix.AF_UNIX || kind != unix.SOCK_SEQPACKET {
		return fmt.Errorf("descriptor %d is not the parent's socket", childSocket)
	}
	// Whoever made the pair. A parent that died before the kernel was told to end the child with it is no longer
	// the one that getppid gives.
	maker, err := unix.GetsockoptUcred(childSocket, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", childSocket, err)
	}
	if int(maker.Pid) != os.Getppid() {
		return fmt.Errorf("descriptor %d is not the parent's socket, or the parent is gone", childSocket)
	}
	return nil
}

// lifeline ends the process when the parent is gone, whatever other threads are doing: the second way, beside the
// signal that the kernel sends.
func lifeline() {
	runtime.LockOSThread()
	// No events are asked for: only the hang-up is told, which is always.
	watched := []unix.PollFd{{Fd: childSocket}}
	for {
		n, err := unix.Poll(watched, -1)
		if n > 0 || err != nil && err != unix.EINTR {
			_ = unix.Kill(unix.Getpid(), unix.SIGKILL)
		}
	}
}

func receiveSetup() (setup, error) {
	var s setup
	var e envelope
	buffer := make([]byte, MaxMessage)
	n, end, err := e.receive(childSocket, buffer, nil, 0)
	switch {
	case err != nil:
		return s, os.NewSyscallError("recvmsg", err)
	case end || !e.header.is(kindSetup, 0) || n > len(buffer):
		return s, errors.New("the parent sent no setup")
	}
	return s, json.Unmarshal(buffer[:n], &s)
}

// settle makes the process a good child before anything of its kind runs.
func settle(s setup) error {
	// Where it fails nothing is lost but a name.
	if name, err := unix.BytePtrFromString(threadName(s.Name)); err == nil {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0) // unsafe: prctl(2) reads 16 bytes of it at most
	}
	// The parent decides when it ends: a service manager signals all processes of a service.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err := abortsDie(); err != nil {
		return err
	}
	if os.Getenv(CoreEnv) == "" {
		if err := noCore(); err != nil {
			return os.NewSyscallError("setrlimit RLIMIT_CORE", err)
		}
	}
	return closeInherited()
}

// noCore keeps the kernel from dumping this process. A limit of 0 would do for files only: a handler of crashes
// (core(5), "Piping core dumps to a program") would get the whole memory, and hold the dying child for that long. The
// kernel takes 1 for "not to programs either".
func noCore() error {
	err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1})
	if err == unix.EPERM { // the limit was 0, and only root may raise it
		err = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	}
	return err
}

// threadName is what fits into the kernel's 15 bytes: the end of a name tells more than its beginning.
func threadName(name string) string {
	const most = 15
	if len(name) > most {
		name = strings.TrimLeft(name[len(name)-most:], " -:/")
	}
	return name
}

// abortsDie lets abort(3) end the process by its signal. Go's runtime, which has no use for SIGABRT itself, would
// print a trace of Go and exit with code 2 instead, and push the last words of the library off the screen.
func abortsDie() error {
	// struct sigaction with SIG_DFL, no flags and an empty mask is all zeros, whatever its layout.
	var action [64]byte
	const setSize = 8
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGABRT),
		uintptr(unsafe.Pointer(&action)), 0, setSize, 0, 0) // unsafe: the kernel reads one struct sigaction
	if errno != 0 {
		return os.NewSyscallError("rt_sigaction", errno)
	}
	return nil
}

// closeInherited closes what C code in the parent opened without the flag that closes it in children. What this
// process opened itself, Go opened with the flag.
func closeInherited() error {
	unix.CloseOnExec(childSocket)
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		var fd int
		if _, err := fmt.Sscan(e.Name(), &fd); err != nil || fd <= childSocket {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
	return nil
}

func handle(s setup, handlers map[string]Handler) error {
	h := handlers[s.Kind]
	if h == nil {
		return fmt.Errorf("this program has no kind of child %q; it has %q", s.Kind, slices.Sorted(maps.Keys(handlers)))
	}
	c := &Child{Setup: s.Setup, Logger: slog.New(newRecordHandler(s.Level))}
	slog.SetDefault(c.Logger)
	c.confinement = confineProcess(s)
	return h(c)
}
