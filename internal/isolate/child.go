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

// CoreEnv, if set to anything, lets children dump core; otherwise they do not.
const CoreEnv = "CORALLITE_CORE"

// Handler runs a kind of child. It serves (Child.Serve) and returns nil at the orderly end. An error ends the child
// too, and becomes the Reason of the parent's DeathError, or part of Start's error.
type Handler func(c *Child) error

// Child is the argument of a Handler.
type Child struct {
	Setup  json.RawMessage // Options.Setup
	Logger *slog.Logger    // its records go to the parent's logger; also slog's default in the child

	confinement Confinement
	greeted     bool
}

// Descriptors and exit codes of a child.
const (
	childOutput = 2 // a pipe to the parent, as 1 is
	childSocket = 3

	exitFailed = 1
	goCrash    = 2 // Go's own: a panic, or a signal in C on a Go thread; also wrong use
)

// In a child, main stays on the process's first thread, which Go guarantees if init asks for it: that thread's name is
// the process's.
func init() {
	if isChild() {
		runtime.LockOSThread()
	}
}

func isChild() bool { return len(os.Args) > 1 && os.Args[1] == marker }

// Main turns the process into a child if Start started it, and then never returns; otherwise it returns at once. It
// must come first in main, and in the TestMain of tests that start children.
func Main(handlers map[string]Handler) {
	if isChild() {
		os.Exit(childMain(handlers))
	}
	mainRan.Store(true)
}

// mainRan is set once this binary can be a child.
var mainRan atomic.Bool

// errNoMain keeps a program whose main does not call Main from running again as its own child.
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

// fromParent returns an error if this process was not started by Start.
func fromParent() error {
	domain, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", childSocket, err)
	}
	kind, err := unix.GetsockoptInt(childSocket, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || domain != unix.AF_UNIX || kind != unix.SOCK_SEQPACKET {
		return fmt.Errorf("descriptor %d is not the parent's socket", childSocket)
	}
	// The creator of the socket pair. If the parent died before the kernel was told to end the child with it, getppid
	// no longer returns it.
	maker, err := unix.GetsockoptUcred(childSocket, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return fmt.Errorf("descriptor %d: %w", childSocket, err)
	}
	if int(maker.Pid) != os.Getppid() {
		return fmt.Errorf("descriptor %d is not the parent's socket, or the parent is gone", childSocket)
	}
	return nil
}

// lifeline ends the process when the parent is gone, whatever other threads are doing: a second way besides the
// kernel's signal.
func lifeline() {
	runtime.LockOSThread()
	// No events are requested: a hang-up is always reported.
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

// settle prepares the process before the Handler runs.
func settle(s setup) error {
	// If it fails, only the name is lost.
	if name, err := unix.BytePtrFromString(threadName(s.Name)); err == nil {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0) // unsafe: prctl(2) reads 16 bytes of it at most
	}
	// The parent decides when the child ends: a service manager signals all processes of a service.
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

// noCore keeps the kernel from dumping this process. A limit of 0 works for files only: a crash handler (core(5),
// "Piping core dumps to a program") would get the whole memory, and hold the dying child that long. The kernel takes 1
// as "not to programs either".
func noCore() error {
	err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1})
	if err == unix.EPERM { // the limit was 0, and only root may raise it
		err = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	}
	return err
}

// threadName fits a name into the kernel's 15 bytes: its end, which says more than its start.
func threadName(name string) string {
	const most = 15
	if len(name) > most {
		name = strings.TrimLeft(name[len(name)-most:], " -:/")
	}
	return name
}

// abortsDie lets abort(3) end the process by its signal. Go's runtime, which does not need SIGABRT itself, would print
// a Go trace and exit with code 2 instead, and bury the last words of the library.
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

// closeInherited closes descriptors that C code in the parent opened without close-on-exec. Go opens its own with it.
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
