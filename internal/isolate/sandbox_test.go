package isolate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

// attempts are what a sandboxed child tries.
type attempts struct {
	Read  []string // files and folders
	Write []string // files
}

// outcome is the result of an attempt: "" if it worked, else the name of the error.
type outcome struct {
	Files   map[string]string
	Calls   map[string]string
	Threads int
	Status  map[string]string // lines of /proc/self/task/N/status where any thread has another value than expected
}

// earlyThread runs functions on a thread that existed before the child was confined.
var earlyThread = make(chan func())

func startEarlyThread() {
	go func() {
		runtime.LockOSThread()
		for f := range earlyThread {
			f()
		}
	}()
	earlyThread <- func() {} // now it is there
}

// tries performs the requested attempt on the early thread and answers with an outcome.
func tries(c *isolate.Child) error {
	return c.Serve(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		var a attempts
		if err := json.Unmarshal(request, &a); err != nil {
			return 0, err
		}
		var o outcome
		done := make(chan struct{})
		earlyThread <- func() {
			defer close(done)
			o = a.try()
		}
		<-done
		text, err := json.Marshal(o)
		return copy(reply, text), err
	})
}

func name(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return ""
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

func (a attempts) try() outcome {
	o := outcome{Files: map[string]string{}, Calls: map[string]string{}, Status: map[string]string{}}
	for _, path := range a.Read {
		f, err := os.Open(path)
		if err == nil {
			_, _ = f.Read(make([]byte, 1))
			_ = f.Close()
		}
		o.Files[path] = name(err)
	}
	for _, path := range a.Write {
		o.Files[path] = name(os.WriteFile(path, []byte("x"), 0o600))
	}
	for call, do := range map[string]func() error{
		"socket unix":    trySocket(unix.AF_UNIX, unix.SOCK_STREAM),
		"socket netlink": trySocket(unix.AF_NETLINK, unix.SOCK_DGRAM),
		"socket inet":    trySocket(unix.AF_INET, unix.SOCK_STREAM),
		"socket inet6":   trySocket(unix.AF_INET6, unix.SOCK_DGRAM),
		"socket packet":  trySocket(unix.AF_PACKET, unix.SOCK_RAW),
		"execve":         tryCall(unix.SYS_EXECVE),
		"fork":           tryCall(unix.SYS_CLONE, unix.CLONE_SIGHAND),
		"clone3":         tryCall(unix.SYS_CLONE3),
		"ptrace":         tryCall(unix.SYS_PTRACE, impossible),
		"mount":          tryCall(unix.SYS_MOUNT),
		"unshare":        tryCall(unix.SYS_UNSHARE, 1),
		"bpf":            tryCall(unix.SYS_BPF, impossible),
		"io_uring":       tryCall(unix.SYS_IO_URING_SETUP),
		"init_module":    tryCall(unix.SYS_INIT_MODULE),
		"kexec":          tryCall(unix.SYS_KEXEC_LOAD, 0, impossible),
		"kill parent":    func() error { return unix.Kill(os.Getppid(), 0) },
		"kill itself":    func() error { return unix.Kill(os.Getpid(), 0) },
	} {
		o.Calls[call] = name(do())
	}
	threads, _ := filepath.Glob("/proc/self/task/*/status")
	o.Threads = len(threads)
	for _, path := range threads {
		status, _ := os.ReadFile(path)
		for line := range strings.Lines(string(status)) {
			key, value, _ := strings.Cut(line, ":")
			switch value = strings.TrimSpace(value); key {
			case "NoNewPrivs", "Seccomp", "CapEff", "CapPrm":
				if old, ok := o.Status[key]; ok && old != value {
					value = "differs between threads"
				}
				o.Status[key] = value
			}
		}
	}
	return o
}

func trySocket(family, kind int) func() error {
	return func() error {
		fd, err := unix.Socket(family, kind, 0)
		if err == nil {
			_ = unix.Close(fd)
		}
		return err
	}
}

const impossible = 1 << 30

// tryCall makes a system call with arguments that no kernel accepts, so that it does nothing if it is allowed, and its
// error distinguishes the kernel's refusal from the filter's.
func tryCall(call uintptr, args ...uintptr) func() error {
	return func() error {
		var a [6]uintptr
		copy(a[:], args)
		if _, _, errno := unix.RawSyscall6(call, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
			return errno
		}
		return nil
	}
}

func try(t *testing.T, p *isolate.Process, a attempts) outcome {
	t.Helper()
	request, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(t.Context(), request, reply, isolate.CallOptions{Deadline: long})
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	if err := json.Unmarshal(reply[:n], &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// files are a readable folder, a writable one, and an inaccessible one, each with a file.
func files(t *testing.T) (read, write, outside string) {
	t.Helper()
	top := t.TempDir()
	for _, folder := range []string{"read", "write", "outside"} {
		if err := os.Mkdir(filepath.Join(top, folder), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, folder, "file"), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(top, "read"), filepath.Join(top, "write"), filepath.Join(top, "outside")
}

func TestSandboxCalls(t *testing.T) {
	for _, network := range []bool{false, true} {
		p := start(t, isolate.Options{Kind: "tries", Sandbox: isolate.Sandbox{Network: network}})
		c := p.Confinement()
		if !c.NoNewPrivileges || !c.Seccomp {
			t.Fatalf("confinement %+v", c)
		}
		o := try(t, p, attempts{})
		inet := "EPERM"
		if network {
			inet = ""
		}
		want := map[string]string{
			"socket unix": "", "socket netlink": "", "socket inet": inet, "socket inet6": inet, "socket packet": "EPERM",
			"execve": "EPERM", "fork": "EPERM", "clone3": "ENOSYS", "ptrace": "EPERM", "mount": "EPERM", "unshare": "EPERM",
			"bpf": "EPERM", "io_uring": "EPERM", "init_module": "EPERM", "kexec": "EPERM", "kill itself": "",
		}
		if c.Landlock >= 6 {
			want["kill parent"] = "EPERM"
		}
		for call, w := range want {
			if got := o.Calls[call]; got != w {
				t.Errorf("network %v: %s gives %q, want %q", network, call, got, w)
			}
		}
		if o.Threads < 3 || o.Status["NoNewPrivs"] != "1" || o.Status["Seccomp"] != "2" {
			t.Errorf("%d threads with %v", o.Threads, o.Status)
		}
		var effective uint64
		if _, err := fmt.Sscanf(o.Status["CapEff"], "%x", &effective); err != nil {
			t.Error(err)
		}
		if effective&^(1<<unix.CAP_DAC_OVERRIDE|1<<unix.CAP_DAC_READ_SEARCH) != 0 {
			t.Errorf("the child has capabilities %x", effective)
		}
	}
}

func TestSandboxFiles(t *testing.T) {
	read, write, outside := files(t)
	one := filepath.Join(outside, "file")
	p := start(t, isolate.Options{Kind: "tries", Sandbox: isolate.Sandbox{
		Read: []string{read, filepath.Join(t.TempDir(), "not there")}, ReadWrite: []string{write, "/dev/full"},
	}})
	if p.Confinement().Landlock == 0 {
		t.Skipf("this kernel cannot confine files: %v", p.Confinement().Why)
	}
	a := attempts{
		Read: []string{read, read + "/file", write, write + "/file", outside, one, "/etc/passwd", "/", "/proc/self/status",
			fmt.Sprintf("/proc/%d/environ", os.Getpid())},
		Write: []string{read + "/new", write + "/new", outside + "/new", "/dev/shm/isolate-test", "/dev/full"},
	}
	o := try(t, p, a)
	for path, want := range map[string]string{
		read: "", read + "/file": "", write: "", write + "/file": "", outside: "EACCES", one: "EACCES",
		"/etc/passwd": "EACCES", "/": "EACCES", "/proc/self/status": "",
		fmt.Sprintf("/proc/%d/environ", os.Getpid()): "EACCES",
		read + "/new": "EACCES", write + "/new": "", outside + "/new": "EACCES", "/dev/shm/isolate-test": "EACCES",
		"/dev/full": "ENOSPC",
	} {
		if got := o.Files[path]; got != want {
			t.Errorf("%s gives %q, want %q", path, got, want)
		}
	}
}

// TestNoLandlock simulates a kernel without Landlock, and all older versions.
func TestNoLandlock(t *testing.T) {
	read, _, outside := files(t)
	options := isolate.Options{Kind: "tries", Sandbox: isolate.Sandbox{Read: []string{read}}}
	a := attempts{Read: []string{read + "/file", outside + "/file"}}

	p := start(t, isolate.WithLandlock(options, 0, errors.New("not built in")))
	c := p.Confinement()
	if c.Landlock != 0 || !c.NoNewPrivileges || !c.Seccomp || len(c.Why) != 1 || !strings.Contains(c.Why[0], "not built in") {
		t.Errorf("confinement %+v", c)
	}
	if o := try(t, p, a); o.Files[outside+"/file"] != "" {
		t.Errorf("confined all the same: %v", o.Files)
	}

	newest := start(t, options).Confinement().Landlock
	for version := 1; version < newest; version++ {
		p := start(t, isolate.WithLandlock(options, version, nil))
		if c := p.Confinement(); c.Landlock != version || len(c.Why) != 0 {
			t.Errorf("confinement %+v", c)
		}
		if o := try(t, p, a); o.Files[read+"/file"] != "" || o.Files[outside+"/file"] != "EACCES" {
			t.Errorf("version %d: %v", version, o.Files)
		}
	}
}

func TestSandboxOff(t *testing.T) {
	p := start(t, isolate.Options{Kind: "tries", Sandbox: isolate.Sandbox{Off: true}})
	if c := p.Confinement(); c.NoNewPrivileges || c.Seccomp || c.Landlock != 0 || len(c.Why) == 0 {
		t.Errorf("confinement %+v", c)
	}
	o := try(t, p, attempts{Read: []string{"/etc/passwd"}})
	if o.Files["/etc/passwd"] != "" {
		t.Errorf("%v", o.Files)
	}
	for call, want := range map[string]string{"socket inet": "", "execve": "EFAULT", "fork": "EINVAL"} {
		if got := o.Calls[call]; got != want {
			t.Errorf("%s gives %q, want %q", call, got, want)
		}
	}
}

// TestParentUnconfined checks that the parent stays unconfined.
func TestParentUnconfined(t *testing.T) {
	if err := start(t, isolate.Options{Kind: "echo"}).Close(); err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status") // the first thread's
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "NoNewPrivs:") && strings.TrimSpace(line[len("NoNewPrivs:"):]) != "0" {
			t.Errorf("the first thread has %s", line)
		}
	}
	if _, err := os.Stat("/etc/passwd"); err != nil {
		t.Error(err)
	}
}
